from math import exp, log1p

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_widgets.train import losses, objectives

REAL, FAKE = torch.tensor([[2.0], [0.0]]), torch.tensor([[-1.0], [3.0]])
NAMES = list(losses.losses)
SMOOTHED = ("gan", "minimax", "lsgan", "gan-smooth")


def softplus(t):
    return max(t, 0.0) + log1p(exp(-abs(t)))


def mean(f, logits):
    return sum(map(f, logits)) / len(logits)


def cross_entropy(real, fake, label=1.0):
    on_real = mean(lambda t: label * softplus(-t) + (1 - label) * softplus(t), real)
    return on_real + mean(softplus, fake)


# the formulas once more, in plain Python's float64 and without a line of PyTorch
BY_HAND = {
    "gan": (cross_entropy, lambda fake: mean(lambda t: softplus(-t), fake)),
    "minimax": (cross_entropy, lambda fake: -mean(softplus, fake)),
    "lsgan": (
        lambda real, fake: mean(lambda t: (t - 1) ** 2, real) / 2 + mean(lambda t: t**2, fake) / 2,
        lambda fake: mean(lambda t: (t - 1) ** 2, fake) / 2,
    ),
    "wgan": (
        lambda real, fake: sum(fake) / len(fake) - sum(real) / len(real),
        lambda fake: -sum(fake) / len(fake),
    ),
    "hinge": (
        lambda real, fake: mean(lambda t: max(0.0, 1 - t), real) + mean(lambda t: max(0.0, 1 + t), fake),
        lambda fake: -sum(fake) / len(fake),
    ),
    "gan-smooth": (
        lambda real, fake: cross_entropy(real, fake, 0.9),
        lambda fake: mean(lambda t: softplus(-t), fake),
    ),
}
BY_HAND["wgan_gp"] = BY_HAND["wgan"]

logits = st.lists(st.floats(-30, 30), min_size=1, max_size=6)


def column(values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype).view(-1, 1)


def some(n, seed, scale=3.0):
    drawn = torch.randn(n, 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return scale * drawn


def test_gan_is_binary_cross_entropy_with_a_non_saturating_generator():
    loss = losses.named("gan")
    expected = (softplus(-2) + softplus(0)) / 2 + (softplus(-1) + softplus(3)) / 2
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)
    assert float(loss.generator(FAKE)) == pytest.approx((softplus(1) + softplus(-3)) / 2, rel=1e-6)


def test_minimax_lets_g_minimise_what_d_maximises():
    loss = losses.named("minimax")
    assert loss.discriminator is losses.named("gan").discriminator
    assert float(loss.generator(FAKE)) == pytest.approx(-(softplus(-1) + softplus(3)) / 2, rel=1e-6)
    # G's gradient is D's, turned round
    fake = FAKE.clone().requires_grad_()
    (for_g,) = torch.autograd.grad(loss.generator(fake), fake)
    (for_d,) = torch.autograd.grad(loss.discriminator(REAL, fake), fake)
    assert for_g.equal(-for_d)


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


@pytest.mark.parametrize("name", ["wgan", "wgan_gp"])
def test_wgan_is_the_difference_of_the_means(name):
    loss = losses.named(name)
    assert float(loss.discriminator(REAL, FAKE)) == (-1 + 3) / 2 - (2 + 0) / 2
    assert float(loss.generator(FAKE)) == -(-1 + 3) / 2


def test_hinge_forgives_what_is_right_by_one():
    loss = losses.named("hinge")
    assert float(loss.discriminator(REAL, FAKE)) == (0 + 1) / 2 + (0 + 4) / 2
    assert float(loss.discriminator(torch.tensor([1.0]), torch.tensor([-1.0]))) == 0
    assert float(loss.generator(FAKE)) == -(-1 + 3) / 2


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=50)
@given(real=logits, fake=logits)
def test_every_loss_is_its_formula_in_float64_and_near_it_in_float32(name, real, fake):
    loss, (d_by_hand, g_by_hand) = losses.losses[name], BY_HAND[name]
    for dtype, close in ((torch.float64, 1e-13), (torch.float32, 3e-6)):
        on_real, on_fake = column(real, dtype), column(fake, dtype)
        size = 1 + abs(d_by_hand([abs(t) for t in real], fake)) + max(map(abs, real + fake))
        assert loss.discriminator(on_real, on_fake).dtype == dtype
        assert float(loss.discriminator(on_real, on_fake)) == pytest.approx(
            d_by_hand(real, fake), rel=close, abs=close * size
        )
        assert float(loss.generator(on_fake)) == pytest.approx(g_by_hand(fake), rel=close, abs=close * size)


@pytest.mark.parametrize("name", NAMES)
def test_autograd_agrees_with_gradcheck(name):
    loss = losses.losses[name]
    real, fake = some(5, 0).requires_grad_(), some(5, 1).requires_grad_()
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(loss.generator, (fake,))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_the_finite_differences_of_the_formula_by_hand(name):
    loss, (d_by_hand, g_by_hand) = losses.losses[name], BY_HAND[name]
    real, fake = some(4, 2).requires_grad_(), some(6, 3).requires_grad_()
    point = np.array(real[:, 0].tolist() + fake[:, 0].tolist())
    found_d = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
    (found_g,) = torch.autograd.grad(loss.generator(fake), fake)
    slope_d = differences(lambda at: d_by_hand(at[:4].tolist(), at[4:].tolist()), point)
    slope_g = differences(lambda at: g_by_hand(at.tolist()), point[4:])
    np.testing.assert_allclose(torch.cat(found_d)[:, 0].numpy(), slope_d, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found_g[:, 0].numpy(), slope_g, rtol=1e-6, atol=1e-9)


def differences(f, point, step=1e-5):
    steps = step * np.eye(len(point))
    return np.array([(f(point + h) - f(point - h)) / (2 * step) for h in steps])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_losses_and_gradients_stay_finite_where_a_sigmoid_saturates(name, dtype):
    loss = losses.losses[name]
    for sign in (-1, 1):
        real = (sign * 1e4 * torch.ones(3, 1, dtype=dtype)).requires_grad_()
        fake = (-sign * 1e4 * torch.ones(3, 1, dtype=dtype)).requires_grad_()
        value = loss.discriminator(real, fake) + loss.generator(fake)
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(real.grad).all()
        assert torch.isfinite(fake.grad).all()


@pytest.mark.parametrize(
    ("name", "logit", "value", "slope"),
    [
        ("gan", -1e4, 1e4, -1.0),  # D is sure of a fake: as steep as can be
        ("gan", 1e4, 0.0, 0.0),
        ("minimax", -1e4, 0.0, 0.0),  # D is sure of a fake: nothing to learn from
        ("minimax", 1e4, -1e4, -1.0),
        ("lsgan", -1e4, 0.5 * 10001.0**2, -10001.0),
        ("wgan", -1e4, 1e4, -1.0),
        ("hinge", 1e4, -1e4, -1.0),
    ],
)
def test_at_ten_thousand_the_generator_has_the_value_and_slope_of_the_limit(name, logit, value, slope):
    fake = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    loss = losses.losses[name].generator(fake)
    loss.backward()
    assert (loss.item(), fake.grad.item()) == (pytest.approx(value), slope)


def test_a_confident_mistake_costs_d_as_much_as_its_logit():
    real, fake = torch.tensor([[-1e4]]), torch.tensor([[1e4]])
    assert float(losses.losses["gan"].discriminator(real, fake)) == 2e4
    assert float(losses.losses["gan"].discriminator(-real, -fake)) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_logits_and_a_row_give_the_same_loss(name):
    loss = losses.named(name)
    assert loss.discriminator(REAL, FAKE).shape == ()
    assert loss.discriminator(REAL, FAKE).equal(loss.discriminator(REAL[:, 0], FAKE[:, 0]))
    assert loss.generator(FAKE).equal(loss.generator(FAKE[:, 0]))


@pytest.mark.parametrize("name", NAMES)
def test_a_column_beside_a_row_is_refused_in_words(name):
    with pytest.raises(losses.LossError) as caught:
        losses.losses[name].discriminator(REAL, FAKE[:, 0])
    assert str(caught.value) == (
        "the logits of real and of fake images must have the same form.\n"
        "  got: real (2, 1), fake (2,)\n"
        "  allowed: (n, 1) for both, or (n,) for both\n"
        "  next: Pass what the same D gives for both; logits.view(-1, 1) makes a column of (n,)."
    )
    with pytest.raises(ValueError, match="the same form"):
        losses.losses[name].discriminator(REAL[:, 0], FAKE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "wrong",
    [
        torch.zeros(2, 10),
        torch.zeros(2, 2),
        torch.zeros(()),
        torch.zeros(0, 1),
        torch.zeros(1, 2),
        torch.zeros(2, 1, dtype=torch.int64),
        torch.zeros(2, 1, 4, 4),
    ],
    ids=lambda wrong: f"{tuple(wrong.shape)} {wrong.dtype}",
)
def test_anything_but_one_floating_logit_per_image_is_refused(name, wrong):
    loss = losses.losses[name]
    for ask in (
        lambda: loss.generator(wrong),
        lambda: loss.discriminator(wrong, wrong),
        lambda: loss.discriminator(REAL, wrong),
    ):
        with pytest.raises(losses.LossError, match=r"a loss takes one logit for each (real|fake) image"):
            ask()


def test_the_refusal_says_shape_and_dtype():
    with pytest.raises(losses.LossError) as caught:
        objectives.gan_generator(torch.zeros(2, 10, dtype=torch.float64))
    assert str(caught.value) == (
        "a loss takes one logit for each fake image.\n"
        "  got: logits of shape (2, 10), float64\n"
        "  allowed: floating logits of shape (n, 1) or (n,)\n"
        "  next: Let D end in one number per image, for instance in nn.Linear(256, 1)."
    )


def test_batches_of_different_sizes_are_means_of_their_own():
    assert float(losses.losses["wgan"].discriminator(torch.ones(3, 1), torch.zeros(5, 1))) == -1
