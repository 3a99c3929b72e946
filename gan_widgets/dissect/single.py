"""Counting at one level of each unit: cell by cell where the unit is seldom above it, else every pixel."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from gan_widgets.dissect.cells import lit_pixels, lit_points
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.dense import count_everywhere
from gan_widgets.dissect.quick import at_once
from gan_widgets.dissect.tally import Tally

_POINTS = 2**20  # of maps that are looked at together
_CROWDED = 0.1  # share of points above the level, from which on looking at every pixel is faster


def count_at_one_level(maps: Tensor, levels: Tensor, marks: Marks) -> tuple[Tensor, Tensor]:
    """Count pixels above one level: int64 `(shifts, units, 1, concepts)` and, in all, `(units, 1)`.

    `maps` `(n, units, h, w)` floating, whatever is in them; `levels` `(units, 1)` float32.
    """
    n, units, h, w = maps.shape
    tally = Tally(marks, lambda code: code)
    both, active = tally.zeros(units)
    step = max(1, _POINTS // (n * h * w))
    for u in range(0, units, step):
        block = slice(u, u + step)
        some = maps[:, block].float().contiguous()
        both[:, block], active[block] = _count(some, levels[block, 0].contiguous(), marks, tally)
    return both[:, :, None], active[:, None]


def _count(maps: Tensor, levels: Tensor, marks: Marks, tally: Tally) -> tuple[Tensor, Tensor]:
    n, units, h, w = maps.shape
    H, W = marks.masks.shape[2:]
    points, unit = lit_points(maps, levels)
    crowded = torch.bincount(unit, minlength=units) > _CROWDED * n * h * w
    # the differences of larger numbers may overflow; NaN is not smaller either
    crowded |= ~(torch.maximum(maps.amax((0, 2, 3)), -maps.amin((0, 2, 3))) < 2.0**126)
    some = crowded.any()
    if some:
        points = points[~crowded.index_select(0, unit)]
    both, active = tally.zeros(units)
    for place, pixel in _gathered(lit_pixels(maps, levels, points, (H, W))):
        counted, lit = tally.count(place, units, pixel)
        both += counted
        active += lit
    if some:
        everywhere, active[crowded] = count_everywhere(maps[:, crowded], levels[crowded], marks)
        both[:, crowded] = everywhere[..., marks.concepts]
    return both, active


def _gathered(parts: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Join small parts: to count them costs something for every unit, lit or not."""
    waiting: list[tuple[Tensor, Tensor]] = []
    for part in parts:
        waiting.append(part)
        if sum(len(unit) for unit, _ in waiting) > at_once(part[0].device):
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    units, pixels = zip(*parts, strict=True)
    return torch.cat(units), torch.cat(pixels)
