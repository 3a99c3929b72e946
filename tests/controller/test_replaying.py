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
