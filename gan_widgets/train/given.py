"""What a trainer is given, read and checked; and what it says of itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from torch import Tensor, nn

from gan_widgets.core.errors import DataError, LatentsError, problem
from gan_widgets.core.latents import Latents, normal
from gan_widgets.train.losses import Loss, named
from gan_widgets.train.step import Classifying

if TYPE_CHECKING:
    from gan_widgets.train.trainer import Trainer

GivenLoss: TypeAlias = str | Loss | tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]
"""A name in `losses`, a `Loss`, or your own functions: of D's logits (real, fake), and of (fake) for G."""


def pair(loss: GivenLoss) -> Loss:
    """Give the loss that is meant; two functions make one that is named after them.

    >>> def d_loss(real, fake): return fake.mean() - real.mean()
    >>> def g_loss(fake): return -fake.mean()
    >>> pair((d_loss, g_loss)).name
    'd_loss, g_loss'
    """
    if isinstance(loss, tuple):
        of_D, of_G = loss
        return Loss(f"{_name(of_D)}, {_name(of_G)}", of_D, of_G)
    return named(loss)


def prior(G: nn.Module) -> Latents:
    """Give a normal prior as wide as G says its noise is; raises `LatentsError` when it does not say."""
    noise = getattr(G, "noise", None)
    if not isinstance(noise, int):
        raise LatentsError(
            problem(
                "the prior of this generator is not known.",
                got=f"{type(G).__name__} without a whole number as its `noise`",
                allowed="latents, or a generator that says how wide its noise is",
                next="Pass for instance latents=gw.normal(64).",
            )
        )
    return normal(noise)


def check_labels(D: nn.Module, labels: float) -> None:
    """Raise `DataError` when D is to be taught labels and cannot be."""
    if labels and not isinstance(D, Classifying):
        raise DataError(
            problem(
                "this discriminator cannot be taught labels.",
                got=f"{type(D).__name__} without classify()",
                allowed="labels=0, or a D with classify(images) -> (logits, logits of each label)",
                next="Pass labels=0, or take gw.nets.DCGANDiscriminator.",
            )
        )


def settings_of(trainer: "Trainer") -> dict[str, Any]:
    """Give what a trainer was made with, as JSON values."""
    lr = trainer.lr
    settings = {
        "networks": [type(trainer.G).__name__, type(trainer.D).__name__],
        "data": trainer.data.name,
        "data_sha256": trainer.data.sha256(),
        "loss": trainer.loss.name,
        "latents": trainer.latents.describe(),
        "seed": trainer.seed,
        "batch": trainer.batch,
        "lr": list(lr) if isinstance(lr, tuple) else lr,
        "betas": list(trainer.betas),
        "labels": trainer.labels,
        "shift": trainer.shift,
        "ema": trainer.ema,
    }
    # not said where they are as they always were, so that a checkpoint made before there were any goes on
    more: dict[str, Any] = {"clip": trainer.clip}
    more["penalty"] = None if trainer.penalty is None else _name(trainer.penalty)
    more["d_steps"] = None if trainer._d_steps == 1 else trainer._d_steps
    return settings | {name: value for name, value in more.items() if value is not None}


def _name(function: object) -> str:
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else repr(function)
