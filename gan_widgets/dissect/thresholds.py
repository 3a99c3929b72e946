"""Levels of units from the top of what they do: exact, in any order, in memory that does not grow."""

from typing import Any

import torch
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.quick import above, descending, split, where

_ENOUGH = 0.9  # of the wanted positions above a level; with fewer than ten, all of them


def exceeding(share: float, positions: int) -> int:
    """Tell how many of `positions` values the top `share` holds: `k = floor(share · positions)`.

    A product that rounding left within 1e-6 below a whole number counts as that number. A `Tail` must keep
    `k + 1` values. Raises `DissectionError` when the share is not in (0, 1) or holds no position at all.

    >>> exceeding(0.01, 300), exceeding(0.29, 100)             # 0.29 · 100 is 28.999999999999996
    (3, 29)
    """
    k = int(share * positions + 1e-6) if 0 < share < 1 else 0
    if k == 0:
        raise DissectionError(
            problem(
                "a level is found from the top share of a unit's positions, and that share holds none.",
                got=f"share={share} of {positions} positions",
                allowed="0 < share < 1 and share * positions >= 1",
                next="Look at more images, or take a larger share.",
            )
        )
    return k


class Tail:
    """The `keep` largest values of each unit.

    A monoid: any batches in any order, merged in any order, leave the same bits. NaN is never counted.

    >>> tail = Tail(1, keep=3)
    >>> tail.add(torch.tensor([[[0.0, 4.0], [3.0, torch.nan]]]).reshape(1, 1, 2, 2))
    >>> tail.add(torch.tensor([[[[1.0, 2.0]]]]))
    >>> tail.values.tolist(), tail.positions
    ([[4.0, 3.0, 2.0]], 6)
    >>> tail.levels(share=0.34, positions=6)                   # two of six: between 3 and 2
    (tensor([2.5000]), tensor([False]))
    """

    positions: int
    """How many map positions of each unit were seen."""

    def __init__(self, units: int, keep: int) -> None:
        if units < 1 or keep < 2:
            raise DissectionError(
                problem(
                    "a tail keeps some values of some units.",
                    got=f"units={units}, keep={keep}",
                    allowed="units >= 1, keep >= 2",
                    next="Pass keep=exceeding(share, positions) + 1.",
                )
            )
        self._top = torch.full((units, keep), -torch.inf, dtype=torch.float32)
        self._floor = self._top.amin(1)
        self._waiting: list[Tensor] = []
        self._empty = self._sorted = True
        self.positions = 0

    @property
    def values(self) -> Tensor:
        """`(units, keep)` float32, descending; −inf where there were fewer."""
        self._settle()
        if not self._sorted:
            self._top, self._sorted = descending(self._top), True
        return self._top

    def add(self, maps: Tensor) -> None:
        """Add maps `(n, units, ...)`, floating, any number of axes; read as float32."""
        units = len(self._top)
        if maps.ndim < 2 or maps.shape[1] != units or not maps.is_floating_point() or maps.numel() == 0:
            raise DissectionError(
                problem(
                    "these maps do not belong to this tail.",
                    got=f"{maps.dtype} {tuple(maps.shape)}",
                    allowed=f"floating (n, {units}, ...)",
                    next="Add what capture(model, [layer]) gives, all of one layer.",
                )
            )
        rows = maps.detach().float().transpose(0, 1).reshape(units, -1).contiguous()
        self.positions += rows.shape[1]
        if self._empty:
            self._wait(rows.masked_fill(rows.isnan(), -torch.inf))
            return
        found = where(above(rows, self._floor.to(rows.device)[:, None]))  # NaN is not above anything
        unit, _ = split(found, rows.shape[1])
        counts = torch.bincount(unit, minlength=units)
        start = counts.cumsum(0) - counts
        rank = torch.arange(len(found), device=rows.device) - start.index_select(0, unit)
        width = int(counts.max())
        chosen = rows.new_full((units * width,), -torch.inf)
        chosen[unit * width + rank] = rows.view(-1).index_select(0, found)
        self._wait(chosen.view(units, width))

    def merge(self, other: "Tail") -> None:
        """Take in what another tail of the same units and `keep` has seen."""
        mine, theirs = self._top.shape, other.values.shape
        if mine != theirs:
            raise DissectionError(
                problem(
                    "only tails of the same units and length merge.",
                    got=str(tuple(theirs)),
                    allowed=f"(units, keep) = {tuple(mine)}",
                    next="Make all tails with the same Tail(units, keep).",
                )
            )
        self.positions += other.positions
        self._wait(other.values)

    def levels(self, share: float, positions: int) -> tuple[Tensor, Tensor]:
        """Give the level that the top `share` of `positions` exceeds: float32 `(units,)`, and who is tied.

        With `k = exceeding(share, positions)`, the level lies midway between the (k+1)-th largest value and
        the next above it (Network Dissection, CVPR 2017, section 2.2: `P(a > t) = share`), rounded so that
        all that is larger than the one exceeds it: exactly `k` values, where the k-th differs. Where it does
        not, fewer do. A nonzero value that a few positions share, as in half precision, costs little, and is
        let pass down to nine tenths of `k`; below that, and for zeros, as after a ReLU, the unit is tied, and
        the value itself is given. Where a unit has no (k+1)-th number the level is −inf. Raises
        `DissectionError` when the tail is too short.
        """
        k = exceeding(share, positions)
        keep = self._top.shape[1]
        if k >= keep:
            raise DissectionError(
                problem(
                    "the tail is too short for this share.",
                    got=f"keep={keep}",
                    allowed=f"keep >= {k + 1}",
                    next=f"Make it with Tail(units, keep={k + 1}).",
                )
            )
        largest, low = self.values[:, :k], self.values[:, k]
        above_it = (largest > low[:, None]).sum(1)
        tied = (above_it < _ENOUGH * k) | ((above_it < k) & ((low == 0) | low.isinf()))
        high = largest.gather(1, (above_it - 1).clamp(min=0)[:, None])[:, 0]
        middle = ((high.double() + low.double()) / 2).float()
        return torch.where(~tied & (middle >= low) & (middle < high), middle, low), tied

    def state_dict(self) -> dict[str, Any]:
        """Give all that `from_state_dict` needs: `values` on the CPU, and `positions`."""
        return {"values": self.values.cpu().clone(), "positions": self.positions}

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> "Tail":
        """Make the tail that `state_dict` described."""
        tail = cls(*state["values"].shape)
        tail._wait(state["values"])
        tail.positions = int(state["positions"])
        return tail

    def _wait(self, rows: Tensor) -> None:
        # values wait, so that the largest are chosen seldom: that costs much the same for few as for many
        self._waiting.append(rows)
        if sum(some.shape[1] for some in self._waiting) > max(self._top.shape[1] // 4, 512):
            self._settle()

    def _settle(self) -> None:
        if self._waiting:
            device = self._waiting[-1].device
            together = torch.cat([some.to(device) for some in (self._top, *self._waiting)], 1)
            self._top = together.topk(self._top.shape[1], 1, sorted=False).values.add_(0.0)  # −0 is 0
            self._floor = self._top.amin(1)
            self._waiting, self._sorted, self._empty = [], False, bool((self._floor == -torch.inf).all())


def iqr_levels(tail: Tail, count: int = 64, low: float = 0.80) -> Tensor:
    """Spread `count` levels evenly from each unit's `low` quantile to its maximum: float32 `(units, count)`.

    The maximum itself, which nothing seen exceeds, is left out. Ascending; all equal for a unit that is
    constant there. The tail must keep `exceeding(1 - low, tail.positions) + 1` values.

    >>> tail = Tail(1, keep=3)
    >>> tail.add(torch.arange(10.0).reshape(1, 1, 2, 5))
    >>> iqr_levels(tail, count=3)                              # 80 % lie below 7.5, the maximum is 9
    tensor([[7.5000, 8.0000, 8.5000]])
    """
    if count < 1:
        raise DissectionError(
            problem(
                "there is no level to choose from.", got=count, allowed="count >= 1", next="Pass count=64."
            )
        )
    biggest = torch.finfo(torch.float32).max
    bottom, _ = tail.levels(1 - low, tail.positions)
    start, stop = (ends.double().clamp(-biggest, biggest)[:, None] for ends in (bottom, tail.values[:, 0]))
    steps = torch.arange(count, dtype=torch.float64, device=start.device) / count
    return (start + (stop - start) * steps).float()
