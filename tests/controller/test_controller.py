import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import (
    ControllerError,
    EditError,
    GanWidgetsError,
    LatentsError,
    UnknownLayerError,
)
from tests.controller.looking import by_hand, state


def test_images_are_the_model_on_the_seeds(lab, model):
    assert lab.images.shape == (5, 1, 14, 10)
    assert torch.equal(lab.images, by_hand(model, range(5)))
    assert lab.images is lab.baseline


def test_edits_reach_the_images_and_leave_the_baseline(lab, model):
    lab.edits = [gw.Ablate("3", units=[1, 6])]
    torch.testing.assert_close(lab.images, by_hand(model, range(5), units=(1, 6)))
    assert torch.equal(lab.baseline, by_hand(model, range(5)))
    assert lab.edits == (gw.Ablate("3", units=[1, 6]),)


def test_activations_are_those_of_the_layer_under_the_committed_edits(lab):
    plain = lab.activations.clone()
    assert plain.shape == (5, 8, 7, 5)
    lab.edits = [gw.Ablate("3", units=[2])]
    assert torch.equal(lab.activations[:, [0, 1, 3]], plain[:, [0, 1, 3]])
    assert not lab.activations[:, 2].any()


def test_a_preview_shows_images_without_touching_edits_or_activations(lab, model):
    plain = lab.activations
    lab.preview([gw.Ablate("3", units=[0])])
    torch.testing.assert_close(lab.images, by_hand(model, range(5), units=(0,)))
    assert lab.edits == ()
    assert lab.pending == (gw.Ablate("3", units=[0]),)
    assert lab.activations is plain
    assert not lab.status.can_undo
    lab.preview(None)
    assert lab.pending is None
    assert torch.equal(lab.images, by_hand(model, range(5)))


def test_activations_downstream_and_upstream_of_an_edit(lab, model):
    lab.edits = [gw.Ablate("3", units=[0, 1])]
    lab.layer = "5"
    with gw.intervene(model, lab.edits), gw.capture(model, ["5"]) as acts, torch.no_grad():
        model(gw.normal(6)(range(5)))
    torch.testing.assert_close(lab.activations, acts["5"])
    lab.layer = "1"
    assert torch.equal(lab.activations, model[1](model[0](gw.normal(6)(range(5)))))


def test_edits_on_several_layers_are_applied_where_they_belong(lab, model):
    edits = [
        gw.Ablate("5", units=[4]),
        gw.Scale("3", units=[0], factor=3.0),
        gw.Ablate("2", units=[7], strength=0.5),
    ]
    lab.edits = edits
    with gw.intervene(model, edits), torch.no_grad():
        expected = model(gw.normal(6)(range(5)))
    torch.testing.assert_close(lab.images, expected)


def test_a_layer_change_clears_the_selection_and_ends_a_preview(lab, model):
    lab.selection = [4, 2]
    lab.preview([gw.Ablate("3", units=[0])])
    lab.layer = "5"
    assert (lab.layer, lab.selection, lab.pending, lab.info.units) == ("5", (), None, 5)
    assert lab.activations.shape == (5, 5, 14, 10)
    assert torch.equal(lab.images, by_hand(model, range(5)))


def test_new_seeds_give_new_samples_under_the_same_edits(lab, model):
    lab.edits = [gw.Ablate("3", units=[5])]
    lab.seeds = [7, 2**32 - 1]
    assert lab.seeds == (7, 2**32 - 1)
    torch.testing.assert_close(lab.images, by_hand(model, [7, 2**32 - 1], units=(5,)))
    assert lab.activations.shape == (2, 8, 7, 5)


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("layer", "33", UnknownLayerError, "'3'"),
        ("layer", 3.5, GanWidgetsError, "3.5"),
        ("seeds", [], LatentsError, "non-empty"),
        ("seeds", [-1], LatentsError, "-1"),
        ("seeds", 7, LatentsError, "7"),
        ("edits", [gw.Ablate("3", units=[8])], EditError, "8"),
        ("edits", [gw.Ablate("9", units=[0])], UnknownLayerError, "'9'"),
        ("edits", [gw.Insert("3", units=[1], value=1e300)], EditError, "value of size 1e+300"),
        ("edits", [gw.Ablate("5", units=[1, 2], value=(-1e39, 1.0))], EditError, "value of size 1e+39"),
        ("edits", [gw.Scale("3", units=[1], factor=1e300, strength=0.5)], EditError, "to 3.40282e+38"),
        ("edits", ["zero"], EditError, "'zero'"),
        ("edits", None, EditError, "None"),
        ("edits", 3, EditError, "3"),
        ("selection", [8], ControllerError, "from 0 to 7"),
        ("selection", [True], ControllerError, "True"),
        ("selection", "ab", ControllerError, "'ab'"),
        ("selection", None, ControllerError, "None"),
        ("concept", 3, ControllerError, "3"),
    ],
)
def test_an_invalid_assignment_says_what_is_allowed_and_changes_nothing(lab, name, value, error, words):
    lab.edits = [gw.Ablate("3", units=[1])]
    lab.selection = [2]
    before, images = state(lab), lab.images
    with pytest.raises(error) as raised:
        setattr(lab, name, value)
    text = str(raised.value)
    assert words in text
    assert all(part in text for part in ("got:", "allowed:", "next:"))
    assert state(lab) == before
    assert lab.images is images


def test_outputs_cannot_be_assigned(lab):
    with pytest.raises(ControllerError, match="images is shown by a Controller, not set"):
        lab.images = torch.zeros(1)
    with pytest.raises(ControllerError, match=r"next: Assign one of: .*edits"):
        lab.status = None


def test_what_it_was_attached_with_cannot_be_assigned(lab, model):
    for name in ("model", "latents", "mode", "range", "discriminator", "closed"):
        with pytest.raises(ControllerError, match=f"{name} is shown by a Controller"):
            setattr(lab, name, None)
    assert (lab.model, lab.mode, lab.range, lab.closed) == (model, "eval", (-1.0, 1.0), False)


def test_a_misspelt_trait_is_refused_with_the_nearest(lab):
    with pytest.raises(AttributeError, match=r"has no 'edit'(.|\n)*nearest are edits"):
        lab.edit = []


def test_observers_see_a_whole_state(lab):
    seen = []
    lab.observe(
        lambda change: seen.append((change.name, len(lab.edits), len(lab.images))), ["edits", "images"]
    )
    lab.edits = [gw.Ablate("3", units=[1])]
    assert seen == [("edits", 1, 5), ("images", 1, 5)]


def test_one_failing_observer_does_not_starve_the_others(lab):
    seen = []

    def fail(change):
        raise KeyError("mine")

    lab.observe(fail, "edits")
    lab.observe(lambda change: seen.append(change.name), "images")
    with pytest.raises(KeyError, match="mine"):
        lab.edits = [gw.Ablate("3", units=[1])]
    assert seen == ["images"]
    assert len(lab.edits) == 1


def test_an_observer_may_assign(lab):
    lab.observe(lambda change: setattr(lab, "selection", [3]), "layer")
    lab.layer = "5"
    assert lab.selection == (3,)


def test_undo_and_redo_go_through_whole_assignments(lab):
    one, two = (gw.Ablate("3", units=[1]),), (gw.Ablate("3", units=[1, 2]),)
    plain = lab.images
    lab.edits = one
    for strength in (0.1, 0.5, 0.9):
        lab.preview([gw.Ablate("3", units=[2], strength=strength)])
    lab.edits = two
    lab.undo()
    assert lab.edits == one
    assert lab.status.can_undo
    assert lab.status.can_redo
    lab.undo()
    assert lab.edits == ()
    assert torch.equal(lab.images, plain)
    assert not lab.status.can_undo
    lab.undo()
    assert lab.edits == ()
    lab.redo()
    lab.redo()
    lab.redo()
    assert lab.edits == two
    assert not lab.status.can_redo
    lab.undo()
    lab.edits = (gw.Ablate("3", units=[7]),)
    assert not lab.status.can_redo


def test_assigning_the_same_edits_is_no_step(lab):
    lab.edits = [gw.Ablate("3", units=[1])]
    lab.preview([gw.Ablate("3", units=[2])])
    lab.edits = [gw.Ablate("3", units=[1])]
    assert lab.pending is None
    lab.undo()
    assert lab.edits == ()


def test_a_recipe_replays_to_the_same_bits(lab, model):
    lab.edits = [gw.Ablate("3", units=[1, 5], value="mean"), gw.Scale("5", units=[0], factor=2.0)]
    lab.seeds = [3, 9, 1]
    recipe, images = lab.recipe(), lab.images.clone()
    again = gw.Recipe.from_json(recipe.to_json())
    torch.testing.assert_close(again.replay(model), images)
    lab.edits, lab.seeds = [], [0]
    torch.testing.assert_close(lab.replay(again), images, rtol=0, atol=0)
    assert lab.edits == recipe.edits
    assert lab.seeds == (3, 9, 1)
    lab.undo()
    assert lab.edits == ()


def test_a_recipe_of_other_weights_is_refused_and_changes_nothing(lab, model):
    recipe = lab.recipe()
    lab.edits = [gw.Ablate("3", units=[1])]
    with torch.no_grad():
        model[0].weight += 0.5
    with pytest.raises(GanWidgetsError, match="weights"):
        lab.replay(recipe)
    assert len(lab.edits) == 1


def test_refresh_shows_the_new_weights(lab, model):
    lab.edits = [gw.Ablate("3", units=[1], value="mean")]
    old = lab.images.clone()
    with torch.no_grad():
        model[0].weight.mul_(2)
    lab.refresh()
    assert not torch.equal(lab.images, old)
    with gw.intervene(model, lab.edits, latents=lab.latents, seeds=lab.seeds), torch.no_grad():
        torch.testing.assert_close(lab.images, model(lab.latents(lab.seeds)))
    assert torch.equal(lab.baseline, by_hand(model, range(5)))
