"""What keeps a discriminator from becoming too steep: penalties on its gradient, and clipped weights.

A penalty is added to D's loss, then the sum is minimised; `create_graph` is set, so it has gradients of its
own. Images are `(n, 784)` or `(n, ch, h, w)`; fakes are read in the form of the real ones.

>>> D = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
>>> _ = nn.init.constant_(D[1].weight, 1.5)                                  # the slope is ‖w‖ = 3 everywhere
>>> real, fake = torch.zeros(2, 1, 2, 2), torch.ones(2, 1, 2, 2)
>>> gradient_penalty(D, real, fake, torch.tensor([0.2, 0.7])).item()         # (3 − 1)²
4.0
>>> r1(D, real).item()                                                       # ½·3²
4.5

Batch normalisation makes D's answer for one image depend on the others, which these formulas do not know of:
Gulrajani et al. advise against it (section 4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

import torch
from torch import Tensor, nn

from gan_widgets.core.errors import GanWidgetsError, problem
from gan_widgets.train.objectives import LossError, check_logits


class Penalty(Protocol):
    """A scalar that D's loss is increased by; what it draws, it draws from `generator`."""

    def __call__(self, D: nn.Module, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        """Give the penalty of D at these images, a scalar with gradients for D's parameters."""
        ...


class UnknownPenaltyError(GanWidgetsError, LookupError):
    """A penalty name that this package does not know."""


def gradient_penalty(D: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Give E(‖∇D(x̂)‖ − 1)² at x̂ = mix·real + (1 − mix)·fake; `mix` is `(n,)` in [0, 1].

    Gulrajani et al., arXiv 1704.00028, equation 3 (without its weight λ). No gradient reaches the images, nor
    what made them. Raises `LossError` for batches or a mix that do not fit together.
    """
    if real.shape[0] != fake.shape[0] or real.numel() != fake.numel() or mix.shape != real.shape[:1]:
        raise LossError(
            problem(
                "real images, fake images and the mix must belong together, one to one.",
                got=f"real {tuple(real.shape)}, fake {tuple(fake.shape)}, mix {tuple(mix.shape)}",
                allowed="as many fakes as real images, with as many pixels, and a mix of shape (n,)",
                next="Pass for instance mix=torch.rand(len(real)).",
            )
        )
    part = mix.to(real).view(-1, *[1] * (real.dim() - 1))
    between = part * real.detach() + (1 - part) * fake.detach().to(real).view_as(real)
    slopes: Tensor = torch.linalg.vector_norm(_gradients(D, between), dim=1)
    return (slopes - 1).square().mean()


def r1(D: nn.Module, real: Tensor) -> Tensor:
    """Give ½E‖∇D(x)‖² at real images x; its weight is the paper's γ.

    Mescheder et al., arXiv 1801.04406, equation 9.
    """
    return 0.5 * _gradients(D, real).square().sum(1).mean()


def clip_weights_(D: nn.Module, limit: float) -> None:
    """Bring every parameter of D into [−limit, limit], in place; a WGAN does so after each step of D.

    Arjovsky et al., arXiv 1701.07875, algorithm 1 (there with limit 0.01). NaN stays NaN.

    >>> D = nn.Linear(2, 1)
    >>> clip_weights_(D, 0.01)
    >>> max(p.abs().max().item() for p in D.parameters()) <= 0.01
    True
    """
    if not (isfinite(limit) and limit > 0):
        raise LossError(
            problem(
                "weights are clipped to a positive limit.",
                got=f"limit={limit!r}",
                allowed="a finite number above 0",
                next="Pass for instance limit=0.01.",
            )
        )
    with torch.no_grad():
        for parameter in D.parameters():
            parameter.clamp_(-limit, limit)


@dataclass(frozen=True)
class GradientPenalty:
    """`weight` times `gradient_penalty`, at points drawn uniformly between each real image and a fake one."""

    weight: float

    def __call__(self, D: nn.Module, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the mix `(n,)` from `generator` and give the penalty, a scalar."""
        mix = torch.rand(len(real), generator=generator, device=generator.device)
        return self.weight * gradient_penalty(D, real, fake, mix.to(real.device))


@dataclass(frozen=True)
class R1:
    """`weight` times `r1`; it looks at real images only and draws nothing."""

    weight: float

    def __call__(self, D: nn.Module, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
        """Give the penalty, a scalar."""
        del fake, generator
        return self.weight * r1(D, real)


_KINDS: dict[str, Callable[[float], Penalty]] = {"gp": GradientPenalty, "r1": R1}


def named(name: str, weight: float = 10.0) -> Penalty:
    """Give the penalty of this name: "gp" (WGAN-GP's) or "r1"; both papers use a weight of 10.

    Raises `UnknownPenaltyError` for another name, `LossError` for a weight that is negative or not finite.

    >>> named("gp")
    GradientPenalty(weight=10.0)
    """
    if name not in _KINDS:
        raise UnknownPenaltyError(
            problem(
                "there is no penalty of this name.",
                got=repr(name),
                allowed=", ".join(map(repr, _KINDS)),
                next="Pass one of these names, or a function (D, real, fake, generator) -> scalar.",
            )
        )
    if not (isfinite(weight) and weight >= 0):
        raise LossError(
            problem(
                "the weight of a penalty is a number from 0 up.",
                got=f"weight={weight!r}",
                allowed="a finite number, 0 or more",
                next="Pass for instance weight=10.",
            )
        )
    return _KINDS[name](float(weight))


def _gradients(D: nn.Module, images: Tensor) -> Tensor:
    """Give the gradient of each image's logit in its own pixels, `(n, pixels)`, itself differentiable."""
    with torch.enable_grad():
        at = images.detach().requires_grad_(True)
        logits = D(at)
        check_logits(logits, "penalised")
        (gradients,) = torch.autograd.grad(logits.sum(), at, create_graph=True)
    return gradients.flatten(1)
