"""Counting at one level of each unit: cell by cell where the unit is seldom above it, else every pixel."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from gan_widgets.dissect.cells import lit_pixels, lit_points
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.dense import count_everywhere
from gan_widgets.dissect.quick import at_once
from gan_widgets.dissect.tally import Tally


def count_at_one_level(maps: Tensor, levels: Tensor, marks: Marks) -> tuple[Tensor, Tensor]:
    """Count pixels above one level: int64 `(shifts, units, 1, concepts)` and, in all, `(units, 1)`.

    `maps` `(n, units, h, w)` float32, whatever is in them; `levels` `(units, 1)` float32.
    """
    n, units, h, w = maps.shape
    H, W = marks.masks.shape[2:]
    levels = levels[:, 0].contiguous()
    points, unit = lit_points(maps, levels)
    crowded = torch.bincount(unit, minlength=units) > _worth_it(H * W / (h * w), marks) * n * h * w
    # the differences of larger numbers may overflow; NaN is not smaller either
    crowded |= ~(torch.maximum(maps.amax((0, 2, 3)), -maps.amin((0, 2, 3))) < 2.0**126)
    some = crowded.any()
    if some:
        points = points[~crowded.index_select(0, unit)]
    tally = Tally(marks, lambda code: code)
    both, active = tally.zeros(units)
    for place, pixel in _gathered(lit_pixels(maps, levels, points, (H, W))):
        counted, lit = tally.count(place, units, pixel)
        both += counted
        active += lit
    if some:
        both[:, crowded], active[crowded] = count_everywhere(maps[:, crowded], levels[crowded], marks)
    return both[:, :, None], active[:, None]


def _worth_it(area: float, marks: Marks) -> float:
    """Tell up to which share of points above the level it is faster to look only at lit cells.

    From nanoseconds measured on one core: 1 for a pixel and 0.035 for its product with a mask, everywhere;
    500 for a lit point, 4 for each of the `area` pixels around it and 0.15 to count it by concept.
    """
    products = marks.masks.shape[1] * len(marks.shifts)
    return area * (1 + 0.035 * products) / (500 + area * (4 + 0.15 * products))


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
