"""Wrong losses that are easily written, each with words for whoever wrote it.

A check compares the values of a reader's function with those of these functions, and so can name the mistake.
D(x) is a logit, σ the sigmoid and E the mean over a batch, as in `losses`.

>>> [mistake.what for mistake in mistakes("gan", "generator")][0]
'it is the saturating loss of the minimax game'
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor
from torch.nn.functional import softplus

Side: TypeAlias = Literal["discriminator", "generator"]
Values: TypeAlias = Callable[..., Tensor]


@dataclass(frozen=True)
class Mistake:
    """A wrong loss: `values(*logits)` is the scalar it gives, `what` names it, `advice` says what to do."""

    what: str
    advice: str
    values: Values


@dataclass(frozen=True)
class Factor:
    """A right loss times a wrong number: `times`, and the size of the batch as well where it is a sum."""

    what: str
    advice: str
    times: float
    is_sum: bool = False

    def of(self, n: int) -> float:
        """Give the number for a batch of n."""
        return self.times * n if self.is_sum else self.times


_LABELS = "Real images have the label 1 in this loss, generated ones the label 0."
_FOOL = "The generator wants its images taken for real: label 1."
_TWO_TERMS = "Add the two terms: one over the real images, one over the generated ones."
_LOGITS = "Logits go in as they are: the loss does the sigmoid itself, and only once."
_SIGMOIDS = "Nothing here is a probability: take the squares of the logits as they are."
_LOG = "Take the logarithm of the probability before the mean."
_SQUARE_FIRST = "Square each image's distance first, then take the mean."


def mistakes(loss: str, side: Side) -> tuple[Mistake, ...]:
    """Give the wrong variants of one side of a loss, the likeliest first; none for a loss without any."""
    return _MISTAKES.get((loss, side), ())


def factors(loss: str, side: Side) -> tuple[Factor, ...]:
    """Give the wrong numbers that a loss is easily multiplied by, the likeliest first."""
    minimised = "Training makes this value smaller: it must be small where the " + side + " does well."
    mean = "Take the mean over the batch, or the step size depends on the batch."
    return (
        Factor("the sign is wrong", minimised, -1.0),
        Factor("it sums over the batch in place of the mean", mean, 1.0, is_sum=True),
        Factor("it sums over the batch, and the sign is wrong", f"{mean} {minimised}", -1.0, is_sum=True),
        _DOUBLED.get(loss, Factor("it is twice the right value", "Leave the factor 2 out.", 2.0)),
        _HALVED.get((loss, side), Factor("it is half the right value", "Leave the factor ½ out.", 0.5)),
    )


def _nll(logits: Tensor, label: float) -> Tensor:
    """Give the mean binary cross-entropy of logits against one label."""
    return (softplus(logits) - label * logits).mean()


def _half(logits: Tensor, label: float) -> Tensor:
    return 0.5 * (logits - label).square().mean()


_GAN_D = (
    Mistake("the labels are swapped", _LABELS, lambda real, fake: _nll(real, 0) + _nll(fake, 1)),
    Mistake("the term of the generated images is missing", _TWO_TERMS, lambda real, _: _nll(real, 1)),
    Mistake("the term of the real images is missing", _TWO_TERMS, lambda _, fake: _nll(fake, 0)),
    Mistake("both terms have the label 1", _LABELS, lambda real, fake: _nll(real, 1) + _nll(fake, 1)),
    Mistake("both terms have the label 0", _LABELS, lambda real, fake: _nll(real, 0) + _nll(fake, 0)),
    Mistake(
        "the sigmoid is applied twice",
        _LOGITS,
        lambda real, fake: _nll(real.sigmoid(), 1) + _nll(fake.sigmoid(), 0),
    ),
    Mistake(
        "the logarithm is missing",
        _LOG,
        lambda real, fake: -real.sigmoid().mean() - (1 - fake.sigmoid()).mean(),
    ),
    Mistake(
        "the label of real images is 0.9",
        "That is one-sided label smoothing, a loss of its own: here the label is 1.",
        lambda real, fake: _nll(real, 0.9) + _nll(fake, 0),
    ),
    Mistake(
        "the difference of the mean logits is a critic's loss",
        "Put the logits through log σ: F.logsigmoid, or binary cross-entropy with logits.",
        lambda real, fake: fake.mean() - real.mean(),
    ),
)

_MISTAKES: dict[tuple[str, Side], tuple[Mistake, ...]] = {
    ("gan", "discriminator"): _GAN_D,
    ("minimax", "discriminator"): _GAN_D,
    ("gan", "generator"): (
        Mistake(
            "it is the saturating loss of the minimax game",
            "Minimise −log σ(D(G(z))), not log(1 − σ(D(G(z)))): its gradient lasts while D is sure.",
            lambda fake: -_nll(fake, 0),
        ),
        Mistake("the label of generated images is 0", _FOOL, lambda fake: _nll(fake, 0)),
        Mistake("the sigmoid is applied twice", _LOGITS, lambda fake: _nll(fake.sigmoid(), 1)),
        Mistake("the logarithm is missing", _LOG, lambda fake: -fake.sigmoid().mean()),
        Mistake(
            "the mean logit is a critic's loss",
            "Put the logits through log σ: F.logsigmoid, or binary cross-entropy with logits.",
            lambda fake: -fake.mean(),
        ),
    ),
    ("minimax", "generator"): (
        Mistake(
            "it is the non-saturating loss",
            "Here the value function itself is minimised, E log(1 − σ(D(G(z)))), for all its weak gradient.",
            lambda fake: _nll(fake, 1),
        ),
        Mistake(
            "the sigmoid is applied twice",
            _LOGITS,
            lambda fake: -_nll(fake.sigmoid(), 0),
        ),
        Mistake("the logarithm is missing", _LOG, lambda fake: (1 - fake.sigmoid()).mean()),
    ),
    ("lsgan", "discriminator"): (
        Mistake("the labels are swapped", _LABELS, lambda real, fake: _half(real, 0) + _half(fake, 1)),
        Mistake("the term of the generated images is missing", _TWO_TERMS, lambda real, _: _half(real, 1)),
        Mistake("the term of the real images is missing", _TWO_TERMS, lambda _, fake: _half(fake, 0)),
        Mistake("both terms have the label 1", _LABELS, lambda real, fake: _half(real, 1) + _half(fake, 1)),
        Mistake("both terms have the label 0", _LABELS, lambda real, fake: _half(real, 0) + _half(fake, 0)),
        Mistake(
            "the factor ½ is missing in the term of the real images",
            "Both terms have the factor ½.",
            lambda real, fake: 2 * _half(real, 1) + _half(fake, 0),
        ),
        Mistake(
            "the factor ½ is missing in the term of the generated images",
            "Both terms have the factor ½.",
            lambda real, fake: _half(real, 1) + 2 * _half(fake, 0),
        ),
        Mistake(
            "a sigmoid is applied to the logits",
            _SIGMOIDS,
            lambda real, fake: _half(real.sigmoid(), 1) + _half(fake.sigmoid(), 0),
        ),
        Mistake(
            "the distances are not squared",
            "Least squares: square each distance to its label.",
            lambda real, fake: 0.5 * (real - 1).abs().mean() + 0.5 * fake.abs().mean(),
        ),
        Mistake(
            "the mean is taken before the square",
            _SQUARE_FIRST,
            lambda real, fake: 0.5 * (real.mean() - 1) ** 2 + 0.5 * fake.mean() ** 2,
        ),
        Mistake(
            "the labels are −1 and 1",
            "That is another coding of the same paper: here the labels are 0 and 1.",
            lambda real, fake: _half(real, 1) + _half(fake, -1),
        ),
    ),
    ("lsgan", "generator"): (
        Mistake("the label of generated images is 0", _FOOL, lambda fake: _half(fake, 0)),
        Mistake("a sigmoid is applied to the logits", _SIGMOIDS, lambda fake: _half(fake.sigmoid(), 1)),
        Mistake(
            "the distances are not squared",
            "Least squares: square each distance to its label.",
            lambda fake: 0.5 * (fake - 1).abs().mean(),
        ),
        Mistake(
            "the mean is taken before the square", _SQUARE_FIRST, lambda fake: 0.5 * (fake.mean() - 1) ** 2
        ),
        Mistake(
            "it is the cross-entropy loss",
            "Least squares: half the mean squared distance to the label 1.",
            lambda fake: _nll(fake, 1),
        ),
    ),
}
_DOUBLED = {"lsgan": Factor("the factor ½ is missing", "Multiply each mean square by ½.", 2.0)}
_AVERAGED = Factor(
    "the two terms are averaged in place of added",
    "Add the two means: one cross-entropy over both batches at once halves them.",
    0.5,
)
_HALVED: dict[tuple[str, Side], Factor] = {
    ("gan", "discriminator"): _AVERAGED,
    ("minimax", "discriminator"): _AVERAGED,
    ("lsgan", "discriminator"): Factor("the factor ½ is there twice", "Leave one of them out.", 0.5),
    ("lsgan", "generator"): Factor("the factor ½ is there twice", "Leave one of them out.", 0.5),
}
