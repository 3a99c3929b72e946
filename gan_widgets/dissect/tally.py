"""Counting pixels by place and by concept, for several pairings of images with masks."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gan_widgets.dissect.codes import Codes


class Tally:
    """Counts pixels of `n` images whose masks are written as codes.

    `arrange` brings a code `(n, H, W)` into the order by which pixels will be named, flattened; shift `k`
    pairs image `i` with mask `(i + k) % n`.
    """

    def __init__(
        self, codes: Sequence[Codes], shifts: Sequence[int], arrange: Callable[[Tensor], Tensor]
    ) -> None:
        self._shifts = len(shifts)
        self._codes = [
            (
                torch.tensor(some.concepts, device=some.code.device),
                some.table,
                [arrange(some.code.roll(-k, 0) if k else some.code).reshape(-1) for k in shifts],
            )
            for some in codes
        ]

    def zeros(self, places: int) -> tuple[Tensor, Tensor]:
        """Give what `count` gives of no pixels."""
        device = self._codes[0][1].device
        concepts = sum(len(which) for which, _, _ in self._codes)
        both = torch.zeros(self._shifts, places, concepts, dtype=torch.int64, device=device)
        return both, both.new_zeros(places)

    def count(self, place: Tensor, places: int, pixel: Tensor) -> tuple[Tensor, Tensor]:
        """Count pixels `(k,)` by their `place` `(k,)`, from 0 to `places − 1`.

        Gives int64 `(shifts, places, concepts)`, the pixels that each concept marks, and `(places,)`, all.
        """
        both, lit = self.zeros(places)
        for which, table, numbers in self._codes:
            values = len(table)
            base = place * values
            for counted, number in zip(both, numbers, strict=True):
                key = base + number.index_select(0, pixel)
                counts = torch.bincount(key, minlength=places * values).view(places, values).double()
                counted[:, which] = (counts @ table).long()
        return both, lit.add_(counts.sum(1).long())
