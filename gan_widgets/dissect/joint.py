"""The joint histogram of units, levels and concepts, from which the counts at every level follow."""

from functools import partial

import torch
from torch import Tensor

from gan_widgets.dissect.bands import Bands
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.dense import pictures
from gan_widgets.dissect.quick import above, at_once, repeated, where
from gan_widgets.dissect.tally import Tally


def count_jointly(maps: Tensor, levels: Tensor, marks: Marks) -> tuple[Tensor, Tensor]:
    """Count pixels above each level: int64 `(shifts, units, L, concepts)` and, in all, `(units, L)`.

    `maps` `(n, units, h, w)` floating, whatever is in them; `levels` `(units, L)` float32, ascending.
    """
    concepts, H, W = marks.masks.shape[1:]
    units, depth = levels.shape
    bands, lowest = Bands(levels), levels[:, :1].contiguous()
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
            values = pictures(some[:, block], (H, W))
            place, pixel = _places(values, lowest[block], bands, u)
            counted, lit = tally.count(place, len(values) * depth + 1, pixel)
            both[:, :, block] += counted[:, 1:].view(shifts, -1, depth, concepts).permute(2, 0, 1, 3)
            active[:, block] += lit[1:].view(-1, depth).mT
    for level in range(depth - 2, -1, -1):
        both[level] += both[level + 1]
        active[level] += active[level + 1]
    return both.permute(1, 2, 0, 3), active.mT


def _turned(code: Tensor, images: slice) -> Tensor:
    return code[images].permute(2, 1, 0)


def _places(values: Tensor, lowest: Tensor, bands: Bands, first: int) -> tuple[Tensor, Tensor]:
    """Find the lit pixels of values `(units, pixels)`: where `bands` puts them, and which pixel, int32."""
    units, pixels = values.shape
    found = where(above(values, lowest))
    ends = torch.searchsorted(found, torch.arange(units + 1, device=found.device) * pixels)
    counts = ends.diff()
    place = bands.place(values.view(-1).index_select(0, found), first, counts)
    before = torch.arange(units, dtype=torch.int32, device=found.device) * pixels
    return place, found.int().sub_(repeated(before, counts))
