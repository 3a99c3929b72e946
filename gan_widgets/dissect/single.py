"""Counting at one level of each unit: cell by cell where the unit is seldom above it, else every pixel."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from gan_widgets.core.sampling import stretch
from gan_widgets.dissect.cells import lit_pixels, lit_points
from gan_widgets.dissect.codes import Codes
from gan_widgets.dissect.quick import above, at_once
from gan_widgets.dissect.tally import Tally

_CROWDED = 0.25  # share of a unit's points above its level, from which on looking at every pixel is faster


def count_at_one_level(
    maps: Tensor, levels: Tensor, codes: Sequence[Codes], shifts: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Count pixels above one level: int64 `(shifts, units, 1, concepts)` and, of any concept, `(units, 1)`.

    `maps` `(n, units, h, w)` float32, whatever is in them; `levels` `(units, 1)` float32.
    """
    n, units, h, w = maps.shape
    levels = levels[:, 0].contiguous()
    points, unit = lit_points(maps, levels)
    crowded = torch.bincount(unit, minlength=units) > _CROWDED * n * h * w
    # the differences of larger numbers may overflow; NaN is not smaller either
    crowded |= ~(torch.maximum(maps.amax((0, 2, 3)), -maps.amin((0, 2, 3))) < 2.0**126)
    some = crowded.any()
    if some:
        points = points[~crowded.index_select(0, unit)]
    tally = Tally(codes, shifts, lambda code: code)
    both, active = tally.zeros(units)
    H, W = codes[0].code.shape[1:]
    for place, pixel in _gathered(lit_pixels(maps, levels, points, (H, W))):
        counted, lit = tally.count(place, units, pixel)
        both += counted
        active += lit
    if some:
        both[:, crowded], active[crowded] = _count_all(maps[:, crowded], levels[crowded], codes, shifts)
    return both[:, :, None], active[:, None]


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


def _count_all(
    maps: Tensor, levels: Tensor, codes: Sequence[Codes], shifts: Sequence[int]
) -> tuple[Tensor, Tensor]:
    n, units, _, _ = maps.shape
    H, W = codes[0].code.shape[1:]
    order = torch.tensor([i for some in codes for i in some.concepts], device=maps.device)
    both = torch.zeros(len(shifts), units, len(order), dtype=torch.int64, device=maps.device)
    active = torch.zeros(units, dtype=torch.int64, device=maps.device)
    step = max(1, at_once(maps.device) // (H * W))
    for image in range(n):
        masks = [
            torch.cat([some.table.float()[some.code[(image + k) % n].flatten()] for some in codes], 1)
            for k in shifts
        ]
        for u in range(0, units, step):
            block = slice(u, u + step)
            values = stretch(stretch(maps[image, block], 1, H), 2, W).flatten(1)
            lit = above(values, levels[block, None]).float()
            active[block] += lit.sum(1).long()
            for k, mask in enumerate(masks):
                both[k, block] += (lit @ mask).long()  # of 0 and 1, at most H · W: exact
    return both[:, :, order.argsort()], active
