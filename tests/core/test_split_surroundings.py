"""A split among noise, modes, precisions, hooks and compiled code."""

from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_widgets.core.edits import Ablate
from gan_widgets.core.errors import EditError, UnknownLayerError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.live import quiet
from gan_widgets.core.split import split
from tests.core.split_zoo import Branching, Course, Gated, Noisy, Skips, Viewed, Wrapped, Z, chain, reference


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


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("fails", [False, True])
def test_gradient_mode_autocast_and_flags_are_put_back_even_when_a_module_fails(grad, fails):
    model = chain().eval()
    parts = split(model, "3", Z)
    cut = parts.prefix(Z(range(2)))
    flags = [module.training for module in model.train().modules()]
    cached = torch.is_autocast_cache_enabled()
    if fails:
        model[5].weight.data = torch.ones(2, 7, 3, 3)
    with torch.set_grad_enabled(grad):
        with pytest.raises(RuntimeError, match="channels") if fails else nullcontext():
            assert not parts.suffix(cut).requires_grad
        assert (torch.is_grad_enabled(), torch.is_autocast_cache_enabled()) == (grad, cached)
    assert [module.training for module in model.modules()] == flags
