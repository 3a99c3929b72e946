"""A slider runs what lies after the layer, and gives what the model would give."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from gan_widgets.core.edits import Ablate
from gan_widgets.core.errors import EditError, UnknownLayerError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import as_latents, normal, uniform
from gan_widgets.core.live import call, quiet
from gan_widgets.core.split import split

Z = normal(6)


def chain():
    return nn.Sequential(
        nn.Unflatten(1, (6, 1, 1)),
        nn.ConvTranspose2d(6, 8, (3, 4)),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Sequential(nn.ConvTranspose2d(8, 5, 4, 2, 1), nn.ReLU(True)),
        nn.Conv2d(5, 2, 3, padding=1),
        nn.Tanh(),
    )


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = chain()

    def forward(self, z):
        return self.net(z)


class Viewed(Wrapped):
    def forward(self, z):
        return self.net(z).flatten(1)


class Course(nn.Module):
    """Fully connected, with operations outside of modules and values as plain as they come."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 10), nn.Linear(10, 10), nn.Linear(10, 12)

    def forward(self, z):
        h = F.relu(self.a(z), inplace=True)
        for _ in range(3):
            h = h + self.b(h)
        return torch.tanh(self.c(h))


class Skips(nn.Module):
    """A skip across every layer, and the layer's own tensor used again after an in-place write."""

    def __init__(self):
        super().__init__()
        self.first, self.mid = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.bn, self.act, self.last = nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(8, 3, 1)

    def forward(self, z):
        a = self.first(z.view(-1, 1, 2, 3))
        b = self.act(self.bn(self.mid(a))) * 2
        b += a.mean(1, keepdim=True)
        return self.last(torch.cat([a, b], 1))


class Repeats(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.act, self.out = nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 4)

    def forward(self, z):
        h = self.act(self.block(z))
        h = self.act(self.block(h) + z)
        return self.out(self.act(self.block(h)))


class Pairs(nn.Module):
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(6, 5), nn.Linear(6, 5)

        def forward(self, z):
            return self.one(z), {"gate": self.two(z), "n": 2}

    def __init__(self):
        super().__init__()
        self.both, self.out = self.Both(), nn.Linear(5, 4)

    def forward(self, z):
        h, more = self.both(z)
        return self.out(h) * torch.sigmoid(more["gate"][:, :4]) * more["n"]


@dataclass(frozen=True)
class Sheet:
    images: torch.Tensor
    logits: tuple
    note: str


class Conditional(nn.Module):
    """Label and style go in at the top and are used again after every layer."""

    def __init__(self):
        super().__init__()
        self.embed, self.mid, self.style, self.out = (
            nn.Embedding(10, 6),
            nn.Linear(6, 8),
            nn.Linear(6, 8),
            nn.Linear(8, 9),
        )

    def forward(self, z, label, *, strength=None):
        w = z * self.embed(label)
        h = self.mid(w)
        h = F.leaky_relu(h, 0.2) * (1 + self.style(w)) + self.style(self.embed(label))
        out = torch.tanh(self.out(h)).view(-1, 1, 3, 3)
        return Sheet(out, (h.mean(1, keepdim=True), label), "ok")


class Sampler:
    def sample(self, n, seeds):
        return {"z": Z(seeds), "label": torch.tensor([s % 10 for s in seeds])}


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 7))
        self.b = nn.utils.spectral_norm(nn.Linear(7, 5))

    def forward(self, z):
        return self.b(F.relu(self.a(z))) + 1


class Noisy(nn.Module):
    def __init__(self, source="torch", strength=0.3):
        super().__init__()
        self.a, self.b, self.source = nn.Linear(6, 5), nn.Linear(5, 4), source
        self.strength = nn.Parameter(torch.tensor(strength))
        self.calls, self.heard = 0, []

    def forward(self, z):
        h = self.a(z)
        if self.source == "torch":
            noise = torch.randn_like(h)
        elif self.source == "numpy":
            noise = torch.from_numpy(np.random.standard_normal(h.shape).astype(np.float32))  # noqa: NPY002
        elif self.source == "python":
            noise = random.random()
        elif self.source == "calls":
            self.calls += 1
            noise = float(self.calls)
        else:
            self.heard.append(z)
            noise = float(len(self.heard))
        return self.b(h + self.strength * noise)


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 4)

    def forward(self, z):
        h = self.a(z)
        return self.b(h) if h.sum() > 0 else self.b(-h)


class Gated(nn.Module):
    """A branch that counts for nothing until it is trained."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
        self.side, self.gamma = nn.Linear(6, 4), nn.Parameter(torch.zeros(()))

    def forward(self, z):
        return self.net(z) + self.gamma * self.side(z)


# model, its latents, a layer, how it must be cut
ZOO = {
    "chain": (chain, Z, "3", "sequential"),
    "chain before an in-place layer": (chain, Z, "2", "sequential"),
    "nested chain": (chain, Z, "4.0", "sequential"),
    "inner container": (chain, Z, "4", "sequential"),
    "last layer": (chain, Z, "6", "sequential"),
    "wrapped": (Wrapped, Z, "net.1", "sequential"),
    "wrapped container": (Wrapped, Z, "net.4", "sequential"),
    "wrapped, last": (Wrapped, Z, "net", "sequential"),
    "viewed": (Viewed, Z, "net.4.0", "traced"),
    "course first": (Course, Z, "a", "traced"),
    "course loop": (Course, Z, "b#1", "traced"),
    "course last": (Course, Z, "c", "traced"),
    "skips": (Skips, Z, "mid", "traced"),
    "skips, both ways": (Skips, Z, "first", "traced"),
    "skips before in-place": (Skips, Z, "bn", "traced"),
    "repeats first": (Repeats, Z, "block#0", "traced"),
    "repeats last": (Repeats, Z, "act#2", "traced"),
    "pairs": (Pairs, Z, "both", "traced"),
    "pairs inside": (Pairs, Z, "both.two", "traced"),
    "conditional": (Conditional, as_latents(Sampler()), "mid", "traced"),
    "conditional style": (Conditional, as_latents(Sampler()), "style#1", "traced"),
    "spectral": (Spectral, uniform(6), "a", "traced"),
    "gated": (Gated, Z, "net.0", "traced"),
    "branching": (Branching, Z, "a", "full"),
}


@pytest.fixture(params=ZOO, ids=[name.replace(" ", "-") for name in ZOO])
def case(request):
    build, latents, layer, how = ZOO[request.param]
    torch.manual_seed(0)
    return build().eval(), latents, layer, how


def reference(model, layer, inputs, h):
    """The slow, plain way: put h in with a hook of this test's own."""
    from gan_widgets.core.names import resolve
    from gan_widgets.core.outputs import replace

    (target,) = resolve(model, [layer])
    calls = []

    def put(_module, _inputs, output):
        calls.append(1)
        return replace(output, h.clone()) if len(calls) - 1 == (target.call or 0) else None

    handle = target.module.register_forward_hook(put)
    with torch.no_grad():
        output = call(model, inputs)
    handle.remove()
    return output


def tensors_of(output):
    if isinstance(output, Sheet):
        return [output.images, *output.logits]
    return [output]


def same(one, other):
    assert type(one) is type(other)
    return all(torch.equal(a, b) for a, b in zip(tensors_of(one), tensors_of(other), strict=True))


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


@pytest.mark.parametrize("source", ["torch", "numpy", "python"])
def test_unseeded_noise_is_found_and_does_not_spoil_the_comparison(source):
    model = Noisy(source).eval()
    parts = split(model, "a", Z)
    assert parts.how == "full"
    assert parts.why.startswith("The model draws random numbers; ")
    cut = parts.prefix(Z(range(3)))
    assert torch.equal(parts.suffix(cut), parts.suffix(cut, cut.activation.clone()))


def test_noise_of_no_strength_yet_is_found_too():
    assert split(Noisy("torch", strength=0.0), "a", Z).how == "full"


def test_a_model_that_changes_from_run_to_run_is_reported():
    parts = split(Noisy("heard").eval(), "a", Z)
    assert parts.how == "full"
    assert parts.why.startswith("Two runs on the same latents differ by ")


def test_a_model_that_counts_its_calls_shows_what_its_next_call_would_give():
    model = Noisy("calls").eval()
    parts = split(model, "a", Z)
    for _ in range(3):
        shown = parts.suffix(parts.prefix(Z(range(3))))
        assert torch.equal(shown, parts.suffix(parts.prefix(Z(range(3)))))
        with torch.no_grad():
            assert torch.equal(shown, model(Z(range(3))))


def test_dropout_counts_as_noise_in_training_mode_only():
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 4))
    assert split(model, "0", Z).how == "sequential"
    parts = split(model.eval(), "0", Z, mode="train")
    assert parts.how == "full"
    assert "(2 in training mode)" in parts.why


@pytest.mark.parametrize(
    ("build", "layer", "how"), [(Wrapped, "net.1", "sequential"), (Skips, "mid", "traced")]
)
def test_batch_statistics_are_used_and_told_in_training_mode(build, layer, how):
    torch.manual_seed(1)
    model = build().eval()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    parts = split(model, layer, Z, mode="train")
    assert (parts.how, parts.error) == (how, 0.0)
    assert "each image depends on the others of its batch" in parts.notes[0]
    assert parts.notes[0] in repr(parts)
    cut = parts.prefix(Z(range(5)))
    with quiet(model, "train"):
        expected = model(Z(range(5)))
    assert torch.equal(parts.suffix(cut), expected)
    assert not torch.equal(expected, model(Z(range(5))))
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())
    assert split(model, layer, Z).notes == ()


def test_batch_norm_without_running_statistics_is_told_in_every_mode():
    norm = nn.BatchNorm1d(5, track_running_stats=False)
    parts = split(nn.Sequential(nn.Linear(6, 5), norm, nn.Linear(5, 4)).eval(), "0", Z)
    assert parts.notes == (
        "BatchNorm keeps no running statistics (1): each image depends on the others of its batch.",
    )


def test_as_is_follows_the_flags_as_they_are_at_each_run():
    for build, layer in ((Wrapped, "net.1"), (Skips, "mid")):
        model = build().eval()
        parts = split(model, layer, Z, mode="asis")
        for training in (True, False):
            model.train(training)
            cut = parts.prefix(Z(range(5)))
            with quiet(model, "asis"):
                assert torch.equal(parts.suffix(cut), model(Z(range(5))))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize(("build", "layer", "how"), [(chain, "3", "sequential"), (Skips, "mid", "traced")])
def test_other_precisions_are_cut_the_same(build, layer, how, dtype):
    model, latents = build().eval().to(dtype), Z.to(dtype=dtype)
    parts = split(model, layer, latents)
    assert (parts.how, parts.error) == (how, 0.0)
    cut = parts.prefix(latents(range(5)))
    assert cut.activation.dtype == dtype
    with torch.no_grad():
        assert torch.equal(parts.suffix(cut), model(latents(range(5))))


def test_casting_the_model_after_the_split_is_followed():
    for build, layer in ((chain, "3"), (Skips, "mid")):
        model = build().eval()
        parts = split(model, layer, Z)
        model.double()
        latents = Z.to(dtype=torch.float64)
        cut = parts.prefix(latents(range(2)))
        with torch.no_grad():
            assert torch.equal(parts.suffix(cut), model(latents(range(2))))


def test_autocast_of_the_user_is_followed_and_leaves_no_weights_behind():
    for build, layer in ((chain, "3"), (Course, "a")):
        model = build().eval()
        parts = split(model, layer, Z)
        with torch.autocast("cpu", torch.bfloat16):
            cut = parts.prefix(Z(range(3)))
            output = parts.suffix(cut)
            expected = model(Z(range(3)))
            expected.float().sum().backward()
        assert torch.equal(output, expected)
        assert all(p.grad is not None for p in model.parameters())


def test_hooks_on_later_modules_run_in_every_way():
    for build, layer, later, how in (
        (Wrapped, "net.1", "net.4.0", "sequential"),
        (Wrapped, "net.1", "net", "sequential"),
        (Skips, "mid", "bn", "traced"),
        (Branching, "a", "b", "full"),
    ):
        model = build().eval()
        parts = split(model, layer, Z)
        assert parts.how == how
        cut = parts.prefix(Z(range(3)))
        plain = parts.suffix(cut)
        handle = model.get_submodule(later).register_forward_hook(lambda _m, _i, output: output * 2 + 1)
        hooked = parts.suffix(cut)
        with torch.no_grad():
            assert torch.equal(hooked, model(Z(range(3))))
        assert not torch.equal(hooked, plain)
        handle.remove()
        assert torch.equal(parts.suffix(cut), plain)
        with intervene(model, [Ablate(later, units=[0])]):
            edited = parts.suffix(cut)
            with torch.no_grad():
                assert torch.equal(edited, model(Z(range(3))))
        assert torch.equal(parts.suffix(cut), plain)


def test_hooks_that_are_there_already_are_never_left_out():
    for build, layer, around in ((Wrapped, "net.1", "net"), (Skips, "mid", "bn")):
        model = build().eval()
        model.get_submodule(around).register_forward_hook(lambda _m, _i, output: output * 2)
        parts = split(model, layer, Z)
        assert parts.how == "full"
        assert "a hook sits on" in parts.why
        with torch.no_grad():
            assert torch.equal(parts.suffix(parts.prefix(Z(range(3)))), model(Z(range(3))))


def test_a_branch_that_counts_for_nothing_yet_is_not_left_out():
    model = Gated().eval()
    parts = split(model, "net.0", Z)
    with torch.no_grad():
        model.gamma.fill_(2.0)
        assert torch.equal(parts.suffix(parts.prefix(Z(range(3)))), model(Z(range(3))))


def test_compiled_models_are_cut_as_the_originals():
    whole, inside, in_place = Wrapped().eval(), Wrapped().eval(), Skips().eval()
    inside.net[4] = torch.compile(inside.net[4], backend="eager")
    compiled = torch.compile(whole, backend="eager")
    in_place.mid.compile(backend="eager")
    for model, original, layer, how in (
        (compiled, whole, "net.3", "sequential"),
        (inside, inside, "net.3", "sequential"),
        (in_place, in_place, "first", "traced"),
    ):
        parts = split(model, layer, Z)
        assert parts.how == how
        cut = parts.prefix(Z(range(3)))
        with quiet(original):
            assert torch.equal(parts.suffix(cut), original(Z(range(3))))


def test_the_inputs_are_not_written_to_by_a_model_that_writes_into_them():
    class Normalised(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 4)

        def forward(self, z):
            z /= z.norm(dim=1, keepdim=True)
            return self.b(F.relu(self.a(z))) + z[:, :4]

    model = Normalised().eval()
    parts = split(model, "a", Z)
    assert (parts.how, parts.error) == ("traced", 0.0)
    z = Z(range(3))
    cut = parts.prefix(z)
    assert torch.equal(z, Z(range(3)))
    with torch.no_grad():
        assert torch.equal(parts.suffix(cut), model(Z(range(3))))


def test_an_edited_tensor_of_another_form_is_refused_and_other_strides_are_not():
    for build, layer in ((chain, "3"), (Viewed, "net.3")):
        parts = split(build().eval(), layer, Z)
        cut = parts.prefix(Z(range(3)))
        with pytest.raises(
            EditError, match=r"no tensor for layer '.*'\.\n  got: \(2, 8, 3, 4\)[^$]*allowed: \(3, 8, 3, 4\)"
        ):
            parts.suffix(cut, cut.activation[:2])
        with pytest.raises(EditError, match="float64"):
            parts.suffix(cut, cut.activation.double())
        turned = cut.activation.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).requires_grad_()
        assert torch.equal(parts.suffix(cut, turned), parts.suffix(cut))


def test_layers_that_do_not_run_or_run_often_are_refused_by_name():
    class Idle(Course):
        def __init__(self):
            super().__init__()
            self.idle = nn.Linear(2, 2)

    with pytest.raises(UnknownLayerError, match="'idle' has not run"):
        split(Idle(), "idle", Z)
    with pytest.raises(UnknownLayerError, match=r"'b' runs 3 times[^$]*'b#0', 'b#1', 'b#2'"):
        split(Idle(), "b", Z)
    with pytest.raises(UnknownLayerError, match=r"'b#3'"):
        split(Idle(), "b#3", Z)
    with pytest.raises(UnknownLayerError, match="no such layer"):
        split(Idle(), "bb", Z)


def test_a_shared_module_in_a_chain_is_cut_at_the_call_that_is_meant():
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(6, 7), act, nn.Linear(7, 5), act, nn.Linear(5, 4)).eval()
    for layer, units, steps in (("1#0", 7, 3), ("1#1", 5, 1), ("3#1", 5, 1)):
        parts = split(model, layer, Z)
        cut = parts.prefix(Z(range(3)))
        assert (parts.how, parts.steps, cut.activation.shape) == ("sequential", steps, (3, units))
        assert torch.equal(
            parts.suffix(cut, cut.activation * 2), reference(model, layer, Z(range(3)), cut.activation * 2)
        )


def test_splitting_inside_inference_mode_works():
    with torch.inference_mode():
        for build, layer in ((chain, "2"), (Skips, "mid")):
            model = build().eval()
            parts = split(model, layer, Z)
            cut = parts.prefix(Z(range(3)))
            kept = cut.activation.clone()
            assert torch.equal(parts.suffix(cut), model(Z(range(3))))
            assert torch.equal(cut.activation, kept)
