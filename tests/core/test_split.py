"""A slider runs what lies after the layer, and gives what the model would give."""

import random

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gan_widgets.core.latents import as_latents
from gan_widgets.core.live import call
from gan_widgets.core.split import split
from tests.core.split_zoo import (
    ZOO,
    Branching,
    Conditional,
    Course,
    Sampler,
    Skips,
    Wrapped,
    Z,
    reference,
    same,
    tensors_of,
)


@pytest.fixture(params=ZOO, ids=[name.replace(" ", "-") for name in ZOO])
def case(request):
    build, latents, layer, how = ZOO[request.param]
    torch.manual_seed(0)
    return build().eval(), latents, layer, how


def test_every_way_gives_what_the_model_gives_bit_for_bit(case):
    model, latents, layer, how = case
    parts = split(model, layer, latents)
    assert (parts.how, parts.error, parts.layer) == (how, 0.0, layer)
    for seeds in (range(10, 15), range(3)):
        cut = parts.prefix(latents(seeds))
        with torch.no_grad():
            assert same(parts.suffix(cut), call(model, latents(seeds)))
        edited = cut.activation.clone()
        edited[:, 1] = 0.75
        expected = reference(model, layer, latents(seeds), edited)
        assert same(parts.suffix(cut, edited), expected)
        assert same(parts.suffix(cut, edited), expected)


def test_neither_the_cut_nor_the_edited_tensor_is_written_to(case):
    model, latents, layer, _ = case
    parts = split(model, layer, latents)
    cut = parts.prefix(latents(range(3)))
    before, edited = cut.activation.clone(), cut.activation * 0.5
    kept = edited.clone()
    for tensor in tensors_of(parts.suffix(cut, edited)) + tensors_of(parts.suffix(cut)):
        if tensor.is_floating_point():
            tensor.fill_(7)
    assert torch.equal(cut.activation, before)
    assert torch.equal(edited, kept)


def test_a_training_step_shows_without_splitting_again(case):
    model, latents, layer, _ = case
    parts = split(model, layer, latents)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    sum((t.float() ** 2).sum() for t in tensors_of(call(model.train(), latents(range(4))))).backward()
    optimiser.step()
    model.eval()
    cut = parts.prefix(latents(range(4)))
    with torch.no_grad():
        assert same(parts.suffix(cut), call(model, latents(range(4))))


def test_splitting_and_running_leave_the_model_and_the_streams_alone(case):
    model, latents, layer, _ = case
    model.train()
    next(model.modules()).training = False
    flags = [m.training for m in model.modules()]
    state = {name: (id(t), t.clone()) for name, t in model.state_dict(keep_vars=True).items()}
    plain = {
        name: value
        for m in model.modules()
        for name, value in vars(m).items()
        if isinstance(value, torch.Tensor)
    }
    streams = torch.get_rng_state(), random.getstate(), str(np.random.get_state())  # noqa: NPY002
    hooks = [(dict(m._forward_hooks), dict(m._forward_pre_hooks)) for m in model.modules()]
    parts = split(model, layer, latents)
    cut = parts.prefix(latents(range(5)))
    parts.suffix(cut, cut.activation * 2)
    assert [m.training for m in model.modules()] == flags
    for name, tensor in model.state_dict(keep_vars=True).items():
        assert (id(tensor), torch.equal(tensor, state[name][1])) == (state[name][0], True)
        assert tensor.grad is None
    assert all(
        value is plain[name] for m in model.modules() for name, value in vars(m).items() if name in plain
    )
    assert torch.equal(streams[0], torch.get_rng_state())
    assert streams[1:] == (random.getstate(), str(np.random.get_state()))  # noqa: NPY002
    assert hooks == [(dict(m._forward_hooks), dict(m._forward_pre_hooks)) for m in model.modules()]


def test_a_chain_calls_only_the_modules_after_the_layer():
    model = Wrapped().eval()
    parts = split(model, "net.3", Z)
    cut = parts.prefix(Z(range(3)))
    ran = []
    handles = [
        m.register_forward_hook(lambda m, *_, name=name: ran.append(name))
        for name, m in model.net.named_modules()
        if name
    ]
    parts.suffix(cut)
    assert ran == ["4.0", "4.1", "4", "5", "6"]
    ran.clear()
    parts.prefix(Z(range(3)))
    assert ran == ["0", "1", "2", "3"]
    for handle in handles:
        handle.remove()
    assert parts.steps == 3


class Counted(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(func._schema.name.removeprefix("aten::"))
        return func(*args, **(kwargs or {}))


def test_a_recording_runs_only_the_operations_after_the_layer():
    model = Course().eval()
    parts = split(model, "b#1", Z)
    cut = parts.prefix(Z(range(3)))
    with Counted() as counted:
        parts.suffix(cut)
    assert [name for name in counted.seen if name not in ("t", "detach")] == [
        "add",
        "addmm",
        "add",
        "addmm",
        "tanh",
    ]
    assert parts.steps == 7


def test_what_the_layer_does_not_reach_is_computed_once_per_cut():
    model, latents = Conditional().eval(), as_latents(Sampler())
    parts = split(model, "mid", latents)
    cut = parts.prefix(latents(range(3)))
    with Counted() as counted:
        parts.suffix(cut)
    assert counted.seen.count("addmm") == 1
    assert "embedding" not in counted.seen
    assert "kept from before it" in parts.why


def test_the_reason_is_a_readable_sentence():
    assert repr(split(Wrapped(), "net.4", Z)) == (
        "Split('net.4', how='sequential', error=0.0)\n"
        "  2 modules follow the layer in a chain; checked on 4 samples: bit for bit the same."
    )
    assert repr(split(Skips(), "mid", Z, seeds=[1])) == (
        "Split('mid', how='traced', error=0.0)\n"
        "  More follows the layer than a chain of modules; the 6 operations that follow the layer were"
        " recorded, with 2 tensors kept from before it; checked on 1 sample: bit for bit the same."
    )


def test_a_branch_on_data_is_told_as_the_reason_for_running_all():
    parts = split(Branching(), "a", Z)
    assert (parts.how, parts.steps, parts.runs_modules) == ("full", 0, True)
    assert "whole model runs" in parts.why
    assert "cannot be recorded" in parts.why
