"""What a trainer is given: refused before anything happens, in four parts."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import TrainingError
from tests.train.small import small_pair, small_trainer


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


def test_numpys_numbers_are_numbers():
    trainer = small_trainer(np.int64(3), batch=np.int32(8), lr=np.float64(1e-3), betas=[0.5, 0.9])
    assert trainer.batch == 8
    next(trainer.steps(1))
