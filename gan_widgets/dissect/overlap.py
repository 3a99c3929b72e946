"""How much of each concept lies where each unit is above its level: exact counts of pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.codes import Marks, marked
from gan_widgets.dissect.joint import count_jointly
from gan_widgets.dissect.regions import check_maps
from gan_widgets.dissect.single import count_at_one_level


@dataclass(frozen=True)
class Overlap:
    """Counts of pixels over some images; those over more images are the sums of each field."""

    both: Tensor
    """`(shifts, units, levels, concepts)` int64: `Σ |{a↑ > t} ∧ s|`."""
    active: Tensor
    """`(units, levels)` int64: `Σ |{a↑ > t}|`."""
    marked: Tensor
    """`(concepts,)` int64: `Σ |s|`."""
    pixels: int
    """`n · H · W`."""


def overlap(maps: Tensor, levels: Tensor, masks: Tensor | Marks, shifts: Sequence[int] = (0,)) -> Overlap:
    """Count where units and concepts meet: the sums of Bau et al. (arXiv 1811.10597), equation 2.

    `maps` `(n, units, h, w)` floating; `levels` `(units, L)` float32, ascending; `masks`
    `(n, concepts, H, W)` bool, which may overlap, or `Marks.of` them, to be used again. Shift `k` pairs
    `maps[i]` with `masks[(i + k) % n]`. Every count equals that of
    `regions(maps, levels[:, l], (H, W)) & masks`. Features without a map come as `(n, units, 1, 1)` with
    masks `(n, concepts, 1, 1)`. Raises `DissectionError` for what does not fit.

    >>> maps = torch.tensor([[[[0.0, 1.0]]]])
    >>> masks = torch.tensor([[[[True, True, True, False]]]])
    >>> counts = overlap(maps, torch.tensor([[0.1, 0.5]]), masks)
    >>> counts.both.tolist(), counts.active.tolist(), counts.marked.tolist(), counts.pixels
    ([[[[2], [1]]]], [[3, 2]], [3], 4)
    """
    check_maps(maps)
    t = levels.detach().to(maps.device, torch.float32)
    _check(maps, t, masks.masks if isinstance(masks, Marks) else masks, shifts)
    marks = (masks if isinstance(masks, Marks) else Marks.of(masks.to(maps.device))).paired(shifts)
    both, active = (count_at_one_level if t.shape[1] == 1 else count_jointly)(maps.detach(), t, marks)
    each = marked(marks.codes)
    if marks.concepts != sorted(marks.concepts):  # to choose takes ten times as long as to copy
        order = torch.tensor(marks.concepts, device=maps.device).argsort()
        both, each = both.index_select(3, order), each[order]
    return Overlap(both.contiguous(), active.contiguous(), each, marks.masks[:, 0].numel())


def _check(maps: Tensor, levels: Tensor, masks: Tensor, shifts: Sequence[int]) -> None:
    if masks.ndim != 4 or masks.dtype != torch.bool or masks.numel() == 0 or len(masks) != len(maps):
        raise DissectionError(
            problem(
                "masks are true or false for every image, concept and pixel.",
                got=f"{masks.dtype} {tuple(masks.shape)} for {len(maps)} images",
                allowed=f"bool ({len(maps)}, concepts, H, W) with one concept at least",
                next="Pass what the segmenter gives for the same images.",
            )
        )
    if levels.ndim != 2 or len(levels) != maps.shape[1] or levels.shape[1] == 0:
        raise DissectionError(
            problem(
                "every unit needs its levels.",
                got=f"{tuple(levels.shape)} for {maps.shape[1]} units",
                allowed=f"({maps.shape[1]}, levels) with one level at least",
                next="Pass levels[:, None] for one level per unit.",
            )
        )
    if not shifts:
        raise DissectionError(
            problem("nothing is paired.", got="no shift", allowed="one at least", next="Pass shifts=(0,).")
        )
    if not (levels[:, 1:] >= levels[:, :-1]).all():
        raise DissectionError(
            problem(
                "a unit's levels ascend.",
                got="levels that fall",
                allowed="levels[:, l] <= levels[:, l + 1]",
                next="Pass levels.sort(1).values.",
            )
        )
