import copy
import gc
import random
import threading
import weakref

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import (
    ControllerError,
    EditError,
    GanWidgetsError,
    HookFailedError,
    LatentsError,
    RenderError,
    UnknownLayerError,
)

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def hooks(model):
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in HOOKS)


def by_hand(model, seeds, units=(), layer=3):
    """The plain modules, with some units of a layer set to zero."""
    h = gw.normal(6)(seeds)
    with torch.no_grad():
        for k, module in enumerate(model):
            h = copy.deepcopy(module)(h.clone())
            if k == layer and units:
                h = h.clone()
                h[:, list(units)] = 0
    return h


def state(lab):
    return {
        name: getattr(lab, name)
        for name in ("layer", "seeds", "edits", "selection", "concept", "pending", "error")
    }


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


class Moody(nn.Module):
    """Fails when told to."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3 * 4 * 5), nn.Unflatten(1, (3, 4, 5))
        )
        self.angry = False

    def forward(self, z):
        if self.angry:
            raise ZeroDivisionError("not in the mood")
        return self.net(z)


class Late(Moody):
    """Fails in the part after the layer."""

    def forward(self, z):
        h = self.net[1](self.net[0](z))
        if self.angry:
            raise ZeroDivisionError("not in the mood")
        return self.net[3](self.net[2](h))


@pytest.mark.parametrize("kind", [Moody, Late])
def test_a_failed_render_is_raised_shown_and_cleared_by_a_good_one(kind):
    model = kind()
    with gw.attach(model, latents=gw.normal(6), layer="net.1", samples=3) as lab:
        images = lab.images
        model.angry = True
        try:
            with pytest.raises(RenderError) as raised:
                lab.refresh()
        except pytest.fail.Exception:
            assert lab.status.how != "full"  # the plain modules were run, which are not in a mood
            return
        text = str(raised.value)
        assert "ZeroDivisionError: not in the mood" in text
        assert all(part in text for part in ("got:", "allowed:", "next:"))
        assert lab.error == text
        assert lab.images is images
        assert lab.edits == ()
        with pytest.raises(RenderError):
            lab.edits = [gw.Ablate("net.1", units=[0])]
        assert lab.edits == ()
        assert not lab.status.can_undo
        model.angry = False
        lab.edits = [gw.Ablate("net.1", units=[0])]
        assert lab.error == ""
        assert len(lab.edits) == 1


def test_attaching_costs_one_forward_beside_the_self_check(model):
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    gw.layers(model, gw.normal(6))
    probe, calls[:] = len(calls), []
    gw.split(model, "3", gw.normal(6))
    check, calls[:] = len(calls), []
    with gw.attach(model, latents=gw.normal(6), layer="3"):
        assert probe == 1
        assert len(calls) == probe + check


def test_a_wrapper_that_hides_the_hooks_of_its_model_is_refused_by_name(model):
    class Wrapper(nn.DataParallel):
        def forward(self, z):
            return torch.zeros(len(z), 1, 4, 6)

    with pytest.raises(HookFailedError, match=r"not through these layers' hooks(.|\n)*'3'"):
        gw.attach(Wrapper(model), latents=gw.normal(6), layer="3")


def test_nothing_is_rendered_before_it_is_wanted(lab):
    assert "images" not in lab._trait_values
    assert lab.status.ms > 0
    assert "images" in lab._trait_values


def test_the_repr_says_what_was_found(lab):
    text = repr(lab)
    assert text.startswith("Controller(Sequential)\n")
    for words in ("8 ran", "'3': ReLU, 8 units of 7×5", "normal", "sequential", "for 5 samples", "eval mode"):
        assert words in text, text
    assert " ms " in text


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (
            [
                nn.Linear(6, 350),
                nn.Unflatten(1, (10, 7, 5)),
                nn.ReLU(),
                nn.Conv2d(10, 9, 1),
                nn.ReLU(),
                nn.Conv2d(9, 1, 1),
            ],
            "4",
        ),
        ([nn.Linear(6, 350), nn.Unflatten(1, (10, 7, 5)), nn.Conv2d(10, 9, 1), nn.Conv2d(9, 1, 1)], "2"),
        ([nn.Linear(6, 30), nn.ReLU(), nn.Linear(30, 40), nn.LeakyReLU(), nn.Linear(40, 49), nn.Tanh()], "3"),
        ([nn.Linear(6, 49)], "0"),
    ],
)
def test_the_layer_taken_without_asking_is_the_middle_of_the_best_kind(modules, expected):
    with gw.attach(nn.Sequential(*modules), latents=gw.normal(6)) as lab:
        assert lab.layer == expected


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"samples": 0}, "samples"),
        ({"samples": 2.5}, "2.5"),
        ({"mode": "test"}, "'test'"),
        ({"range": (1, -1)}, r"\(1, -1\)"),
        ({"range": (0, float("inf"))}, "inf"),
        ({"range": 3}, "3"),
        ({"layer": "nope"}, "nope"),
    ],
)
def test_attach_refuses_what_it_cannot_show(model, keywords, words):
    with pytest.raises(GanWidgetsError, match=words) as raised:
        gw.attach(model, latents=gw.normal(6), **keywords)
    assert "next:" in str(raised.value)


def test_train_mode_uses_the_statistics_of_the_batch_and_keeps_the_running_ones(model):
    with gw.attach(model, latents=gw.normal(6), layer="3", samples=4, mode="train") as lab:
        before = copy.deepcopy(model.state_dict())
        live = copy.deepcopy(model).train()
        with torch.no_grad():
            torch.testing.assert_close(lab.images, live(gw.normal(6)(range(4))))
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        assert not any(module.training for module in model.modules())
        assert lab.recipe().mode == "train"


def test_a_closed_controller_refuses_changes_and_keeps_its_pictures(lab):
    images = lab.images
    lab.observe(print, "images")
    lab.close()
    lab.close()
    assert lab.images is images
    assert lab.closed
    for change in (lambda: setattr(lab, "edits", []), lambda: lab.preview([]), lab.undo, lab.refresh):
        with pytest.raises(ControllerError, match="this controller is closed"):
            change()
    assert not lab._trait_notifiers
    assert "closed" in repr(lab)


def test_attaching_and_closing_leaves_the_model_as_it_was(model):
    model.train()
    model[2].eval()
    z = gw.normal(6)(range(3))

    def fingerprint():
        with torch.no_grad():
            output = copy.deepcopy(model)(z)
        return (
            {name: value.clone() for name, value in model.state_dict().items()},
            output,
            hooks(model),
            [module.training for module in model.modules()],
            torch.get_rng_state(),
            np.random.get_state()[1].tolist(),  # noqa: NPY002  (the global state is what must not move)
            random.getstate(),
        )

    before = fingerprint()
    for _ in range(20):
        with gw.attach(model, latents=gw.normal(6), layer="3", samples=2) as lab:
            lab.edits = [gw.Ablate("3", units=[1], value="mean"), gw.Ablate("5", units=[0])]
            lab.preview([gw.Ablate("2", units=[0], value="resample")])
    after = fingerprint()
    torch.testing.assert_close(after[:2], before[:2], rtol=0, atol=0)
    assert after[2:4] == before[2:4]
    assert after[5:] == before[5:]
    assert torch.equal(after[4], before[4])


def test_a_closed_controller_is_collected(model):
    lab = gw.attach(model, latents=gw.normal(6), layer="3")
    lab.edits = [gw.Ablate("3", units=[1])]
    lab.close()
    gone = weakref.ref(lab)
    del lab
    gc.collect()
    assert gone() is None


def test_two_controllers_of_one_model_share_its_lock(model):
    with gw.attach(model, latents=gw.normal(6)) as one, gw.attach(model, latents=gw.normal(6)) as two:
        entered = threading.Event()

        def preview():
            two.preview([])
            entered.set()

        with one.hold():
            thread = threading.Thread(target=preview)
            thread.start()
            assert not entered.wait(0.1)
        assert entered.wait(10)
        thread.join()


def test_threads_that_edit_preview_undo_and_close_leave_a_consistent_state(model):
    lab = gw.attach(model, latents=gw.normal(6), layer="3", samples=2)
    failures, seen = [], []

    def consistent(change):
        with lab.hold():
            seen.append(len(lab.images) == len(lab.seeds) == len(lab.activations))

    lab.observe(consistent, ["images", "edits", "seeds"])

    def work(action):
        for k in range(40):
            try:
                action(k)
            except ControllerError as error:
                if "closed" not in str(error):
                    failures.append(error)
            except Exception as error:
                failures.append(error)

    actions = [
        lambda k: setattr(lab, "edits", [gw.Ablate("3", units=[k % 8], strength=k % 7 / 7)]),
        lambda k: lab.preview([gw.Ablate("5", units=[k % 5])]),
        lambda k: setattr(lab, "seeds", range(k, k + 2 + k % 2)),
        lambda k: lab.close() if k == 39 else lab.undo(),
    ]
    threads = [threading.Thread(target=work, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert seen
    assert all(seen)
    assert lab.closed
    assert hooks(model) == 0
