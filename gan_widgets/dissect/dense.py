"""Counting every pixel by matrix products, for units above their level in much of the picture.

Maps lie here as `(units, W, H, n)`: the last step of `core.sampling.stretch`, by far the largest, then works
on long stretches of memory.
"""

import torch
from torch import Tensor

from gan_widgets.core.sampling import stretch
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.quick import at_once


def pictures(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring maps `(n, units, h, w)`, read as float32, to `size`: `(units, W · H · n)`."""
    tall = stretch(maps.permute(1, 2, 3, 0).float().contiguous(), 1, size[0])
    return stretch(tall.transpose(1, 2).contiguous(), 1, size[1]).flatten(1)


def count_everywhere(maps: Tensor, levels: Tensor, marks: Marks) -> tuple[Tensor, Tensor]:
    """Count pixels above levels `(units,)`: int64 `(shifts, units, concepts)` and, in all, `(units,)`.

    `maps` `(n, units, h, w)` float32, whatever is in them.
    """
    n, units, _, _ = maps.shape
    concepts, H, W = marks.masks.shape[1:]
    both = torch.zeros(len(marks.shifts), units, concepts, dtype=torch.int64, device=maps.device)
    active = torch.zeros(units, dtype=torch.int64, device=maps.device)
    images = max(1, at_once(maps.device) // 32 // (H * W))
    step = max(1, at_once(maps.device) // (images * H * W))
    for some in torch.split(torch.arange(n, device=maps.device), images):
        paired = [marks.masks[(some + k) % n].permute(1, 3, 2, 0).flatten(1) for k in marks.shifts]
        marked = torch.cat(paired).view(torch.uint8).float()
        for u in range(0, units, step):
            block = slice(u, u + step)
            lit = pictures(maps[some, block], (H, W)).gt_(levels[block, None])
            active[block] += lit.sum(1).long()
            # sums of 0 and 1, fewer than 2²⁴: exact
            both[:, block] += (marked @ lit.mT).long().view(len(paired), concepts, -1).mT
    return both, active
