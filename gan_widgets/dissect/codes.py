"""Masks as codes: one number per pixel says which of several concepts are marked there.

Counting pixels by code and multiplying the counts with the table of codes counts all those concepts at once.
Concepts that seldom overlap share few values of a code, so hundreds of them cost little more than ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Codes:
    """Some concepts in one code."""

    code: Tensor
    """`(n, H, W)` int32, each from 0 to `values − 1`."""
    table: Tensor
    """`(values, concepts)` float64, 0 or 1: the concepts that a code stands for."""
    pixels: Tensor
    """`(values,)` int64: how many pixels have each code; none is 0."""
    concepts: tuple[int, ...]
    """Which of the concepts these are."""


@dataclass(frozen=True)
class Marks:
    """The masks of some images, and the pairings in which they are counted."""

    masks: Tensor
    """`(n, concepts, H, W)` bool."""
    codes: Sequence[Codes]
    """The same, as codes."""
    shifts: Sequence[int] = (0,)
    """Shift `k` pairs image `i` with mask `(i + k) % n`."""

    @classmethod
    def of(cls, masks: Tensor) -> "Marks":
        """Write masks `(n, concepts, H, W)` bool as codes, once for all that is counted against them."""
        masks = masks.contiguous()
        pixels = masks[:, 0].numel()
        # a value of a code costs something for each unit and level: less than its lit pixels should
        return cls(masks, coded(masks, room=min(max(pixels // 400, 16), 1024)))

    def paired(self, shifts: Sequence[int]) -> "Marks":
        """Give the same in other pairings."""
        return replace(self, shifts=shifts)

    @property
    def concepts(self) -> list[int]:
        """The concepts in the order of the codes, in which all counts are made."""
        return [concept for some in self.codes for concept in some.concepts]


def coded(masks: Tensor, room: int) -> list[Codes]:
    """Write masks `(n, concepts, H, W)` bool as few codes of `room >= 2` values at most.

    >>> [codes] = coded(torch.tensor([[[[True, False]], [[True, True]]]]), room=9)
    >>> codes.code.tolist(), codes.table.tolist(), codes.pixels.tolist()
    ([[[1, 0]]], [[0.0, 1.0], [1.0, 1.0]], [1, 1])
    """
    found: list[Codes] = []
    for low in range(0, masks.shape[1], 8):
        for codes in _fitting(masks, range(low, min(low + 8, masks.shape[1])), room):
            for place in range(
                len(found) - 1, max(len(found) - 3, -1), -1
            ):  # more tries cost more than they win
                if merged := _merged(found[place], codes, room):
                    found[place] = merged
                    break
            else:
                found.append(codes)
    return found


def marked(codes: Sequence[Codes]) -> Tensor:
    """Count the pixels that each concept marks: int64 `(concepts,)`, in the order of the codes."""
    return torch.cat([some.pixels.double() @ some.table for some in codes]).long()


def _fitting(masks: Tensor, concepts: range, room: int) -> list[Codes]:
    bits = masks.view(torch.uint8)
    code = bits[:, concepts[-1]].clone()
    for concept in concepts[-2::-1]:
        code.add_(code).add_(bits[:, concept])
    pixels = torch.bincount(code.view(-1), minlength=2 ** len(concepts))
    kept = pixels.nonzero()[:, 0]
    if len(kept) > room:
        half = len(concepts) // 2
        return [fit for part in (concepts[:half], concepts[half:]) for fit in _fitting(masks, part, room)]
    table = kept[:, None] >> torch.arange(len(concepts), device=masks.device) & 1
    return [Codes(_renumbered(code, kept, len(pixels)), table.double(), pixels[kept], tuple(concepts))]


def _merged(one: Codes, other: Codes, room: int) -> Codes | None:
    values, others = len(one.table), len(other.table)
    if values + others - 1 > room or values * others > 2**16:  # the sum less 1: when they never overlap
        return None
    code = one.code * others + other.code
    pixels = torch.bincount(code.view(-1), minlength=values * others)
    kept = pixels.nonzero()[:, 0]
    if len(kept) > room:
        return None
    table = torch.cat([one.table[kept // others], other.table[kept % others]], 1)
    return Codes(_renumbered(code, kept, len(pixels)), table, pixels[kept], (*one.concepts, *other.concepts))


def _renumbered(code: Tensor, kept: Tensor, values: int) -> Tensor:
    number = torch.zeros(values, dtype=torch.int32, device=code.device)
    number[kept] = torch.arange(len(kept), dtype=torch.int32, device=code.device)
    return number.index_select(0, code.view(-1).int()).view_as(code)
