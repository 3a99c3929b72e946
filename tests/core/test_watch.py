"""A split never shows what the model was when it has since been changed."""

import pytest
import torch
from torch import nn

from gan_widgets.core.latents import normal
from gan_widgets.core.split import split

Z = normal(3)


class Fading(nn.Module):
    """A chain with a switch at its end, or with a skip connection and a mixing factor."""

    def __init__(self, skip):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(0.2), nn.Linear(5, 6), nn.Tanh())
        self.skip, self.alpha = skip, 1.0
        self.noise = torch.zeros(6)

    def forward(self, z):
        h = self.net[:2](z) if self.skip else None
        x = self.net[2:](h) + h[:, :1] if self.skip else self.net(z)
        if self.skip or self.alpha < 1:
            x = x * self.alpha + self.noise
        return x


def another_alpha(model):
    model.alpha = 0.5


def another_tensor(model):
    model.alpha = 0.5
    model.noise = torch.ones(6)


def another_module(model):
    model.net[3] = nn.Sigmoid()


def one_module_more(model):
    model.net.append(nn.Sigmoid())


def another_slope(model):
    model.net[1].negative_slope = 0.5


def another_forward(model):
    model.forward = lambda z: model.net(z) * 3


def parametrized(model):
    nn.utils.parametrizations.weight_norm(model.net[2])
    with torch.no_grad():
        model.net[2].parametrizations.weight.original0.mul_(2)


@pytest.mark.parametrize("skip", [False, True], ids=["sequential", "traced"])
@pytest.mark.parametrize(
    "change",
    [
        another_alpha,
        another_tensor,
        another_module,
        one_module_more,
        another_slope,
        another_forward,
        parametrized,
    ],
    ids=lambda change: change.__name__,
)
def test_a_change_of_the_model_shows_without_splitting_again(skip, change):
    model = Fading(skip).eval()
    parts = split(model, "net.1", Z)
    assert parts.how == ("traced" if skip else "sequential")
    change(model)
    z = Z(range(4))
    with torch.no_grad():
        expected = model(z)
    assert torch.allclose(parts.suffix(parts.prefix(z)), expected, atol=1e-6)
    # a chain calls the modules themselves, so what they hold is never out of date
    assert parts.how == ("sequential" if change is another_slope and not skip else "full")
    again = split(model, "net.1", Z)
    assert torch.allclose(again.suffix(again.prefix(z)), expected, atol=1e-6)


def test_the_repr_says_what_has_changed_and_what_to_do():
    model = Fading(skip=True)
    parts = split(model, "net.1", Z)
    model.alpha = 0.5
    assert "The whole model runs, now that Fading has another alpha. Split again." in repr(parts)


def test_a_module_changed_back_and_forth_counts_as_unchanged():
    model = Fading(skip=True)
    parts = split(model, "net.1", Z)
    model.alpha = 0.5
    assert parts.how == "full"
    model.alpha = float("1.0")
    assert parts.how == "traced"


def test_training_compiling_and_stepping_are_no_changes():
    model = Fading(skip=True)
    parts = split(model, "net.1", Z)
    model.train()
    model.net[2].compile(backend="eager")
    model.net[2].register_full_backward_hook(lambda *_: None)
    with torch.no_grad():
        model.net[0].weight.add_(1)
    assert parts.how == "traced"


def test_the_older_weight_norm_sets_its_weight_anew_which_is_no_change():
    with pytest.warns(FutureWarning, match="weight_norm"):
        model = nn.Sequential(nn.Linear(3, 5), nn.utils.weight_norm(nn.Linear(5, 6)))
    parts = split(model, "0", Z)
    model(Z([0]))
    assert parts.how == "sequential"


def test_a_hook_on_a_container_counts_while_it_is_there():
    model = Fading(skip=False)
    parts = split(model, "net.1", Z)
    handle = model.net.register_forward_hook(lambda *_: None)
    assert parts.how == "full"
    assert parts.why == "The whole model runs, now that a hook sits on Sequential. Split again."
    handle.remove()
    assert parts.how == "sequential"


@pytest.mark.parametrize("skip", [False, True], ids=["sequential", "traced"])
def test_a_run_tells_how_it_ran(skip):
    model = Fading(skip).eval()
    parts = split(model, "net.1", Z)
    cut = parts.prefix(Z(range(4)))
    ran = parts.run(cut)
    assert ran.how == ("traced" if skip else "sequential")
    assert (ran.how, ran.why) == (parts.how, parts.why)
    assert torch.equal(ran.output, parts.suffix(cut))
    model.alpha = 0.5
    ran = parts.run(cut)
    assert (ran.how, ran.why) == (
        "full",
        "The whole model runs, now that Fading has another alpha. Split again.",
    )
    with torch.no_grad():
        assert torch.equal(ran.output, model(Z(range(4))))


@pytest.mark.parametrize("skip", [False, True], ids=["sequential", "traced"])
def test_a_cut_serves_before_and_after_a_change_and_once_it_is_undone(skip):
    model = Fading(skip).eval()
    parts = split(model, "net.1", Z)
    z = Z(range(4))
    before = parts.prefix(z)
    model.alpha = 0.5
    during = parts.prefix(z)
    for alpha in (0.5, 1.0):
        model.alpha = alpha
        for cut in (before, during):
            with torch.no_grad():
                assert torch.equal(parts.suffix(cut), model(z))
