"""A network that was trained on images of its own, run on a generator's images without leaving a trace."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.live import quiet, unwrap
from gan_widgets.core.quantities import whole_number
from gan_widgets.core.store import weight_hash
from gan_widgets.dissect.concepts.protocol import check_images
from gan_widgets.dissect.concepts.scaled import check_range, check_within

PerChannel: TypeAlias = float | Sequence[float] | NDArray[Any] | Tensor
"""One number, or one for each channel of the images."""


@dataclass(frozen=True)
class Wrapped:
    """A module and what its images look like: in `range` for us, `(x − mean) / std` of [0, 1] for it."""

    module: nn.Module
    range: tuple[float, float]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: tuple[int, int] | None

    @property
    def parameters(self) -> dict[str, Any]:
        """The class and the sha256 of the weights of the module, and how its images are prepared."""
        module = {"module": type(unwrap(self.module)).__qualname__, "weights": weight_hash(self.module)}
        return module | {"range": self.range, "mean": self.mean, "std": self.std, "size": self.size}

    def logits(self, images: Tensor) -> Tensor:
        """Run the module in eval mode on images `(n, ch, H, W)`: its logits, float32 on the images' device.

        They are what the module returns, or its "out" (torchvision) or "logits" (transformers).
        """
        check_images(images)
        known = images.detach()[images.isfinite()]
        if known.numel():
            check_within(float(known.min()), float(known.max()), self.range)
        own = next(self.module.parameters(), None)
        low, high = self.range
        inputs = (images.float() - low) / (high - low)
        channels = max(len(self.mean), len(self.std))
        if channels > 1 and inputs.shape[1] != channels:
            if inputs.shape[1] != 1:
                raise DissectionError(
                    problem(
                        "the network takes images of another number of channels.",
                        got=f"{inputs.shape[1]} channels",
                        allowed=f"{channels} channels, or 1 that is repeated",
                        next="Pass mean and std with one number for each channel of the images.",
                    )
                )
            inputs = inputs.expand(-1, channels, -1, -1)
        mean, std = (torch.tensor(v, device=inputs.device).view(1, -1, 1, 1) for v in (self.mean, self.std))
        inputs = (inputs - mean) / std
        if self.size is not None and tuple(inputs.shape[2:]) != self.size:
            inputs = F.interpolate(inputs, self.size, mode="bilinear", antialias=True)
        if own is not None:
            inputs = inputs.to(own.device, own.dtype if own.is_floating_point() else None)
        with quiet(self.module, "eval"):
            output = self.module(inputs)
        return _logits(output).to(images.device, torch.float32)


def wrapped(
    module: nn.Module,
    bounds: tuple[float, float],
    mean: PerChannel,
    std: PerChannel,
    size: int | tuple[int, int] | None,
) -> Wrapped:
    """Make a `Wrapped`; raises `DissectionError` for numbers that are not legal, RefusedModelError."""
    unwrap(module)
    means, stds = _numbers(mean), _numbers(std)
    if not means or not stds or len(means) != len(stds) > 1 < len(means) or min(stds) <= 0:
        raise DissectionError(
            problem(
                "mean and std normalise the network's images, which are in [0, 1] before.",
                got=f"mean={mean}, std={std}",
                allowed="one finite number each, or one per channel; std above 0",
                next="Pass what the network was trained with, or leave both out.",
            )
        )
    sides = None if size is None else _sides(size)
    if sides is not None and (len(sides) != 2 or min(sides) < 1):
        raise DissectionError(
            problem(
                "size is that of the network's images.",
                got=repr(size),
                allowed="a positive whole number, or two for (H, W), or None for images as they come",
                next="Pass for instance size=224.",
            )
        )
    return Wrapped(module, check_range(bounds), means, stds, None if sides is None else (sides[0], sides[1]))


def _numbers(given: object) -> tuple[float, ...]:
    """Give a number, or those of a sequence, an array or a tensor; `()` unless all are finite numbers."""
    try:
        values = np.asarray(given.detach().cpu().double() if isinstance(given, Tensor) else given)
    except (TypeError, ValueError, RuntimeError):
        return ()
    plain = values.dtype.kind in "fiu" and values.ndim < 2
    numbers = tuple(map(float, values.ravel())) if plain else ()
    return numbers if all(map(isfinite, numbers)) else ()


def _sides(given: object) -> tuple[int, ...]:
    """Give one whole number twice, or those of a sequence; `()` for anything else."""
    try:
        sides = tuple(given) if isinstance(given, Iterable) else (given, given)
        return tuple(map(whole_number, sides))
    except TypeError:
        return ()


def _logits(output: Any) -> Tensor:  # noqa: ANN401  (a module may return anything)
    for key in ("out", "logits"):
        if isinstance(output, Mapping) and key in output:
            output = output[key]
        elif isinstance(getattr(output, key, None), Tensor):  # a tensor has no such attribute of that type
            output = getattr(output, key)
    if isinstance(output, tuple | list) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise DissectionError(
            problem(
                "the network gives no logits that can be found.",
                got=f"{type(output).__name__}"
                + (f" with {', '.join(map(repr, output))}" if isinstance(output, Mapping) else ""),
                allowed="a tensor, a dict with 'out' or 'logits', or an object with .logits",
                next="Wrap it in a module whose forward returns the logits.",
            )
        )
    return output
