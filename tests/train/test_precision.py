"""Networks of any floating dtype train on the same images and latents, each in its own."""

import pytest
import torch

import gan_widgets as gw
from gan_widgets.apps.training_sheets import Sheets
from tests.train.small import small_pair

DOUBLE = torch.float64


def trained(G, D, steps=3, **options):
    trainer = gw.Trainer(G, D, gw.data.load("digits", size=28), batch=16, **options)
    return trainer, list(trainer.steps(steps))


def dtypes(net):
    return {p.dtype for p in net.parameters()}


@pytest.mark.parametrize("loss", ["gan", "minimax", "lsgan", "wgan", "wgan_gp", "hinge"])
def test_a_run_in_double_precision_is_that_in_single_precision_but_for_its_rounding(loss):
    """Without dropout: its masks depend on the dtype."""

    def pair(dtype):
        return gw.nets.fc_generator(seed=0).to(dtype), gw.nets.fc_discriminator(seed=1).to(dtype)

    single, coarse = trained(*pair(torch.float32), loss=loss, latents=gw.uniform(96))
    double, fine = trained(*pair(DOUBLE), loss=loss, latents=gw.uniform(96))
    for a, b in zip(coarse, fine, strict=True):
        assert (a.d_loss, a.g_loss) == pytest.approx((b.d_loss, b.g_loss), abs=1e-4)
    assert coarse != fine
    assert dtypes(double.G) == dtypes(double.D) == dtypes(double.average) == {DOUBLE}
    assert dtypes(single.G) == {torch.float32}


@pytest.mark.parametrize("dtype", [DOUBLE, torch.bfloat16])
@pytest.mark.parametrize("side", [0, 1])
def test_one_of_the_two_networks_may_have_another_dtype(dtype, side):
    nets = list(small_pair())
    nets[side] = nets[side].to(dtype)
    trainer, steps = trained(*nets)
    assert [dtypes(net) for net in nets] == [{dtype if i == side else torch.float32} for i in (0, 1)]
    assert all(step.d_loss == step.d_loss and step.g_loss == step.g_loss for step in steps)
    assert not trainer.trouble


def test_sheets_and_diversity_take_the_dtype_of_the_generator():
    G, D = small_pair()
    trainer, _ = trained(G.to(DOUBLE), D.to(DOUBLE), steps=50)
    assert trainer.diversity[0][0] == 50
    assert not trainer.trouble
    assert Sheets(trainer, [3, 4]).draw().pixels.shape == (2, 28, 28, 1)
