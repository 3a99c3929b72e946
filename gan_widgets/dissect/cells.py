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

from gan_widgets.core.sampling import places, stretch
from gan_widgets.dissect.quick import above, at_once, repeated, split, where


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


def lit_values(maps: Tensor, levels: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Find the pixels above their unit's level, what the unit does there, and how many each unit has.

    `maps` `(n, units, h, w)` floating, read as float32, smaller than 2¹²⁶; `levels` `(units,)` float32. Gives
    values float32 `(k,)`, places int32 `(k,)` in `(W, H, n)`, flattened, and counts int64 `(rounds, units)`:
    values come in rounds, by unit in each. For levels that much of a map exceeds; `lit_pixels` is for others.

    >>> [part.tolist() for part in lit_values(torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([0.5]), (1, 4))]
    [[1.0, 0.75], [3, 2], [[1], [1]]]
    """
    n, units, _, w = maps.shape
    line, columns = size[0] * n, _axis(w, size[1], maps.device)
    # sides of cells, the outermost twice: cell j lies between sides j and j + 1
    sides = torch.arange(-1, w + 1, device=maps.device).clamp(0, w - 1)
    tall = maps.permute(1, 2, 3, 0).index_select(2, sides).float().flatten(2)
    tall = stretch(tall, 1, size[0]).view(units, size[0], w + 2, n).transpose(1, 2).flatten(1)
    lit = above(tall, levels[:, None]).view(units, w + 2, line)
    # rows of cells with an end above, ascending: runs of them share unit and cell
    rows = where(lit[:, :-1] | lit[:, 1:])
    runs = torch.arange(units * (w + 1) + 1, device=maps.device) * line
    counts = torch.searchsorted(rows, runs).diff()
    per_unit = counts.view(units, w + 1).sum(1)
    first = rows + repeated(torch.arange(units, device=maps.device) * line, per_unit)
    left, right = (tall.view(-1).index_select(0, ends) for ends in (first, first + line))
    values = _across(left, right, columns, counts.view(units, w + 1))
    begin = (columns.start * line).repeat(units) - runs[:-1]
    across = torch.arange(len(values), dtype=torch.int32, device=maps.device)[:, None] * line
    pixel = (rows + repeated(begin, counts)).int() + across
    lit = where(above(values, repeated(levels, per_unit)))
    ends = torch.cat([counts.new_zeros(1), per_unit.cumsum(0)])
    found = torch.searchsorted(lit, torch.arange(len(values), device=lit.device)[:, None] * len(rows) + ends)
    return values.view(-1).index_select(0, lit), pixel.view(-1).index_select(0, lit), found.diff(dim=1)


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
    pixels: tuple[int, ...]
    """How many pixels each cell has."""
    alike: bool
    """Whether all cells but the first and the last, which share one's pixels, have the same fractions."""


@lru_cache(maxsize=64)
def _axis(points: int, pixels: int, device: torch.device) -> _Axis:
    lie = places(points, pixels)
    counts = torch.bincount(lie.cell, minlength=points + 1)
    start = counts.cumsum(0) - counts
    widest = int(counts.max())
    fraction = torch.full((widest, points + 1), torch.nan, dtype=torch.float32, device="cpu")
    place = torch.arange(pixels, device="cpu") - start[lie.cell]
    fraction[place, lie.cell] = lie.fraction.float()
    before, after, start, fraction = (p.to(device) for p in (lie.before, lie.after, start, fraction))
    alike = points > 1 and pixels % points == 0
    return _Axis(before, after, start, fraction, tuple(counts.tolist()), alike)


def _across(left: Tensor, right: Tensor, columns: _Axis, counts: Tensor) -> Tensor:
    """Work out the pixels of rows of cells: `(widest, k)`, NaN past a cell's last.

    `left`, `right` `(k,)` are the ends of `counts[0, 0]` rows in cells of the first column, of `counts[0, 1]`
    in cells of the second, and so on, then of those that `counts[1]` tells.
    """
    if not columns.alike:
        return _mix(left, right, repeated(columns.fraction.repeat(1, len(counts)), counts.flatten(), 1))
    values = _mix(left, right, columns.fraction[:, 1:2])
    column = torch.arange(counts.shape[1], device=left.device).repeat(len(counts))
    for edge in (0, counts.shape[1] - 1):
        short = where(repeated(column == edge, counts.flatten()))
        values[columns.pixels[edge] :].index_fill_(1, short, torch.nan)
    return values


def _mix(start: Tensor, end: Tensor, fraction: Tensor) -> Tensor:
    return (end - start).mul(fraction).add_(start)
