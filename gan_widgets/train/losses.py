"""What the two networks of a GAN are told to do: losses on logits, as pairs, by name.

>>> import torch
>>> losses["lsgan"]
Loss 'lsgan'
  D: ½E(D(x) − 1)² + ½E D(G(z))²
  G: ½E(D(G(z)) − 1)²
  Mao et al., arXiv 1611.04076, equation 9
>>> float(losses["lsgan"].discriminator(torch.tensor([[2.0], [1.0]]), torch.tensor([[0.0], [1.0]])))
0.5

The functions themselves, each with its formula, source and an example, are those of `objectives`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from gan_widgets.core.errors import GanWidgetsError, problem
from gan_widgets.train import objectives
from gan_widgets.train.objectives import LossError
from gan_widgets.train.penalties import GradientPenalty, Penalty

__all__ = ["Loss", "LossError", "Losses", "UnknownLossError", "losses", "named"]


@dataclass(frozen=True, repr=False, eq=False)  # your own penalty may have no hash
class Loss:
    """A pair of losses on logits `(n, 1)` or `(n,)`: `discriminator(real, fake)` and `generator(fake)`.

    Both give a scalar to minimise. `formula` says them in symbols, D's in the first line, G's in the second;
    `source` is where they come from. `penalty` is a term of D's loss that looks at D itself, not only at its
    logits, and so is added by whoever has D: `loss.penalty(D, real, fake, generator)`. `clip` is how large
    D's weights may be after each of its steps. `at` makes the same loss with another label for real images,
    where there are labels.

    A loss of your own needs a name and the two functions:

    >>> mine = Loss("mine", lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean())
    """

    name: str
    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    formula: str = ""
    source: str = ""
    penalty: Penalty | None = None
    at: "Callable[[float], Loss] | None" = None
    clip: float | None = None

    def smoothed(self, real: float = 0.9) -> "Loss":
        """Give this loss with the label `real`, in (0, 1], for real images; that of fake ones stays 0.

        One-sided label smoothing (Salimans et al., arXiv 1606.03498, section 3.4). Raises `LossError` for
        another label, and where there are none to smooth (wgan, wgan_gp, hinge); a label of 1 changes nothing
        there.

        >>> losses["gan"].smoothed(0.9).name
        'gan(real=0.9)'
        """
        if not 0 < real <= 1:
            raise LossError(
                problem(
                    "the label of real images lies above 0 and is at most 1.",
                    got=f"real={real!r}",
                    allowed="0 < real <= 1",
                    next="Pass for instance real=0.9.",
                )
            )
        if self.at is not None:
            return self.at(real)
        if real == 1:
            return self
        raise LossError(
            problem(
                f"the loss {self.name!r} has no labels to smooth.",
                got=f"smoothed(real={real!r})",
                allowed=", ".join(repr(name) for name, loss in losses.items() if loss.at is not None),
                next="Take one of these losses, or leave smoothing out.",
            )
        )

    def __repr__(self) -> str:
        parts = [f"Loss {self.name!r}", *self.formula.splitlines(), *([self.source] if self.source else [])]
        return "\n  ".join(parts)


class UnknownLossError(GanWidgetsError, KeyError):
    """A loss name that this package does not know."""

    __str__ = Exception.__str__  # a KeyError would show its message in quotes


class Losses(Mapping[str, Loss]):
    """The losses by name; `losses["gan"]` raises `UnknownLossError` for a name that is not there."""

    def __init__(self, *known: Loss) -> None:
        self._known = {loss.name: loss for loss in known}

    def __getitem__(self, name: str) -> Loss:
        if name not in self._known:
            raise UnknownLossError(
                problem(
                    "there is no loss of this name.",
                    got=repr(name),
                    allowed=", ".join(map(repr, self._known)),
                    next="Pass one of these names, or a losses.Loss of your own.",
                )
            )
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        wide = max(map(len, self._known))
        return "\n".join(f"{name:<{wide}}  {loss.source}" for name, loss in self._known.items())


def named(loss: str | Loss) -> Loss:
    """Give the loss of this name; a `Loss` of your own passes through. Raises `UnknownLossError`."""
    return loss if isinstance(loss, Loss) else losses[loss]


def _labelled(f: Callable[..., Tensor], real: float) -> Callable[[Tensor, Tensor], Tensor]:
    if real == 1:
        return f

    def smooth(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
        return f(logits_real, logits_fake, real=real)

    smooth.__doc__ = f"Do what `objectives.{f.__name__}` does with real={real:g}."
    return smooth


def _title(name: str, real: float) -> str:
    return name if real == 1 else f"{name}(real={real:g})"


def _cross_entropy(real: float) -> str:
    if real == 1:
        return "D: −E log σ(D(x)) − E log(1 − σ(D(G(z))))"
    return f"D: −E[{real:g}·log σ(D(x)) + {1 - real:g}·log(1 − σ(D(x)))] − E log(1 − σ(D(G(z))))"


def _gan(real: float = 1.0) -> Loss:
    return Loss(
        _title("gan", real),
        _labelled(objectives.gan_discriminator, real),
        objectives.gan_generator,
        _cross_entropy(real) + "\nG: −E log σ(D(G(z)))",
        "Goodfellow et al., arXiv 1406.2661, equation 1 and section 3",
        at=_gan,
    )


def _minimax(real: float = 1.0) -> Loss:
    return Loss(
        _title("minimax", real),
        _labelled(objectives.gan_discriminator, real),
        objectives.minimax_generator,
        _cross_entropy(real) + "\nG: E log(1 − σ(D(G(z))))",
        "Goodfellow et al., arXiv 1406.2661, equation 1",
        at=_minimax,
    )


def _lsgan(real: float = 1.0) -> Loss:
    return Loss(
        _title("lsgan", real),
        _labelled(objectives.lsgan_discriminator, real),
        objectives.lsgan_generator,
        f"D: ½E(D(x) − {real:g})² + ½E D(G(z))²\nG: ½E(D(G(z)) − 1)²",
        "Mao et al., arXiv 1611.04076, equation 9",
        at=_lsgan,
    )


_WGAN = Loss(
    "wgan",
    objectives.wgan_discriminator,
    objectives.wgan_generator,
    "D: E D(G(z)) − E D(x), with D's weights clipped to ±0.01\nG: −E D(G(z))",
    "Arjovsky et al., arXiv 1701.07875, equation 2 and algorithm 1",
    clip=0.01,
)

losses = Losses(
    _gan(),
    _minimax(),
    _lsgan(),
    _WGAN,
    Loss(
        "wgan_gp",
        objectives.wgan_discriminator,
        objectives.wgan_generator,
        "D: E D(G(z)) − E D(x) + 10·E(‖∇D(x̂)‖ − 1)², x̂ between a real and a fake image\nG: −E D(G(z))",
        "Gulrajani et al., arXiv 1704.00028, equation 3",
        penalty=GradientPenalty(10.0),
    ),
    Loss(
        "hinge",
        objectives.hinge_discriminator,
        objectives.wgan_generator,
        "D: E max(0, 1 − D(x)) + E max(0, 1 + D(G(z)))\nG: −E D(G(z))",
        "Lim and Ye, arXiv 1705.02894; Miyato et al., arXiv 1802.05957, equations 16 and 17",
    ),
    replace(_gan(0.9), name="gan-smooth", source="Salimans et al., arXiv 1606.03498, section 3.4"),
)
"""All losses by name: gan, minimax, lsgan, wgan, wgan_gp, hinge, gan-smooth."""
