"""Where the pixels of a picture lie between the points of a map: bilinear, `align_corners=False`.

Pixel `X` of `W` lies at `x = (X + 1/2) · w / W − 1/2` on a map of `w` points: a fraction `f` of the way from
point `i` to point `i + 1`. Beyond the outermost points the map goes on as it ends. Positions are worked
out in whole numbers and rounded once, so pixels that lie alike between their points get the same bits.

>>> where = places(2, 4)                                       # cell 0 lies before point 0, 2 after point 1
>>> where.cell.tolist(), where.fraction.tolist()
([0, 1, 1, 2], [0.75, 0.25, 0.75, 0.25])
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor


@dataclass(frozen=True)
class Places:
    """The pixels of one axis of a picture, on a map of `points` points."""

    cell: Tensor
    """`(pixels,)` int64 from 0 to `points`: the cell between points `cell − 1` and `cell`."""
    fraction: Tensor
    """`(pixels,)` float64 in [0, 1): how far into the cell."""
    before: Tensor
    """`(pixels,)` int64: the point before the pixel."""
    after: Tensor
    """`(pixels,)` int64: the point after it; the point itself where the pixel lies on it."""


@lru_cache(maxsize=256)
def places(points: int, pixels: int) -> Places:
    """Place `pixels` pixels on a map of `points` points."""
    doubled = (2 * torch.arange(pixels) + 1) * points - pixels  # 2 · pixels · x
    cell = doubled.div(2 * pixels, rounding_mode="floor") + 1
    rest = doubled - (cell - 1) * 2 * pixels
    before = (cell - 1).clamp(min=0)
    after = torch.where(rest > 0, cell, before).clamp(max=points - 1)
    return Places(cell, rest.double() / (2 * pixels), before, after)
