"""The joint histogram of units, levels and concepts, from which the counts at every level follow."""

from functools import partial

import torch
from torch import Tensor

from gan_widgets.dissect.bands import Bands
from gan_widgets.dissect.cells import lit_values
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.dense import pictures
from gan_widgets.dissect.quick import above, at_once, repeated, sum_upwards, where
from gan_widgets.dissect.tally import Tally


def count_jointly(maps: Tensor, levels: Tensor, marks: Marks) -> tuple[Tensor, Tensor]:
    """Count pixels above each level: int64 `(shifts, units, L, concepts)` and, in all, `(units, L)`.

    `maps` `(n, units, h, w)` floating, whatever is in them; `levels` `(units, L)` float32, ascending.
    """
    concepts, H, W = marks.masks.shape[1:]
    units, depth = levels.shape
    bands, lowest = Bands(levels), levels[:, 0].contiguous()
    images = max(1, at_once(maps.device) // (H * W))
    shifts = len(marks.shifts)
    both = torch.zeros(depth, shifts, units, concepts, dtype=torch.int64, device=maps.device)
    active = torch.zeros(depth, units, dtype=torch.int64, device=maps.device)
    for low in range(0, len(maps), images):
        some = maps[low : low + images]
        tally = Tally(marks, partial(_turned, images=slice(low, low + images)))
        # so many units that their pixels, and their histograms, are not too many
        step = max(1, at_once(maps.device) // max(len(some) * H * W, 16 * depth))
        for u in range(0, units, step):
            block = slice(u, u + step)
            values, pixel, counts = _lit(some[:, block], lowest[block], (H, W))
            place = bands.place(values, u, counts)
            counted, lit = tally.count(place, counts.shape[1] * depth + 1, pixel)
            both[:, :, block] += counted[:, 1:].view(shifts, -1, depth, concepts).permute(2, 0, 1, 3)
            active[:, block] += lit[1:].view(-1, depth).mT
    for counts in (both, active):
        sum_upwards(counts)
    return both.permute(1, 2, 0, 3), active.mT


def _turned(code: Tensor, images: slice) -> Tensor:
    return code[images].permute(2, 1, 0)


def _lit(maps: Tensor, levels: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Find what `lit_values` finds, whatever is in the maps."""
    if maps.abs().amax() < 2.0**126:  # NaN is not smaller
        return lit_values(maps, levels, size)
    values = pictures(maps, size)
    units, pixels = values.shape
    found = where(above(values, levels[:, None]))
    edges = torch.arange(units + 1, device=found.device) * pixels
    counts = torch.searchsorted(found, edges).diff()
    pixel = (found - repeated(edges[:-1], counts)).int()
    return values.view(-1).index_select(0, found), pixel, counts[None]
