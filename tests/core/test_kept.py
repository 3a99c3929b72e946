"""What a forward changes beside its output is put back."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from gan_widgets.core.errors import RefusedModelError
from gan_widgets.core.kept import kept
from gan_widgets.core.latents import normal
from gan_widgets.core.layers import layers
from gan_widgets.core.live import call, quiet
from gan_widgets.core.split import split

Z = normal(3)


class Remembering(nn.Module):
    """Counts its calls, keeps what it last made, and builds parts of itself when they are first needed."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 6))
        self.calls = 0
        self.last = None
        self.register_buffer("mean", torch.zeros(5))

    def forward(self, z):
        self.calls += 1
        self.last = self.net[0](z)
        self.mean = self.last.detach().mean(0)
        if not hasattr(self, "late"):
            self.late = nn.Linear(6, 6)
            self.register_buffer("grid", torch.ones(6))
            self.scale = nn.Parameter(torch.ones(6))
        return self.late(self.net[1:](self.last)) * self.grid * self.scale


def test_attributes_and_parts_that_a_forward_sets_become_what_they_were():
    model = Remembering()
    mean, attributes = model.mean, set(vars(model))
    layers(model, Z)
    assert (model.calls, model.last, model.mean is mean) == (0, None, True)
    assert set(vars(model)) == attributes
    assert list(model.state_dict()) == ["mean", "net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"]


def test_a_graph_that_the_model_keeps_can_still_run_backward_after_we_looked():
    model = Remembering()
    model(Z([0, 1]))
    last = model.last
    split(model, "net.0", Z)
    assert model.last is last
    model.last.sum().backward()
    assert model.net[0].weight.grad is not None


def test_what_was_there_comes_back_after_an_interrupt():
    model = Remembering()
    model.net[1].register_forward_hook(interrupt)
    with pytest.raises(KeyboardInterrupt), kept(model.modules()):
        model(Z([0]))
    assert (model.calls, model.last) == (0, None)


def interrupt(*_):
    raise KeyboardInterrupt


class OwnStream(nn.Module):
    """A chain whose last part draws from a random generator of its own."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream

    def forward(self, z):
        if isinstance(self.stream, torch.Generator):
            return z + torch.rand((), generator=self.stream)
        draw = getattr(self.stream, "random", None) or self.stream.random_sample
        return z + draw()


@pytest.mark.parametrize(
    "stream",
    [
        torch.Generator().manual_seed(5),
        np.random.default_rng(5),
        np.random.RandomState(5),
        random.Random(5),
    ],
    ids=lambda stream: f"{type(stream).__module__}.{type(stream).__name__}",
)
def test_random_generators_of_the_model_are_set_back_and_each_run_draws_the_same(stream):
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), OwnStream(stream))
    with quiet(model):
        expected = call(model, Z([0, 1]))
    parts = split(model, "1", Z)
    cut = parts.prefix(Z([0, 1]))
    assert parts.suffix(cut).equal(expected)
    assert parts.suffix(cut).equal(expected)
    with torch.no_grad():
        assert model.eval()(Z([0, 1])).equal(expected)
        assert not model(Z([0, 1])).equal(expected)


class Counting(nn.Module):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * 2


def test_a_part_after_the_layer_may_count_its_calls_without_our_runs_counting():
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), Counting())
    parts = split(model, "1", Z)
    assert parts.how == "sequential"
    parts.suffix(parts.prefix(Z([0, 1])))
    assert model[2].calls == 0


def test_a_lazy_module_is_refused_before_it_makes_its_weights():
    model = nn.Sequential(nn.LazyLinear(5), nn.ReLU())
    with pytest.raises(RefusedModelError, match="LazyLinear") as caught:
        layers(model, Z)
    assert "next: Run the model once on some latents" in str(caught.value)
    assert isinstance(model[0], nn.LazyLinear)
    model(Z([0]))
    assert layers(model, Z).names == ("0", "1")
