"""What a trainer is given, read and checked; and what it says of itself."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from re import sub
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from torch import Tensor, nn

from gan_widgets.core.errors import DataError, LatentsError, TrainingError, problem
from gan_widgets.core.latents import Latents, normal
from gan_widgets.core.live import unwrap
from gan_widgets.core.numbers import is_number, is_whole
from gan_widgets.core.words import said
from gan_widgets.train.data import Images
from gan_widgets.train.losses import Loss, named
from gan_widgets.train.penalties import Penalty
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

    Raises `TrainingError` for what is none of these, and `UnknownLossError`.
    """
    if not (isinstance(loss, str | Loss) or (isinstance(loss, tuple) and _pair_of(loss, callable))):
        raise _impossible(
            "loss cannot be this.",
            repr(loss),
            "a name, a Loss, or a tuple of two functions: (of D, of G)",
            "Pass one of these.",
        )
    if isinstance(loss, tuple):
        of_D, of_G = loss
        return Loss(f"{_name(of_D)}, {_name(of_G)}", of_D, of_G)
    return named(loss)


def prior(G: nn.Module) -> Latents:
    """Give a normal prior as wide as G says its noise is; raises `LatentsError` when it does not say."""
    noise = getattr(G, "noise", None)
    if not isinstance(noise, int | np.integer):
        raise LatentsError(
            problem(
                "the prior of this generator is not known.",
                got=f"{type(G).__name__} without a whole number as its `noise`",
                allowed="latents, or a generator that says how wide its noise is",
                next="Pass for instance latents=gw.normal(64).",
            )
        )
    return normal(int(noise))


def average_of(G: nn.Module) -> nn.Module:
    """Give a copy of G that learns nothing, in eval mode; raises `TrainingError` where there can be none."""
    try:
        return deepcopy(G).eval().requires_grad_(False)
    except Exception as error:
        raise _impossible(
            "G cannot be copied, so the running mean of its weights has nowhere to stand.",
            said(error),
            "a generator that copy.deepcopy copies, or no running mean",
            "Pass ema=None, or give G what can be copied: torch.nn.utils.weight_norm leaves computed weights "
            "that cannot; torch.nn.utils.parametrizations.weight_norm computes the same and can.",
        ) from error


def checked_settings(
    networks: dict[str, nn.Module],
    data: Images,
    penalty: Penalty | None,
    **numbers: Any,  # noqa: ANN401  (each is judged by its rule)
) -> dict[str, Any]:
    """Give the numbers as plain ints and floats, which JSON takes; a pair of them as a tuple, None as None.

    Raises `TrainingError` for a setting that no run can have, and for a network without anything to learn;
    `DataError` for a batch larger than the data, and for labels that D cannot be taught.
    """
    for name, value in {"data": data, "penalty": penalty, **numbers}.items():
        legal, allowed = _RULES[name]
        if not legal(value):
            raise _impossible(f"{name} cannot be this.", repr(value), allowed, "Pass one of these.")
    for name, network in networks.items():
        _check_network(name, network)
    plain = {name: _plain(name, value) for name, value in numbers.items()}
    data.check_batch(plain["batch"])
    _check_labels(networks["D"], plain["labels"])
    return plain


def _check_network(name: str, network: object) -> None:
    if not isinstance(network, nn.Module):
        raise _impossible(
            f"{name} cannot be this.",
            repr(network),
            "a network, as an nn.Module",
            "Pass the networks first, G and then D: gw.Trainer(G, D, data).",
        )
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise _impossible(
            f"{name} has nothing to learn.",
            f"{type(network).__name__} without a parameter that requires a gradient",
            "a network with weights that may change",
            "Call requires_grad_(True) on it; trainer.change(frozen=...) freezes one for a while.",
        )


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401
    kind = int if name in _WHOLE else float
    if isinstance(value, tuple | list):
        return tuple(map(kind, value))
    return None if value is None else kind(value)


def _impossible(what: str, got: str, allowed: str, then: str) -> TrainingError:
    return TrainingError(problem(what, got=got, allowed=allowed, next=then))


def _pair_of(value: Any, legal: Callable[[Any], bool]) -> bool:  # noqa: ANN401
    return isinstance(value, tuple | list) and len(value) == 2 and all(map(legal, value))


_WHOLE = ("seed", "batch", "shift")

_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "seed": (lambda v: is_whole(v, 0), "a whole number from 0 on"),
    "batch": (lambda v: is_whole(v, 1), "a whole number from 1 on"),
    "shift": (lambda v: is_whole(v, 0), "a whole number of pixels from 0 on"),
    "lr": (
        lambda v: is_number(v) or (isinstance(v, tuple) and _pair_of(v, is_number)),
        "a rate, or those of G and D: (lr_G, lr_D)",
    ),
    "betas": (
        lambda v: _pair_of(v, lambda beta: is_number(beta) and 0 <= beta < 1),
        "two numbers from 0 up to, not including, 1",
    ),
    "labels": (lambda v: is_number(v) and v >= 0, "a weight from 0 on"),
    "ema": (lambda v: v is None or (is_number(v) and 0 <= v < 1), "None, or from 0 up to, not including, 1"),
    "clip": (lambda v: v is None or (is_number(v) and v > 0), "None, or a number above 0"),
    "penalty": (lambda v: v is None or callable(v), "None, or a function (D, real, fake, generator)"),
    "data": (lambda v: isinstance(v, Images), "what gw.data.load gives, or gw.data.Images"),
}


def _check_labels(D: nn.Module, labels: float) -> None:
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
        "layers": {**_layers("G", trainer.G), **_layers("D", trainer.D)},
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


def _layers(side: str, model: nn.Module) -> dict[str, str]:
    """Say what each module without parts is: no tensor tells a ReLU from a Tanh."""
    return {
        f"{side}.{name}": sub(" at 0x[0-9a-f]+", "", repr(module))
        for name, module in unwrap(model).named_modules()
        if not any(True for _ in module.children())
    }


def _name(function: object) -> str:
    """Name a function the same in every process: no name may hold an address."""
    if isinstance(function, partial):
        return _name(function.func)
    name = getattr(function, "__name__", None)
    shown = name if isinstance(name, str) else repr(function)
    return type(function).__qualname__ if " at 0x" in shown else shown
