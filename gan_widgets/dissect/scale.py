"""How finely one layer is counted: which levels, and in how many blocks."""

from dataclasses import dataclass
from math import prod
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from gan_widgets.dissect.statistics import Counts
from gan_widgets.dissect.thresholds import Tail, exceeding, iqr_levels

Threshold: TypeAlias = Literal["quantile", "iqr"]

_LOW = 0.80  # where the levels of "iqr" begin, a quantile of the unit
_FINEST = 64  # levels of a fully connected layer, over all of its range
_TAIL_BYTES = 32 << 20
_COUNT_BYTES = 256 << 20
_BLOCKS = (32, 16), (32, 8), (16, 8), (16, 4), (8, 4)  # of images, and of the null


@dataclass(frozen=True)
class Scale:
    """The levels and blocks of one layer: a function of sizes alone, so that parts of one plan agree.

    `size` is `(h, w)` of its maps, `()` when it is fully connected; `share` is that of the level of
    `"quantile"`, and `beside` are other shares that are counted along; `count` is the number of levels of
    `"iqr"`; `images` are those of the plan's range for thresholds.
    """

    units: int
    size: tuple[int, ...]
    concepts: int
    threshold: Threshold
    share: float
    beside: tuple[float, ...]
    count: int
    images: int
    shifts: int

    @property
    def tail_images(self) -> int:
        """How many images of the range for thresholds this layer's levels come from.

        All of them, unless the values to keep would take more than 32 MB.
        """
        each = 4 * self.units * prod(self.size) * (self._kept_share if self.size else 1)
        return max(1, min(self.images, int(_TAIL_BYTES / each)))

    @property
    def _kept_share(self) -> float:
        return max(self.share, *self.beside, 0) if self.threshold == "quantile" else 1 - _LOW

    def tail(self) -> Tail:
        """Make the tail that the levels are found from; raises `DissectionError` for a share too small."""
        positions = self.tail_images * prod(self.size)
        above = exceeding(self._kept_share, positions)
        for share in self.shares:
            exceeding(share, positions)
        return Tail(self.units, above + 1 if self.size else max(2, positions))

    @property
    def shares(self) -> tuple[float, ...]:
        """The shares of the levels that are found as quantiles, falling; `()` for levels in even steps."""
        asked = {self.share, *self.beside} if self.threshold == "quantile" else set()
        if not self.size:
            steps = min(_FINEST, self.tail_images - 1)
            asked |= {j / (steps + 1) for j in range(1, steps + 1)}
        return tuple(sorted(asked, reverse=True))

    @property
    def main(self) -> int:
        """Which level the quantile is; 0 for `"iqr"`, where each unit and concept chooses its own."""
        return self.shares.index(self.share) if self.threshold == "quantile" else 0

    def levels(self, tail: Tail) -> tuple[Tensor, Tensor]:
        """Give each unit's levels, float32 `(units, L)`, ascending, and who is tied, bool `(units,)`.

        A unit is tied when its level is a value that it takes again and again: it has then no region of the
        wanted size.
        """
        if not self.shares:
            levels = iqr_levels(tail, self.count, _LOW)
            return levels, levels[:, 0] == tail.values[:, 0].to(levels.device)
        found = [tail.levels(share, tail.positions) for share in self.shares]
        levels = torch.stack([level for level, _ in found], 1)
        if self.threshold == "quantile":
            return levels, found[self.main][1]
        return levels, levels[:, 0] == levels[:, -1]

    @property
    def blocks(self) -> tuple[int, int]:
        """How many blocks of images there are, and of the null: fewer where tables would take over 256 MB."""
        table = 8 * self.units * self.own_levels * self.concepts
        for blocks, null_blocks in _BLOCKS:
            tables = blocks + (2 * self.shifts - 1) * null_blocks
            if tables * table <= _COUNT_BYTES:
                break
        return blocks, null_blocks

    @property
    def own_levels(self) -> int:
        """How many levels are counted by block: one where it is known, all where it is chosen later."""
        return 1 if self.threshold == "quantile" else len(self.shares) or self.count

    def counts(self, *, labels: bool = False) -> Counts:
        """Start the counts of one range."""
        blocks, null_blocks = self.blocks
        return Counts.zeros(
            self.units,
            self.own_levels,
            self.concepts,
            blocks=null_blocks if labels else blocks,
            null_blocks=null_blocks,
            shifts=self.shifts,
        )
