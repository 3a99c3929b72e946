"""What the two networks of a GAN are told to do: losses on logits, as pairs.

>>> import torch
>>> loss = named("lsgan")
>>> float(loss.discriminator(torch.tensor([[2.0], [1.0]]), torch.tensor([[0.0], [1.0]])))
0.5
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_widgets.core.errors import GanWidgetsError, problem


@dataclass(frozen=True)
class Loss:
    """A pair of losses on logits `(n, 1)` or `(n,)`: `discriminator(real, fake)` and `generator(fake)`.

    Both give a scalar. Labels are made from the logits' own shape, so `(n, 1)` never meets `(n,)`.
    """

    name: str
    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


class UnknownLossError(GanWidgetsError, LookupError):
    """A loss name that this package does not know."""


def named(loss: str | Loss) -> Loss:
    """Give the loss of this name; a `Loss` of your own passes through. Raises `UnknownLossError`."""
    if isinstance(loss, Loss):
        return loss
    if loss not in LOSSES:
        raise UnknownLossError(
            problem(
                "there is no loss of this name.",
                got=repr(loss),
                allowed=", ".join(map(repr, LOSSES)),
                next="Pass one of these names, or a losses.Loss of your own.",
            )
        )
    return LOSSES[loss]


def _binary(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def _gan(real_label: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda real, fake: _binary(real, real_label) + _binary(fake, 0.0)


def _squares(real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()


LOSSES = {
    # Goodfellow et al., arXiv 1406.2661, with the non-saturating generator of its section 3
    "gan": Loss("gan", _gan(1.0), lambda fake: _binary(fake, 1.0)),
    # one-sided label smoothing: Salimans et al., arXiv 1606.03498, section 3.4
    "gan-smooth": Loss("gan-smooth", _gan(0.9), lambda fake: _binary(fake, 1.0)),
    # Mao et al., arXiv 1611.04076, equation 9
    "lsgan": Loss("lsgan", _squares, lambda fake: 0.5 * (fake - 1).square().mean()),
}
