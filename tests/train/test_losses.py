from math import log

import pytest
import torch

from gan_widgets.train import losses

REAL, FAKE = torch.tensor([[2.0], [0.0]]), torch.tensor([[-1.0], [3.0]])


def softplus(x):
    return log(1 + 2.718281828459045**x)


def test_gan_is_binary_cross_entropy_with_a_non_saturating_generator():
    loss = losses.named("gan")
    expected = (softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(3)) / 2
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)
    assert float(loss.generator(FAKE)) == pytest.approx((softplus(1) + softplus(-3)) / 2, rel=1e-6)


def test_smoothing_moves_the_label_of_real_images_only():
    smooth = losses.named("gan-smooth")
    real = (0.9 * softplus(-2) + 0.1 * softplus(2) + softplus(0)) / 2
    fake = (softplus(-1) + softplus(3)) / 2
    assert float(smooth.discriminator(REAL, FAKE)) == pytest.approx(real + fake, rel=1e-6)
    assert smooth.generator(FAKE).equal(losses.named("gan").generator(FAKE))


def test_lsgan_is_half_the_squared_distance_to_the_labels():
    loss = losses.named("lsgan")
    assert float(loss.discriminator(REAL, FAKE)) == 0.5 * (1 + 1) / 2 + 0.5 * (1 + 9) / 2
    assert float(loss.generator(FAKE)) == 0.5 * (4 + 4) / 2


@pytest.mark.parametrize("name", losses.losses)
def test_a_column_of_logits_and_a_row_give_the_same_loss(name):
    loss = losses.named(name)
    assert loss.discriminator(REAL, FAKE).equal(loss.discriminator(REAL[:, 0], FAKE[:, 0]))
    assert loss.generator(FAKE).equal(loss.generator(FAKE[:, 0]))


@pytest.mark.parametrize("name", losses.losses)
def test_losses_stay_finite_where_a_sigmoid_saturates(name):
    loss = losses.named(name)
    assert torch.isfinite(loss.discriminator(-1e4 * torch.ones(3, 1), 1e4 * torch.ones(3, 1)))
    assert torch.isfinite(loss.generator(-1e4 * torch.ones(3, 1)))


def test_a_loss_of_your_own_passes_through():
    mine = losses.Loss("mine", lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean())
    assert losses.named(mine) is mine


def test_an_unknown_loss_says_which_there_are():
    with pytest.raises(losses.UnknownLossError) as caught:
        losses.named("bce")
    assert str(caught.value) == (
        "there is no loss of this name.\n"
        "  got: 'bce'\n"
        "  allowed: 'gan', 'minimax', 'lsgan', 'wgan', 'wgan_gp', 'hinge', 'gan-smooth'\n"
        "  next: Pass one of these names, or a losses.Loss of your own."
    )
