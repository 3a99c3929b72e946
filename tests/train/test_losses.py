import pytest
import torch
from torch.nn import functional as F

import gan_widgets as gw
from gan_widgets.train import losses
from gan_widgets.train.penalties import GradientPenalty

REAL, FAKE = torch.tensor([[2.0], [0.0]]), torch.tensor([[-1.0], [3.0]])
NAMES = list(losses.losses)
SMOOTHED = ("gan", "minimax", "lsgan", "gan-smooth")


def cross_entropy(label):
    """The loss of D on REAL and FAKE, written as logs of a sigmoid in float64."""
    real, fake = REAL.double().sigmoid(), FAKE.double().sigmoid()
    on_real = -(label * real.log() + (1 - label) * (1 - real).log()).mean()
    return (on_real - (1 - fake).log().mean()).float()


def test_the_names_of_old_runs_give_their_old_bits():
    real, fake = 3 * torch.randn(2, 128, 1, generator=torch.Generator().manual_seed(0))
    for name, label in (("gan", 1.0), ("gan-smooth", 0.9)):
        on_real = F.binary_cross_entropy_with_logits(real, torch.full_like(real, label))
        on_fake = F.binary_cross_entropy_with_logits(fake, torch.full_like(fake, 0.0))
        assert losses.named(name).discriminator(real, fake).equal(on_real + on_fake)
        lesson = F.binary_cross_entropy_with_logits(fake, torch.full_like(fake, 1.0))
        assert losses.named(name).generator(fake).equal(lesson)
    squares = 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()
    assert losses.named("lsgan").discriminator(real, fake).equal(squares)
    assert losses.named("lsgan").generator(fake).equal(0.5 * (fake - 1).square().mean())


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.parametrize("real", [0.7, 0.9, 1.0])
def test_a_smoothed_loss_has_the_label_and_the_old_generator(name, real):
    smooth = losses.losses[name].smoothed(real)
    plain = losses.losses[name.removesuffix("-smooth")]
    if name == "lsgan":
        expected = 0.5 * ((REAL - real) ** 2).mean() + 0.5 * (FAKE**2).mean()
    else:
        expected = cross_entropy(real)
    torch.testing.assert_close(smooth.discriminator(REAL, FAKE), expected)
    assert smooth.generator is plain.generator
    assert smooth.name == (plain.name if real == 1 else f"{plain.name}(real={real:g})")
    assert smooth.smoothed(1.0).discriminator is plain.discriminator


def test_smoothing_by_a_tenth_is_the_loss_called_smooth_to_the_bit():
    smooth, named = losses.losses["gan"].smoothed(0.9), losses.losses["gan-smooth"]
    assert smooth.discriminator(REAL, FAKE).equal(named.discriminator(REAL, FAKE))
    assert smooth.formula == named.formula


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SMOOTHED])
def test_smoothing_is_refused_where_there_are_no_labels(name):
    with pytest.raises(losses.LossError) as caught:
        losses.losses[name].smoothed(0.9)
    assert str(caught.value) == (
        f"the loss '{name}' has no labels to smooth.\n"
        "  got: smoothed(real=0.9)\n"
        "  allowed: 'gan', 'minimax', 'lsgan', 'gan-smooth'\n"
        "  next: Take one of these losses, or leave smoothing out."
    )
    assert losses.losses[name].smoothed(1.0) is losses.losses[name]


@pytest.mark.parametrize("label", [0.0, -0.1, 1.1, float("nan")])
def test_a_label_outside_its_range_is_refused(label):
    with pytest.raises(losses.LossError, match="lies above 0 and is at most 1"):
        losses.losses["gan"].smoothed(label)


def test_the_public_name_is_the_table_of_losses():
    assert gw.losses is losses.losses
    assert list(gw.losses) == ["gan", "minimax", "lsgan", "wgan", "wgan_gp", "hinge", "gan-smooth"]
    assert len(gw.losses) == 7
    assert "hinge" in gw.losses
    assert "bce" not in gw.losses
    assert gw.losses.get("bce") is None
    assert all(gw.losses[name].name == name for name in gw.losses)
    assert repr(gw.losses).splitlines()[2] == "lsgan       Mao et al., arXiv 1611.04076, equation 9"


@pytest.mark.parametrize("name", NAMES)
def test_formula_and_source_are_on_the_loss_and_in_its_functions(name):
    loss = losses.losses[name]
    d, g = loss.formula.splitlines()
    assert d.startswith("D: ")
    assert g.startswith("G: ")
    assert "arXiv" in loss.source
    assert repr(loss) == f"Loss {name!r}\n  {d}\n  {g}\n  {loss.source}"
    for function in (loss.discriminator, loss.generator):
        assert "arXiv" in function.__doc__ or "objectives." in function.__doc__
    assert g.removeprefix("G: ") in loss.generator.__doc__


def test_only_the_loss_that_is_named_after_a_penalty_carries_one():
    assert losses.losses["wgan_gp"].penalty == GradientPenalty(10.0)
    assert [name for name in NAMES if losses.losses[name].penalty is not None] == ["wgan_gp"]


def test_a_loss_of_your_own_passes_through():
    mine = losses.Loss("mine", lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean())
    assert losses.named(mine) is mine
    assert repr(mine) == "Loss 'mine'"
    with pytest.raises(losses.LossError, match="'mine' has no labels to smooth"):
        mine.smoothed()


def test_an_unknown_loss_says_which_there_are():
    with pytest.raises(losses.UnknownLossError) as caught:
        losses.named("bce")
    assert isinstance(caught.value, LookupError)
    assert str(caught.value) == (
        "there is no loss of this name.\n"
        "  got: 'bce'\n"
        "  allowed: 'gan', 'minimax', 'lsgan', 'wgan', 'wgan_gp', 'hinge', 'gan-smooth'\n"
        "  next: Pass one of these names, or a losses.Loss of your own."
    )
