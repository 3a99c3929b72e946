"""Images of a declared range as numbers from 0 to 1, in NumPy."""

from math import inf, isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.concepts.protocol import check_images

Floats: TypeAlias = NDArray[np.float32]
Bools: TypeAlias = NDArray[np.bool_]

_FAR = 10  # widths; a generator without tanh may overshoot, but bytes given for [-1, 1] are far away


def check_range(bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the values of black and of white; raises `DissectionError` unless finite, the lower first."""
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError):
        low, high = 0.0, 0.0
    if not (isfinite(low) and isfinite(high) and low < high):
        raise DissectionError(
            problem(
                "range gives the values of black and of white.",
                got=repr(bounds),
                allowed="two finite numbers, the lower first",
                next="Pass range=(-1, 1) for tanh, (0, 1) for sigmoid.",
            )
        )
    return low, high


def check_number(
    name: str,
    value: Any,  # noqa: ANN401  (anything may be passed)
    low: float,
    high: float = inf,
    step: str = "Leave it out for the default.",
) -> None:
    """Raise `DissectionError`, which advises `step`, unless `value` is a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        allowed = f"a number from {low:g}" + (f" to {high:g}" if isfinite(high) else " up")
        raise DissectionError(
            problem(
                f"{name} is out of its domain.",
                got=repr(value),
                allowed=allowed,
                next=step,
            )
        )


def check_within(least: float, most: float, bounds: tuple[float, float]) -> None:
    """Raise `DissectionError` when values lie more than ten widths outside the range."""
    low, high = bounds
    if low - least > _FAR * (high - low) or most - high > _FAR * (high - low):
        raise DissectionError(
            problem(
                "the images are not of the declared range.",
                got=f"values from {least:g} to {most:g}",
                allowed=f"range=({low:g}, {high:g})",
                next="Pass range=(black, white) as the generator gives them.",
            )
        )


def scaled(images: Tensor, bounds: tuple[float, float]) -> tuple[Floats, Bools]:
    """Return images `(n, ch, H, W)` as float32 in [0, 1], clipped, and which pixels are finite, `(n, H, W)`.

    Pixels with a value that is NaN or infinite become 0. Raises `DissectionError` for what are no images, and
    when values lie more than ten widths outside the range.

    >>> import torch
    >>> values, finite = scaled(torch.tensor([[[[-1.0, 0.0, 1.5, torch.nan]]]]), (-1.0, 1.0))
    >>> values.tolist(), finite.tolist()
    ([[[[0.0, 0.5, 1.0, 0.0]]]], [[[True, True, True, False]]])
    """
    check_images(images)
    (low, high), values = bounds, images.detach().float().cpu().numpy()
    finite: Bools = np.isfinite(values).all(1)
    if not finite.all():
        values = np.where(finite[:, None], values, np.float32(low))
    check_within(float(values.min()), float(values.max()), bounds)
    return ((values - np.float32(low)) / np.float32(high - low)).clip(0.0, 1.0), finite


def grey(values: Floats) -> Floats:
    """Return the mean of the colour channels, `(n, H, W)`; the fourth channel is no colour.

    >>> grey(np.array([[[[0.0]], [[0.5]], [[1.0]], [[9.0]]]], np.float32))
    array([[[0.5]]], dtype=float32)
    """
    # slices are added one by one: NumPy's order of summation over an axis depends on the layout
    colors = values[:, : min(values.shape[1], 3)]
    total = colors[:, 0]
    for channel in range(1, colors.shape[1]):
        total = total + colors[:, channel]
    return total / np.float32(colors.shape[1])
