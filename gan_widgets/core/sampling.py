"""How the pixels of a picture lie between the points of a map: bilinear, `align_corners=False`.

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
    """`(points + 1,)` int64: the point before each cell; the first point itself for the first cell."""
    after: Tensor
    """`(points + 1,)` int64: the point after it; the last point itself for the last cell."""


@lru_cache(maxsize=256)
@torch.inference_mode(mode=False)  # what is kept may meet gradients later
def places(points: int, pixels: int) -> Places:
    """Place `pixels` pixels on a map of `points` points."""
    doubled = (2 * torch.arange(pixels, device="cpu") + 1) * points - pixels  # 2 · pixels · x
    cell = doubled.div(2 * pixels, rounding_mode="floor") + 1
    rest = doubled - (cell - 1) * 2 * pixels
    corner = torch.arange(points + 1, device="cpu")
    ends = (corner - 1).clamp(min=0), corner.clamp(max=points - 1)
    return Places(cell, rest.double() / (2 * pixels), *ends)


def stretch(maps: Tensor, axis: int, pixels: int) -> Tensor:
    """Bring one axis of floating `maps` to `pixels`: between neighbours `a + (b − a) · f`, in three steps.

    Each step rounds once, on every device and wherever the axis lies in memory, so that a pixel depends on
    nothing but its two neighbours and its place. It never leaves their range, not even by rounding: `f` is
    never within 2⁻²² of 1, so `(b − a) · f`, rounded twice, is still no more than `b − a`. NaN and infinity
    spread as far as they have weight.

    >>> stretch(torch.tensor([[0.0, torch.inf]]), 1, 4)
    tensor([[0., inf, inf, inf]])
    """
    where = places(maps.shape[axis], pixels)
    fraction = where.fraction.to(maps).view(-1, *[1] * (maps.ndim - 1 - axis % maps.ndim))
    cell, before, after = (part.to(maps.device) for part in (where.cell, where.before, where.after))
    if maps.abs().amax() < 2.0**126:  # then no difference overflows, and where f is 0, b does not matter
        start = maps.index_select(axis, before)
        step = maps.index_select(axis, after).sub_(start)
        return step.index_select(axis, cell).mul_(fraction).add_(start.index_select(axis, cell))
    start = maps.index_select(axis, before.index_select(0, cell))
    end = maps.index_select(axis, after.index_select(0, cell)).where(fraction > 0, start)
    mixed = (end - start).mul_(fraction).add_(start)
    weighed = start * (1 - fraction) + end * fraction.where(fraction > 0, 1.0)  # infinity times 0 is NaN
    return torch.where(mixed.isfinite(), mixed, weighed)
