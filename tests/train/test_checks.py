"""Every mistake is found under its own name, in code as students write it."""

import pytest
import torch
from torch.nn import functional as F

from gan_widgets.train import checks, losses
from gan_widgets.train.checks import CheckError
from gan_widgets.train.mistakes import factors, mistakes

NAMES = ("gan", "minimax", "lsgan")
SIDES = ("discriminator", "generator")
bce = F.binary_cross_entropy_with_logits


def check(side, fn, loss):
    (checks.discriminator_loss if side == "discriminator" else checks.generator_loss)(fn, loss)


def fault(side, fn, loss):
    """The words of the error, without the function's name."""
    with pytest.raises(CheckError) as caught:
        check(side, fn, loss)
    return str(caught.value).partition(": ")[2]


def labelled(real_label, fake_label):
    return lambda real, fake: (
        bce(real, torch.full_like(real, real_label)) + bce(fake, torch.full_like(fake, fake_label))
    )


GAN_D = {
    "the labels are swapped": labelled(0, 1),
    "the term of the generated images is missing": lambda real, fake: bce(real, torch.ones_like(real)),
    "the term of the real images is missing": lambda real, fake: bce(fake, torch.zeros_like(fake)),
    "both terms have the label 1": labelled(1, 1),
    "both terms have the label 0": labelled(0, 0),
    "the sigmoid is applied twice": lambda real, fake: labelled(1, 0)(real.sigmoid(), fake.sigmoid()),
    "the logarithm is missing": lambda real, fake: -(real.sigmoid() + 1 - fake.sigmoid()).mean(),
    "the label of real images is 0.9": labelled(0.9, 0),
    "the difference of the mean logits": lambda real, fake: (fake - real).mean(),
    "the sign is wrong": lambda real, fake: F.logsigmoid(real).mean() + F.logsigmoid(-fake).mean(),
    "it sums over the batch in place of the mean": lambda real, fake: (
        bce(real, torch.ones_like(real), reduction="sum") + bce(fake, torch.zeros_like(fake), reduction="sum")
    ),
    "the two terms are averaged": lambda real, fake: bce(
        torch.cat([real, fake]), torch.cat([torch.ones_like(real), torch.zeros_like(fake)])
    ),
    "the labels are swapped, and it sums over the batch": lambda real, fake: (
        bce(real, torch.zeros_like(real), reduction="sum") + bce(fake, torch.ones_like(fake), reduction="sum")
    ),
}
GAN_G = {
    "it is the saturating loss of the minimax game": lambda fake: F.logsigmoid(-fake).mean(),
    "the label of generated images is 0": lambda fake: bce(fake, torch.zeros_like(fake)),
    "the sigmoid is applied twice": lambda fake: bce(fake.sigmoid(), torch.ones_like(fake)),
    "the logarithm is missing": lambda fake: -fake.sigmoid().mean(),
    "the mean logit is a critic's loss": lambda fake: -fake.mean(),
    "the sign is wrong": lambda fake: F.logsigmoid(fake).mean(),
    "it sums over the batch": lambda fake: F.softplus(-fake).sum(),
    "it sums over the batch, and the sign is wrong": lambda fake: F.logsigmoid(fake).sum(),
    "it is 3 times the right value": lambda fake: 3 * F.softplus(-fake).mean(),
    "it is the right value +0.5": lambda fake: F.softplus(-fake).mean() + 0.5,
    "its value is wrong": lambda fake: F.softplus(-fake).square().mean(),
}
MINIMAX_G = {
    "it is the non-saturating loss": lambda fake: bce(fake, torch.ones_like(fake)),
    "the sign is wrong": lambda fake: bce(fake, torch.zeros_like(fake)),
    "it is the non-saturating loss, and the sign is wrong": lambda fake: F.logsigmoid(fake).mean(),
    "the sigmoid is applied twice": lambda fake: F.logsigmoid(-fake.sigmoid()).mean(),
    "the logarithm is missing": lambda fake: (1 - fake.sigmoid()).mean(),
}
LSGAN_D = {
    "the factor ½ is missing.": lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean(),
    "the factor ½ is missing in the term of the real": lambda real, fake: (
        ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()
    ),
    "the factor ½ is missing in the term of the generated": lambda real, fake: (
        0.5 * ((real - 1) ** 2).mean() + (fake**2).mean()
    ),
    "the factor ½ is there twice": lambda real, fake: (
        0.25 * ((real - 1) ** 2).mean() + 0.25 * (fake**2).mean()
    ),
    "the labels are swapped": lambda real, fake: 0.5 * (real**2).mean() + 0.5 * ((fake - 1) ** 2).mean(),
    "the term of the generated images is missing": lambda real, fake: 0.5 * ((real - 1) ** 2).mean(),
    "the term of the real images is missing": lambda real, fake: 0.5 * (fake**2).mean(),
    "both terms have the label 1": lambda real, fake: 0.5 * (((real - 1) ** 2) + (fake - 1) ** 2).mean(),
    "both terms have the label 0": lambda real, fake: 0.5 * (real**2 + fake**2).mean(),
    "a sigmoid is applied to the logits": lambda real, fake: (
        0.5 * ((real.sigmoid() - 1) ** 2).mean() + 0.5 * (fake.sigmoid() ** 2).mean()
    ),
    "the distances are not squared": lambda real, fake: 0.5 * ((real - 1).abs() + fake.abs()).mean(),
    "the mean is taken before the square": lambda real, fake: (
        0.5 * (real - 1).mean() ** 2 + 0.5 * fake.mean() ** 2
    ),
    "the labels are −1 and 1": lambda real, fake: 0.5 * (((real - 1) ** 2) + (fake + 1) ** 2).mean(),
}
LSGAN_G = {
    "the factor ½ is missing": lambda fake: ((fake - 1) ** 2).mean(),
    "the factor ½ is there twice": lambda fake: 0.25 * ((fake - 1) ** 2).mean(),
    "the label of generated images is 0": lambda fake: 0.5 * (fake**2).mean(),
    "a sigmoid is applied to the logits": lambda fake: 0.5 * ((fake.sigmoid() - 1) ** 2).mean(),
    "the distances are not squared": lambda fake: 0.5 * (fake - 1).abs().mean(),
    "the mean is taken before the square": lambda fake: 0.5 * (fake - 1).mean() ** 2,
    "it is the cross-entropy loss": lambda fake: F.softplus(-fake).mean(),
    "the sign is wrong": lambda fake: -0.5 * ((fake - 1) ** 2).mean(),
    "the label of generated images is 0, and the factor ½ is missing": lambda fake: (fake**2).mean(),
}
WRITTEN = [
    pytest.param(side, loss, words, fn, id=f"{loss} {side}: {words}")
    for (side, loss), table in {
        ("discriminator", "gan"): GAN_D,
        ("discriminator", "minimax"): GAN_D,
        ("generator", "gan"): GAN_G,
        ("generator", "minimax"): MINIMAX_G,
        ("discriminator", "lsgan"): LSGAN_D,
        ("generator", "lsgan"): LSGAN_G,
    }.items()
    for words, fn in table.items()
]


@pytest.mark.parametrize(("side", "loss", "words", "fn"), WRITTEN)
def test_a_mistake_is_called_by_its_name(side, loss, words, fn):
    assert fault(side, fn, loss).startswith(words)


@pytest.mark.parametrize("loss", NAMES)
@pytest.mark.parametrize("side", SIDES)
def test_every_listed_mistake_and_factor_is_told_from_every_other(side, loss):
    for mistake in mistakes(loss, side):
        assert fault(side, mistake.values, loss).startswith(f"{mistake.what}.")
    true = getattr(losses.named(loss), side)
    for factor in factors(loss, side):
        assert fault(side, lambda *logits, f=factor: f.of(len(logits[0])) * true(*logits), loss).startswith(
            f"{factor.what}."
        )


@pytest.mark.parametrize("loss", NAMES)
@pytest.mark.parametrize("side", SIDES)
def test_every_listed_mistake_has_a_student_who_makes_it(side, loss):
    words = [param.values[2] for param in WRITTEN if param.values[:2] == (side, loss)]
    for mistake in mistakes(loss, side):
        assert any(mistake.what.startswith(each.rstrip(".")) for each in words), mistake.what


@pytest.mark.parametrize("loss", sorted(losses.losses))
@pytest.mark.parametrize("side", SIDES)
def test_the_right_losses_pass_and_say_their_formula(side, loss, capsys):
    check(side, getattr(losses.named(loss), side), loss)
    said = capsys.readouterr().out
    assert said.startswith("✓ ")
    assert said.endswith(": value, gradient, and logits up to ±10,000\n")


def test_right_losses_pass_in_the_ways_that_students_write_them(capsys):
    def course_bce(logits, target):  # the course's own stable form
        return (logits.clamp(min=0) - logits * target + (1 + (-logits.abs()).exp()).log()).mean()

    checks.discriminator_loss(
        lambda real, fake: course_bce(real, torch.ones_like(real)) + course_bce(fake, torch.zeros_like(fake))
    )
    checks.discriminator_loss(lambda real, fake: -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean())
    checks.generator_loss(lambda fake: F.softplus(-fake).squeeze(1).mean())
    checks.generator_loss(lambda fake: F.mse_loss(fake, torch.ones_like(fake)) / 2, "lsgan")
    assert capsys.readouterr().out.count("✓") == 4


class TestForm:
    def test_not_written_yet(self):
        def discriminator_loss(logits_real, logits_fake):
            raise NotImplementedError

        with pytest.raises(CheckError) as caught:
            checks.discriminator_loss(discriminator_loss)
        assert str(caught.value) == (
            "discriminator_loss is not written yet.\n"
            "  got: NotImplementedError\n"
            "  allowed: a result for discriminator_loss(logits_real, logits_fake)\n"
            "  next: Write your code where the cell says YOUR CODE HERE, in place of the line that raises."
        )

    def test_an_exception_names_the_line(self):
        def generator_loss(logits_fake):
            return bce(logits_fake, torch.ones(len(logits_fake)))

        with pytest.raises(CheckError, match=r"in generator_loss, line \d+: return bce\(") as caught:
            checks.generator_loss(generator_loss)
        assert "Make the labels from the logits" in str(caught.value)

    def test_probabilities_where_logits_come(self):
        with pytest.raises(CheckError, match=r"take F\.binary_cross_entropy_with_logits"):
            checks.generator_loss(lambda fake: F.binary_cross_entropy(fake, torch.ones_like(fake)))

    def test_too_few_arguments(self):
        with pytest.raises(CheckError, match="Give the function these arguments, in this order"):
            checks.discriminator_loss(lambda fake: fake.mean())

    def test_a_result_in_place_of_a_function(self):
        assert fault("generator", torch.zeros(()), "gan").startswith("this is no function")

    @pytest.mark.parametrize(
        ("words", "fn"),
        {
            "it returns nothing": lambda fake: None,
            "it does not return a tensor": lambda fake: F.softplus(-fake).mean().item(),
            "it returns one number per image, not a scalar": lambda fake: F.softplus(-fake),
            "it returns one number per image, not a scalar.": lambda fake: F.softplus(-fake)[:, 0],
            "it does not return a scalar": lambda fake: F.softplus(-fake).mean(0),
            "it is not a finite number": lambda fake: -fake.log().mean(),
            "its value is right, but no gradient reaches logits_fake": lambda fake: F.softplus(
                -fake.detach()
            ).mean(),
            "its value is right, but not its gradient": lambda fake: (
                F.softplus(-fake).mean() + fake.mean() - fake.mean().detach()
            ),
            "it is right for small logits and wrong for large": lambda fake: -fake.sigmoid().log().mean(),
            "its gradient is wrong for large logits": lambda fake: F.binary_cross_entropy(
                fake.sigmoid(), torch.ones_like(fake)
            ),
            "it is right for small logits and wrong for large ones.": lambda fake: (
                -(fake.sigmoid() + 1e-8).log().mean()
            ),
        }.items(),
    )
    def test_form_gradient_and_size(self, words, fn):
        assert fault("generator", fn, "gan").startswith(words)

    def test_labels_of_another_shape_broadcast_even_where_the_value_is_right(self):
        def lazy(real, fake):
            return 0.5 * ((real - torch.ones(len(real))) ** 2).mean() + 0.5 * (fake**2).mean()

        assert float(lazy(torch.zeros(3, 1), torch.zeros(3, 1))) == 0.5  # nothing of it shows in the value
        words = fault("discriminator", lazy, "lsgan")
        assert words.startswith("shapes broadcast")
        assert "(7, 1) and (7,) make (7, 7) in sub" in words

    def test_a_library_s_own_function_that_broadcasts_is_seen_too(self):
        with pytest.warns(UserWarning, match="different to the input size"):
            words = fault("generator", lambda fake: F.mse_loss(fake, torch.ones(len(fake))) / 2, "lsgan")
        assert "(7, 1) and (7,) make (7, 7) in mse_loss" in words

    def test_one_part_detached_is_named(self):
        words = fault("discriminator", lambda real, fake: labelled(1, 0)(real, fake.detach()), "gan")
        assert words.startswith("its value is right, but no gradient reaches logits_fake")

    def test_other_losses_of_the_table_are_checked_too(self):
        words = fault("discriminator", lambda real, fake: real.mean() - fake.mean(), "wgan")
        assert words.startswith("the sign is wrong")
        words = fault(
            "discriminator", lambda real, fake: (F.relu(1 - fake) + F.relu(1 + real)).mean(), "hinge"
        )
        assert words.startswith("real and generated are swapped")

    def test_an_unknown_loss_says_which_there_are(self):
        with pytest.raises(losses.UnknownLossError, match="'lsgan'"):
            checks.generator_loss(lambda fake: fake.mean(), "leastsquares")


def test_a_check_is_an_assertion_and_shows_only_its_words_in_a_notebook():
    with pytest.raises(AssertionError) as caught:
        checks.generator_loss(lambda fake: fake)
    assert caught.value._render_traceback_() == [f"✗ {caught.value}"]
