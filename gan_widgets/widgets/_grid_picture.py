"""All maps of a layer in one still picture."""

from math import isqrt

import numpy as np
import torch
from numpy.typing import NDArray

from gan_widgets.core.pixels import colorize, mosaic, png

SMALL, LEAST, LARGEST = 48, 12, 112
"""Pixels: what the longer side of a small map is enlarged to, the least of any side, the most of any."""


def picture_of(maps: NDArray[np.float32], low: float, high: float) -> bytes:
    """Return maps `(units, h, w)` as a PNG, row by row from unit 0, coloured over [low, high].

    A map with more than `LARGEST` values on a side is shown by means: its whole is as large as others.
    """
    units, h, w = maps.shape
    share = min(1.0, LARGEST / max(h, w))
    small = shrunk(maps, max(1, round(h * share)), max(1, round(w * share)))
    colors = colorize(torch.tensor(small), low, high)
    zoom = max(1, SMALL // max(small.shape[1:]))
    for axis in (1, 2):
        colors = colors.repeat(max(zoom, -(-LEAST // small.shape[axis])), axis=axis)
    framed = np.pad(colors, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
    return png(mosaic(framed, columns=isqrt(units - 1) + 1))


def shrunk(maps: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Return maps `(units, h, w)` as means `(units, rows, columns)`, each over values of its own.

    There are at most as many rows as h and columns as w. A mean over a value that is not finite is not.

    >>> shrunk(np.array([[[1, 3, 5, np.nan, 7], [3, 5, 5, 1, 9]]], np.float32), 1, 2).tolist()
    [[[3.0, nan]]]
    """
    _, h, w = maps.shape
    if (rows, columns) == (h, w):
        return maps
    top, left = np.arange(rows) * h // rows, np.arange(columns) * w // columns
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        sums = np.add.reduceat(np.add.reduceat(maps.astype(np.float64), top, axis=1), left, axis=2)
    counts = np.diff(top, append=h)[:, None] * np.diff(left, append=w)
    means: NDArray[np.float32] = (sums / counts).astype(np.float32)
    return means
