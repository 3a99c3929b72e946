"""Edits that fail, and contexts that end badly: nothing is left behind, and nothing is silent."""

import pytest
import torch
from torch import nn

from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Ablate
from gan_widgets.core.errors import EditError, HookFailedError, UnknownLayerError
from gan_widgets.core.intervene import dry_run, intervene
from gan_widgets.core.latents import normal


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_an_exception_passes_through_and_leaves_nothing_behind(nets, assert_unchanged, failure):
    model, latents, _ = nets.make("maps")
    handle = model[3].register_forward_hook(lambda *_: (_ for _ in ()).throw(failure("stop")))
    same = assert_unchanged(model)
    with pytest.raises(failure, match="stop"), intervene(model, [Ablate("2", units=[0])]):
        model(latents(range(2)))
    same()
    handle.remove()


def test_closing_twice_and_entering_again_leave_nothing_behind(nets, assert_unchanged):
    model, latents, _ = nets.make("maps")
    z = latents(range(2))
    plain = model(z)
    same = assert_unchanged(model)
    context = intervene(model, [Ablate("2", units=[0])])
    for _ in range(3):
        with context:
            assert not torch.equal(model(z), plain)
            context.close()
            context.close()
            assert torch.equal(model(z), plain)
    same()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Ablate("2", units=[6]), r"Layer '2' has no such unit.\n  got: units \[6\]\n  allowed: 0 to 5"),
        (
            Ablate("2", units=[0], mask=torch.ones(6, 4)),
            r"got: shape \(6, 4\)\n  allowed: \(4, 6\), its grid",
        ),
    ],
)
def test_an_edit_that_does_not_fit_is_raised_on_leaving_and_never_in_the_forward(
    nets, edit, said, assert_unchanged
):
    model, latents, _ = nets.make("maps")
    plain = model(latents(range(2)))
    same = assert_unchanged(model)
    outputs = []
    with (
        pytest.raises(HookFailedError, match=r"edit of layer '2' failed; the forward(.|\n)*" + said),
        intervene(model, [edit]),
    ):
        outputs.append(model(latents(range(2))))
    same()
    assert torch.equal(outputs[0], plain)
    with pytest.raises(EditError, match=said), intervene(model, [edit], latents=latents):
        pytest.fail("with latents the edit is checked before any hook is placed")
    same()


def test_a_failure_of_ours_is_a_note_on_an_error_of_the_users(nets):
    model, latents, _ = nets.make("maps")

    def fail_after_running():
        with intervene(model, [Ablate("2", units=[9])]):
            model(latents(range(2)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as error:
        fail_after_running()
    assert "edit of layer '2' failed" in error.value.__notes__[0]


def test_closing_by_hand_raises_what_leaving_would(nets):
    model, latents, _ = nets.make("maps")
    context = intervene(model, [Ablate("2", units=[9])])
    context.__enter__()
    model(latents(range(2)))
    with pytest.raises(HookFailedError, match="has no such unit"):
        context.close()
    context.close()


@pytest.mark.parametrize(("kind", "layer"), [("skip and unused branch", "unused"), ("first call", "act#2")])
def test_an_edit_of_what_never_runs_is_an_error_not_silence(nets, kind, layer):
    model, latents, _ = nets.make(kind)
    with (
        pytest.raises(HookFailedError, match=rf"not through these layers' hooks.\n  got: '{layer}'"),
        intervene(model, [Ablate(layer, units=[0])]),
    ):
        model(latents(range(2)))


def test_the_bare_name_of_a_repeated_module_is_refused(nets):
    model, latents, _ = nets.make("first call")
    edit = Ablate("act", units=[0])
    with pytest.raises(UnknownLayerError, match="'act#0', 'act#1'"), intervene(model, [edit]):
        model(latents(range(2)))
    with (
        pytest.raises(UnknownLayerError, match="'act#0', 'act#1'"),
        intervene(model, [edit], latents=latents),
    ):
        pytest.fail("the block should not run")


def test_unknown_layers_are_refused_before_any_hook_is_placed(nets, assert_unchanged):
    model, _, _ = nets.make("maps")
    same = assert_unchanged(model)
    with (
        pytest.raises(UnknownLayerError, match=r"got: 'net\.2'"),
        intervene(model, [Ablate("2", [0]), Ablate("net.2", [0])]),
    ):
        pytest.fail("the block should not run")
    same()


def test_measured_values_need_latents_and_resampling_seeds(nets):
    model, latents, _ = nets.make("maps")
    with pytest.raises(
        EditError, match=r"'mean' is measured on the model.\n  got: latents=None(.|\n)*Pass latents="
    ):
        intervene(model, [Ablate("2", units=[0], value="mean")])
    resample = intervene(model, [Ablate("2", units=[0], value="resample")], latents=latents)
    with pytest.raises(EditError, match=r"Resampling units of '2' needs the seeds"), resample:
        pytest.fail("the block should not run")


def test_a_resampled_edit_refuses_a_batch_of_another_size(nets):
    model, latents, _ = nets.make("maps")
    edit = Ablate("2", units=[0], value="resample")
    with (
        pytest.raises(
            HookFailedError, match=r"got: shape \(2, 1, 4, 6\)\n  allowed: \(1,\) or \(3, 1, 4, 6\)"
        ),
        intervene(model, [edit], latents=latents, seeds=[1, 2]),
    ):
        model(latents(range(3)))


def test_a_dry_run_names_the_layers_whose_hooks_do_not_fire():
    class Shy(nn.Module):
        def __init__(self):
            super().__init__()
            self.open, self.hidden = nn.Linear(3, 4), nn.Linear(4, 5)

        def forward(self, z):
            return self.hidden.forward(self.open(z))

    with pytest.raises(HookFailedError, match=r"got: 'hidden'(.|\n)*call modules, not their forward"):
        dry_run(Shy(), ["open", "hidden"], normal(3))


def test_a_thousand_entries_leave_no_hook_and_equal_bits(nets, assert_unchanged):
    model, latents, _ = nets.make("maps")
    z = latents(range(2))
    plain = model(z)
    same = assert_unchanged(model)
    for k in range(1000):
        with intervene(model, [Ablate("2", units=[k % 6])]), capture(model, ["3"]):
            pass
    same()
    assert torch.equal(model(z), plain)


def test_an_edit_that_fails_before_a_capture_ends_the_forward_is_still_raised(nets):
    model, latents, _ = nets.make("maps")
    with (
        pytest.raises(HookFailedError, match="has no such unit"),
        capture(model, ["3"], stop=True),
        intervene(model, [Ablate("2", units=[9])]),
    ):
        model(latents(range(2)))


@pytest.mark.parametrize("edits", ["2", ["2"], [None], 3, None])
def test_what_is_no_list_of_edits_is_refused(nets, edits):
    model, _, _ = nets.make("maps")
    with pytest.raises(
        EditError, match=r"a list of Ablate, Insert and Scale.\n  got: (.|\n)*next: Pass for instance"
    ):
        intervene(model, edits)


def test_one_edit_may_stand_alone(nets):
    with intervene(nets.by_hand(), Ablate("1", units=[1])) as context:
        assert context.edits == (Ablate("1", units=[1]),)
