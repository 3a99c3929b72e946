"""Counting pixels by place and by concept, for several pairings of images with masks."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_widgets.dissect.codes import Marks


class Tally:
    """Counts pixels of `n` images against their masks.

    `arrange` brings a code `(n, H, W)` into the order by which pixels will be named, flattened.
    """

    def __init__(self, marks: Marks, arrange: Callable[[Tensor], Tensor]) -> None:
        self._shape = len(marks.shifts), marks.masks.shape[1]
        self._codes = [
            (
                some.table,
                [arrange(some.code.roll(-k, 0) if k else some.code).reshape(-1) for k in marks.shifts],
            )
            for some in marks.codes
        ]

    def zeros(self, places: int) -> tuple[Tensor, Tensor]:
        """Give what `count` gives of no pixels."""
        shifts, concepts = self._shape
        device = self._codes[0][0].device
        both = torch.zeros(shifts, places, concepts, dtype=torch.int64, device=device)
        return both, both.new_zeros(places)

    def count(self, place: Tensor, places: int, pixel: Tensor) -> tuple[Tensor, Tensor]:
        """Count pixels `(k,)` by their `place` `(k,)`, from 0 to `places − 1`.

        Gives int64 `(shifts, places, concepts)`, those that each concept marks, and `(places,)`, all.
        """
        both, lit = self.zeros(places)
        low = 0
        for table, numbers in self._codes:
            values, concepts = table.shape
            base = place * values
            for counted, number in zip(both, numbers, strict=True):
                key = base + number.index_select(0, pixel)
                counts = torch.bincount(key, minlength=places * values).view(places, values).double()
                counted[:, low : low + concepts] = counts @ table
            low += concepts
        return both, lit.copy_(counts.sum(1))
