"""A recipe shows in a controller what it showed when it was written, and can be undone."""

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import ControllerError

L = gw.normal(8)


class Noisy(nn.Module):
    """Draws in its forward, in eval mode too."""

    def forward(self, x):
        return x + 0.3 * torch.randn_like(x)


@pytest.fixture
def noisy():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), Noisy(), nn.ReLU(), nn.Linear(16, 20), nn.Unflatten(1, (1, 4, 5)))


@pytest.mark.parametrize("value", ["mean", "resample"])
@pytest.mark.parametrize("layers", [("2",), ("0", "2")])
def test_what_the_model_draws_is_the_same_in_every_controller_and_in_a_replay(noisy, value, layers):
    edits = [gw.Ablate(layer, units=[1, 2], value=value) for layer in layers]
    shown = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        with gw.attach(noisy, latents=L, layer="2", samples=3) as lab:
            lab.edits = edits
            shown.append(lab.images)
            assert torch.equal(lab.recipe().replay(noisy), lab.images)
    assert torch.equal(*shown)


@pytest.mark.parametrize("layer", ["1", "2", "4"])
def test_activations_are_those_of_the_draws_that_the_images_show(noisy, layer):
    shown = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        with gw.attach(noisy, latents=L, layer="2", samples=3) as lab:
            lab.edits = [gw.Ablate("2", units=[1, 2])]
            lab.layer = layer
            shown.append(lab.activations)
    assert torch.equal(*shown)
    if layer == "4":
        assert torch.equal(lab.activations, lab.images)


@pytest.mark.parametrize("give", [lambda recipe: recipe.to_json(), lambda _: 3, lambda _: None, vars])
def test_what_is_no_recipe_is_refused_with_how_to_read_one(lab, give):
    with pytest.raises(ControllerError, match=r"this is no recipe\.") as raised:
        lab.replay(give(lab.recipe()))
    assert "\n  next: Read JSON text first: lab.replay(gw.Recipe.from_json(text))." in str(raised.value)


def test_a_replay_is_one_step_there_and_back_of_edits_and_seeds(lab):
    before = (gw.Ablate("3", units=[1]),)
    lab.edits, lab.seeds = [gw.Ablate("3", units=[2])], [3, 9]
    recipe = lab.recipe()
    lab.edits, lab.seeds = before, [7]
    images = lab.images
    replayed = lab.replay(recipe)
    lab.undo()
    assert (lab.edits, lab.seeds) == (before, (7,))
    assert torch.equal(lab.images, images)
    lab.redo()
    assert (lab.edits, lab.seeds) == (recipe.edits, (3, 9))
    assert torch.equal(lab.images, replayed)
    lab.undo()
    lab.undo()
    assert (lab.edits, lab.seeds) == (recipe.edits, (7,))  # seeds that were assigned are no step
    lab.redo()
    lab.redo()
    assert (lab.edits, lab.seeds) == (recipe.edits, (3, 9))


def test_a_replay_of_other_seeds_alone_can_be_undone_and_one_that_changes_nothing_is_no_step(lab):
    recipe = lab.recipe()
    lab.replay(recipe)
    assert not lab.status.can_undo
    lab.seeds = [7]
    lab.replay(recipe)
    lab.undo()
    assert (lab.seeds, lab.status.can_undo) == ((7,), False)


def test_seeds_assigned_after_a_replay_come_back_when_it_is_redone(lab):
    recipe = lab.recipe()
    lab.seeds, lab.edits = [7], [gw.Ablate("3", units=[1])]
    lab.replay(recipe)
    lab.seeds = [8, 9]
    lab.undo()
    assert lab.seeds == (7,)
    lab.redo()
    assert (lab.edits, lab.seeds) == ((), (8, 9))
