"""Values measured on the model."""

import pytest
import torch
from torch import nn

from gan_widgets.core import live
from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Ablate, Insert
from gan_widgets.core.errors import EditError, LatentsError, UnknownLayerError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import normal
from gan_widgets.core.live import call, quiet
from gan_widgets.core.reference import BANK, Reference


def bank_of(model, latents, layer, seeds, mode="eval"):
    with quiet(model, mode), capture(model, [layer]) as acts:
        call(model, latents(seeds))
    return acts[layer]


def test_the_mean_is_over_seeds_and_positions(nets):
    model, latents, _ = nets.make("maps")
    mean = Reference(model, latents).mean("3")
    assert mean.shape == (6,)
    torch.testing.assert_close(mean, bank_of(model, latents, "3", BANK).mean((0, 2, 3)))


def test_the_mean_worked_out_by_hand(nets):
    model = nets.by_hand()
    latents = lambda seed: torch.tensor([float(seed), 2.0])  # noqa: E731
    assert Reference(model, latents, seeds=[1, 3]).mean("0").tolist() == [2.0, 2.0, -5.0]


def test_a_seeds_donor_never_depends_on_the_batch(nets):
    model, latents, _ = nets.make("maps")
    seeds = range(BANK.start, BANK.start + 5)
    reference = Reference(model, latents, seeds=seeds)
    bank = bank_of(model, latents, "2", seeds)
    together = reference.resample("2", [4, 1], [7, 3, 13, 7])
    assert torch.equal(together, bank[[2, 3, 3, 2]][:, [4, 1]])
    assert torch.equal(reference.resample("2", [1], [3]), together[1:2, 1:])


def test_every_kind_of_model_can_be_measured_and_is_left_as_it_was(generator, assert_unchanged):
    model, latents, layer = generator
    model.train()
    same = assert_unchanged(model)
    reference = Reference(model, latents, seeds=range(20))
    edits = [
        Ablate(layer, [1, 0], value="mean"),
        Ablate(layer, [1], value="resample"),
        Insert(layer, [0], value=2.0),
    ]
    values = reference.values(edits, [0, 1, 2])
    same()
    assert list(values) == edits[:2]
    assert values[edits[0]].shape == (2,)
    assert values[edits[1]].shape[:2] == (3, 1)
    assert values[edits[0]].dtype == values[edits[1]].dtype


def test_half_precision_means_do_not_overflow():
    class Loud(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps = nn.Identity()

        def forward(self, z):
            return self.maps(torch.full((len(z), 2, 64, 64), 60000.0, dtype=torch.float16))

    assert Reference(Loud(), lambda seed: torch.zeros(1)).mean("maps").tolist() == [60000.0] * 2


def test_a_layer_is_run_once_until_the_weights_change(nets):
    model, latents, _ = nets.make("fully connected")
    runs = []
    model[0].register_forward_hook(lambda *_: runs.append(1))
    reference = Reference(model, latents, seeds=range(20))
    for _ in range(3):
        reference.mean("0")
        reference.resample("0", [1], [5])
    assert len(runs) == 2  # two batches
    before = reference.mean("0")
    with torch.no_grad():
        model[0].bias += 1
    assert torch.equal(reference.mean("0"), before)
    reference.clear()
    torch.testing.assert_close(reference.mean("0"), before + 1)


@pytest.mark.parametrize("value", ["mean", "resample"])
def test_what_a_model_draws_while_it_is_measured_never_depends_on_the_callers_stream(nets, value):
    edit = Ablate("net.2", [1, 3], value=value)
    model = nets.Noisy()
    measured = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        measured.append(Reference(model, normal(3)).values([edit], [4, 5])[edit])
    assert torch.equal(*measured)


def test_measuring_a_model_that_draws_nothing_leaves_the_random_states_to_other_threads(nets, monkeypatch):
    model, latents, _ = nets.make("fully connected")
    monkeypatch.setattr(live, "streams_kept", lambda: pytest.fail("the random states were touched"))
    assert Reference(model, latents).mean("0").shape == (6,)


def test_the_forward_ends_at_the_layer(nets):
    model, latents, _ = nets.make("maps")
    model[4].register_forward_hook(lambda *_: pytest.fail("what follows the layer should not run"))
    Reference(model, latents).mean("3")


def test_the_mode_says_how_batch_norm_runs(nets):
    model, latents, _ = nets.make("maps")
    means = {mode: Reference(model, latents, mode, seeds=range(8)).mean("2") for mode in ("eval", "train")}
    torch.testing.assert_close(means["train"], torch.zeros(6), atol=1e-5, rtol=0)
    assert not torch.allclose(means["eval"], means["train"], atol=0.1)


def test_edits_around_it_are_not_measured(nets):
    model, latents, _ = nets.make("maps")
    plain = Reference(model, latents).mean("3")
    with intervene(model, [Insert("2", units=range(6), value=50.0)]):
        assert torch.equal(Reference(model, latents).mean("3"), plain)


def test_units_and_layers_that_are_not_there_are_refused(nets):
    model, latents, _ = nets.make("skip and unused branch")
    reference = Reference(model, latents)
    with pytest.raises(EditError, match=r"Layer 'norm' has no such unit.\n  got: units \[6\]"):
        reference.values([Ablate("norm", [6], value="mean")])
    with pytest.raises(UnknownLayerError, match="nearest: 'norm'"):
        reference.mean("nrm")
    with pytest.raises(UnknownLayerError, match="'unused' has not run"):
        reference.mean("unused")


@pytest.mark.parametrize("seeds", [["a"] * 4, [-1, 0, 1, 2], [0, 1, 1.5, 2], [True, 0, 1, 2], "abcd", 4])
def test_resampling_for_what_are_no_seeds_is_refused(nets, seeds):
    model, latents, _ = nets.make("maps")
    edit = Ablate("2", [0], value="resample")
    with pytest.raises(LatentsError, match="seeds are a non-empty run of whole numbers"):
        intervene(model, edit, latents=latents, seeds=seeds)
    with pytest.raises(LatentsError, match="seeds are a non-empty run of whole numbers"):
        Reference(model, latents).resample("2", [0], seeds)


def test_resampling_without_seeds_is_refused(nets):
    model, latents, _ = nets.make("maps")
    with pytest.raises(
        EditError, match=r"Resampling units of '2' needs the seeds of the samples.\n  got: seeds=None"
    ):
        Reference(model, latents).values([Ablate("2", [0], value="resample")])
