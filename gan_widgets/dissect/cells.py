"""The pixels where a unit exceeds its level, found without looking at most of the picture.

A cell is a rectangle between four neighbouring points of a map (the outermost cells repeat their edge). What
`core.sampling.stretch` makes of a cell never leaves the range of its four points, and what it makes of one
row of pixels never leaves the range of that row's two ends. So only cells with a point above the level are
looked at, in them only rows with an end above it, and there every pixel is worked out by the very operations
of `stretch`, in their order: `a + (b − a) · f` down the left and the right side, then across.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gan_widgets.core.sampling import places
from gan_widgets.dissect.quick import above, at_once, split, where


def lit_points(maps: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    """Find the points of maps `(n, units, h, w)` above their unit's level.

    Gives their places in `maps`, flattened, ascending, and their units: int64 `(points,)`.
    """
    points = where(above(maps.flatten(2), levels[:, None]))
    return points, split(split(points, maps[0, 0].numel())[0], maps.shape[1])[1]


def lit_pixels(
    maps: Tensor, levels: Tensor, points: Tensor, size: tuple[int, int]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Find the pixels above their unit's level: parts of their units and their places in `(n, H, W)`.

    `maps` `(n, units, h, w)` float32, contiguous, smaller than 2¹²⁶; `levels` `(units,)` float32; `points` as
    `lit_points` finds them, perhaps without those of some units, which then have no pixels. All is int64.

    >>> maps = torch.tensor([[[[0.0, 1.0]]]])
    >>> levels = torch.tensor([0.5])
    >>> [pixel.tolist() for _, pixel in lit_pixels(maps, levels, lit_points(maps, levels)[0], (1, 4))]
    [[3, 2]]
    """
    n, units, h, w = maps.shape
    rows, columns = _axis(h, size[0], maps.device), _axis(w, size[1], maps.device)
    tall, wide = len(rows.fraction), len(columns.fraction)
    flat = maps.view(-1)
    step = max(1, 2 * at_once(maps.device) // (tall * wide))  # most pixels of most cells are passed over
    for cells in torch.split(_lit_cells(points, maps.shape), step):
        line, j = split(cells, w + 1)
        which, i = split(line, h + 1)
        unit, image = split(which, n)
        t = levels.index_select(0, unit)
        upper, lower = (
            ((image * units + unit) * h + side.index_select(0, i)) * w for side in (rows.before, rows.after)
        )
        near, far = (side.index_select(0, j) for side in (columns.before, columns.after))
        down = rows.fraction.index_select(1, i)
        left, right = (
            _mix(flat.index_select(0, upper + x), flat.index_select(0, lower + x), down) for x in (near, far)
        )
        lit = where(above(torch.maximum(left, right), t))
        y, cell = split(lit, len(cells))
        left, right = (ends.view(-1).index_select(0, lit) for ends in (left, right))
        values = _mix(left, right, columns.fraction.index_select(1, j.index_select(0, cell)))
        x, row = split(where(above(values, t.index_select(0, cell))), len(cell))
        first = (image * size[0] + rows.start.index_select(0, i)) * size[1] + columns.start.index_select(0, j)
        pixel = (first.index_select(0, cell) + y * size[1]).index_select(0, row) + x
        yield unit.index_select(0, cell).index_select(0, row), pixel


def _lit_cells(points: Tensor, shape: torch.Size) -> Tensor:
    """Find the cells that touch these points: their places in `(units, n, h + 1, w + 1)`, ascending."""
    n, units, h, w = shape
    line, j = split(points, w)
    which, i = split(line, h)
    image, unit = split(which, units)
    corner = ((unit * n + image) * (h + 1) + i) * (w + 1) + j
    flags = torch.zeros(units * n * (h + 1) * (w + 1), dtype=torch.bool, device=points.device)
    for step in (0, 1, w + 1, w + 2):
        flags.index_fill_(0, corner + step, True)
    return where(flags)


@dataclass(frozen=True)
class _Axis:
    """The cells along one axis of a map: one more than it has points."""

    before: Tensor
    """`(cells,)` int64: the point before each cell."""
    after: Tensor
    """`(cells,)` int64: the point after it."""
    start: Tensor
    """`(cells,)` int64: the cell's first pixel."""
    fraction: Tensor
    """`(widest, cells)` float32: how far its pixels are from `before` to `after`; NaN past its last."""


@lru_cache(maxsize=64)
def _axis(points: int, pixels: int, device: torch.device) -> _Axis:
    lie = places(points, pixels)
    counts = torch.bincount(lie.cell, minlength=points + 1)
    start = counts.cumsum(0) - counts
    widest = int(counts.max())
    fraction = torch.full((widest, points + 1), torch.nan, dtype=torch.float32, device="cpu")
    place = torch.arange(pixels, device="cpu") - start[lie.cell]
    fraction[place, lie.cell] = lie.fraction.float()
    return _Axis(*(part.to(device) for part in (lie.before, lie.after, start, fraction)))


def _mix(start: Tensor, end: Tensor, fraction: Tensor) -> Tensor:
    return (end - start).mul(fraction).add_(start)
