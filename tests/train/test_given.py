"""What a trainer is given: refused before anything happens, in four parts."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import TrainingError
from gan_widgets.train import checkpoint
from gan_widgets.train.losses import Loss
from tests.train.small import SmallG, same, small_pair, small_trainer, weights


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"seed": 1.5},
        {"batch": 2.5},
        {"batch": 0},
        {"batch": "8"},
        {"shift": -1},
        {"lr": "fast"},
        {"lr": (1e-3,)},
        {"lr": True},
        {"lr": np.float32("nan")},
        {"batch": np.float64(16)},
        {"betas": 0.5},
        {"betas": (0.5, 1.5)},
        {"labels": -0.1},
        {"ema": 2},
        {"ema": float("nan")},
        {"clip": -1},
        {"clip": 0},
        {"penalty": "r1"},
        {"loss": (1, 2)},
        {"loss": (torch.mean,)},
        {"loss": [torch.sub, torch.mean]},
        {"loss": None},
    ],
    ids=lambda wrong: str(wrong)[1:-1],
)
def test_a_setting_that_no_run_can_have_is_refused_by_its_name(wrong):
    with pytest.raises(TrainingError) as caught:
        small_trainer(**wrong)
    text = str(caught.value)
    assert text.startswith(f"{next(iter(wrong))} cannot be this.")
    assert all(f"\n  {part}: " in text for part in ("got", "allowed", "next"))


def test_data_that_are_no_images_are_refused():
    with pytest.raises(TrainingError, match="data cannot be this"):
        gw.Trainer(*small_pair(), torch.zeros(60, 1, 28, 28))


@pytest.mark.parametrize("side", "GD")
@pytest.mark.parametrize("nothing", [None, nn.Linear, "dcgan"])
def test_what_is_no_network_is_refused(side, nothing):
    nets = dict(zip("GD", small_pair(), strict=True)) | {side: nothing}
    with pytest.raises(TrainingError) as caught:
        gw.Trainer(*nets.values(), gw.data.load("digits", size=28))
    assert str(caught.value).startswith(f"{side} cannot be this.\n  got: {nothing!r}\n  allowed: a network")


@pytest.mark.parametrize("side", "GD")
def test_a_network_without_anything_to_learn_is_refused(side):
    nets = dict(zip("GD", small_pair(), strict=True))
    nets[side].requires_grad_(False)
    with pytest.raises(TrainingError, match=f"{side} has nothing to learn"):
        gw.Trainer(*nets.values(), gw.data.load("digits", size=28))
    with pytest.raises(TrainingError, match=f"{side} has nothing to learn"):
        gw.Trainer(*(nets | {side: nn.Identity()}).values(), gw.data.load("digits", size=28))


def test_a_loss_brings_its_own_clipping_unless_another_is_given():
    for clip, bound in ((None, 0.01), (0.05, 0.05)):
        trainer = small_trainer(loss="wgan", clip=clip, lr=1e-2)
        assert trainer.settings()["clip"] == bound
        next(trainer.steps(1))
        assert (
            max(float(parameter.detach().abs().max()) for parameter in trainer.D.parameters()) < bound + 1e-6
        )
    assert "clip" not in small_trainer(loss="hinge").settings()


class Steep:
    """A penalty of a reader's own, which says nothing of itself."""

    def __call__(self, D, real, fake, generator):
        return 0 * D(real).sum()


def mean_gap(real, fake, sign):
    return sign * (fake.mean() - real.mean())


def test_what_a_reader_passes_has_one_name_in_every_process():
    loss = partial(mean_gap, sign=1), torch.mean
    settings = small_trainer(loss=loss, penalty=Steep()).settings()
    assert (settings["loss"], settings["penalty"]) == ("mean_gap, mean", "Steep")


NUMPYS = {
    "batch": np.int64(16),
    "lr": np.float32(1e-3),
    "betas": (np.float32(0.5), 0),
    "labels": np.float32(0),
    "shift": np.uint8(1),
    "ema": np.float64(0.5),
    "clip": np.float16(0.25),
    "d_steps": np.int64(2),
}


def test_numpys_numbers_are_those_of_python_and_a_run_with_them_is_saved(tmp_path):
    plain = {name: value.item() for name, value in NUMPYS.items() if name != "betas"}
    one = small_trainer(np.int64(3), **NUMPYS)
    other = small_trainer(3, **plain, betas=(0.5, 0.0))
    for trainer in (one, other):
        trainer.change(lr_D=np.float32(0.25) if trainer is one else 0.25, smoothing=NUMPYS["clip"])
        list(trainer.steps(2))
    assert one.settings() == other.settings()
    assert {type(value) for value in (one.seed, one.batch, one.shift, one.controls.d_steps)} == {int}
    numbers = one.lr, one.labels, one.ema, one.clip, *one.betas, one.controls.lr_G, one.changes[0].after
    assert {type(value) for value in numbers} == {float}
    checkpoint.save(tmp_path / "run", one)
    assert same(weights(one), weights(other))
    checkpoint.restore(tmp_path / "run", other)


def test_a_pair_of_numpys_rates_and_a_losss_own_numpy_clip_are_plain_too(tmp_path):
    loss = Loss("mine", lambda real, fake: (fake - real).mean(), torch.mean, clip=np.float32(0.5))
    trainer = small_trainer(loss=loss, lr=(np.float32(0.5), np.int8(0)))
    assert repr((trainer.lr, trainer.clip)) == "((0.5, 0.0), 0.5)"
    assert checkpoint.save(tmp_path / "run", trainer) == 0


def test_a_generator_may_say_its_noise_with_numpy():
    G, D = small_pair()
    G.noise = np.int64(5)
    data = gw.data.load("digits", size=28)
    assert gw.Trainer(G, D, data, batch=16).latents == gw.normal(5)


class Normed(SmallG):
    """Its weight is computed from two others, by the older of PyTorch's two ways or the newer."""

    def __init__(self, weight_norm):
        super().__init__()
        weight_norm(self.net[3])


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_a_generator_that_cannot_be_copied_is_refused_unless_it_need_not_be():
    data, D = gw.data.load("digits", size=28), small_pair()[1]
    with pytest.raises(TrainingError) as caught:
        gw.Trainer(Normed(nn.utils.weight_norm), D, data, batch=16)
    text = str(caught.value)
    assert text.startswith("G cannot be copied, ")
    assert "\n  got: RuntimeError: Only Tensors created explicitly" in text
    assert "ema=None" in text
    assert "torch.nn.utils.parametrizations.weight_norm" in text
    for G, ema in (
        (Normed(nn.utils.weight_norm), None),
        (Normed(nn.utils.parametrizations.weight_norm), 0.9),
    ):
        before = [parameter.detach().clone() for parameter in G.parameters()]
        gw.Trainer(G, D, data, batch=16, ema=ema).advance()
        assert not any(map(torch.equal, before, G.parameters()))
