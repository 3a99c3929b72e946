"""What is kept of the images: counts by block, the range of each unit, and its top images.

Every statistic is a monoid: `add` what was seen, `merge` another, in any order, to the same bits.
`state_dict` gives tensors from which `from_state_dict` makes it again.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.overlap import Overlap
from gan_widgets.dissect.quick import add_alone


class Total(NamedTuple):
    """Counts over some images as int64 arrays that broadcast: what the IoU is a ratio of."""

    both: NDArray[np.int64]
    """`(units, levels, concepts)`: pixels above the level and in the mask."""
    active: NDArray[np.int64]
    """`(units, levels, 1)`: pixels above the level."""
    marked: NDArray[np.int64]
    """`(concepts,)`: pixels in the mask."""
    pixels: int
    """All pixels."""

    @property
    def union(self) -> NDArray[np.int64]:
        """Pixels above the level or in the mask: `(units, levels, concepts)`."""
        return self.active + self.marked - self.both


@dataclass(eq=False)
class Counts:
    """Pixels counted by block of images: int64, so that sums are exact and order-free.

    A group of images goes to block `group % blocks`. `shifted` counts the same groups with activations paired
    with the masks of other images of the group; its blocks are fewer, `block % null_blocks`. A permutation of
    masks within a group leaves `active` and `marked` as they are.

    >>> counts = Counts.zeros(units=1, levels=1, concepts=1, blocks=2)
    >>> one, zero = torch.ones(1, 1, 1, 1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)
    >>> counts.add(5, Overlap(both=one, active=one[0, 0], marked=one[0, 0, 0], pixels=6))
    >>> counts.both.flatten().tolist(), counts.total().pixels
    ([0, 1], 6)
    """

    both: Tensor
    """`(blocks, units, levels, concepts)`."""
    shifted: Tensor
    """`(null_blocks, shifts - 1, units, levels, concepts)`."""
    active: Tensor
    """`(blocks, units, levels)`."""
    marked: Tensor
    """`(blocks, concepts)`."""
    pixels: Tensor
    """`(blocks,)`."""

    @classmethod
    def zeros(
        cls, units: int, levels: int, concepts: int, *, blocks: int, null_blocks: int = 1, shifts: int = 1
    ) -> "Counts":
        """Start from nothing; `null_blocks` divides `blocks`."""

        def none(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.int64)

        return cls(
            none(blocks, units, levels, concepts),
            none(null_blocks, shifts - 1, units, levels, concepts),
            none(blocks, units, levels),
            none(blocks, concepts),
            none(blocks),
        )

    def add(self, group: int, overlap: Overlap) -> None:
        """Add the counts of group number `group` of its range; `overlap` has one entry per shift, 0 first."""
        block = group % len(self.both)
        add_alone(self.both[block], overlap.both[0].cpu())
        add_alone(self.shifted[block % len(self.shifted)], overlap.both[1:].cpu())
        self.active[block] += overlap.active.cpu()
        self.marked[block] += overlap.marked.cpu()
        self.pixels[block] += overlap.pixels

    def merge(self, other: "Counts") -> None:
        """Take in the counts of other images; raises `DissectionError` for counts of another shape."""
        mine, theirs = self.state_dict(), other.state_dict()
        for name, tensor in mine.items():
            if tensor.shape != theirs[name].shape:
                raise DissectionError(
                    problem(
                        "only counts of the same units, levels, concepts and blocks merge.",
                        got=f"{name} {tuple(theirs[name].shape)}",
                        allowed=f"{tuple(tensor.shape)}",
                        next="Count both halves with the same arguments.",
                    )
                )
        for name, tensor in mine.items():
            tensor.add_(theirs[name])

    def total(self) -> Total:
        """Give the sums over blocks."""
        both, active, marked = self.both.sum(0), self.active.sum(0)[:, :, None], self.marked.sum(0)
        return Total(both.numpy(), active.numpy(), marked.numpy(), int(self.pixels.sum()))

    def pairings(self) -> Tensor:
        """Give `both` by pairing, the real one first: `(null_blocks, shifts, units, levels, concepts)`."""
        real = self.both.reshape(-1, len(self.shifted), *self.both.shape[1:]).sum(0)
        return torch.cat([real[:, None], self.shifted], 1)

    def state_dict(self) -> dict[str, Tensor]:
        """Give the five tensors by name; they are the ones that are counted in, not copies."""
        return {name: getattr(self, name) for name in ("both", "shifted", "active", "marked", "pixels")}

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> "Counts":
        """Make counts from copies of what `state_dict` gave; narrower whole numbers are widened."""
        return cls(**{name: tensor.to(torch.int64, copy=True) for name, tensor in state.items()})


def extremes(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Give each unit's smallest value, `(units,)`, and its largest in each image, `(n, units)`, float32.

    NaN where there is one. Two passes: `aminmax` along an axis takes ten times as long on a CPU.

    >>> extremes(torch.tensor([[[1.0, 2.0]], [[0.0, 3.0]]]))
    (tensor([0.]), tensor([[2.],
            [3.]]))
    """
    rows = maps.flatten(2)
    return rows.amin((0, 2)).float(), rows.amax(2).float()


@dataclass(eq=False)
class Health:
    """The smallest and the largest value of each unit: float32 `(units,)`, NaN where one was seen.

    >>> health = Health.none(2)
    >>> health.add(torch.tensor([[[0.0, 0.0], [1.0, torch.nan]]]))
    >>> health.states()
    ('dead', 'nan')
    """

    low: Tensor
    high: Tensor

    @classmethod
    def none(cls, units: int) -> "Health":
        """Start from nothing."""
        return cls(torch.full((units,), torch.inf), torch.full((units,), -torch.inf))

    def add(self, maps: Tensor) -> None:
        """Add maps `(n, units, …)`, floating."""
        self.add_extremes(*extremes(maps))

    def add_extremes(self, low: Tensor, high: Tensor) -> None:
        """Add what `extremes` gives."""
        self._take(low.cpu(), high.amax(0).cpu())

    def merge(self, other: "Health") -> None:
        """Take in what another has seen, of the same units."""
        self._take(other.low, other.high)

    def states(self) -> tuple[str, ...]:
        """Name each unit: "nan" or "inf" when it ever was, "dead" (always 0), "constant", or "ok"."""
        low, high = self.low.numpy(), self.high.numpy()
        unseen = low > high
        names = np.full(len(low), "ok", dtype="<U8")
        names[low == high] = "constant"
        names[(low == 0) & (high == 0)] = "dead"
        names[(np.isinf(low) | np.isinf(high)) & ~unseen] = "inf"
        names[np.isnan(low) | np.isnan(high)] = "nan"
        return tuple(names.tolist())

    def state_dict(self) -> dict[str, Tensor]:
        """Give both tensors by name."""
        return {"low": self.low, "high": self.high}

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> "Health":
        """Make it from copies of what `state_dict` gave."""
        return cls(state["low"].clone(), state["high"].clone())

    def _take(self, low: Tensor, high: Tensor) -> None:
        # both carry a NaN on
        self.low, self.high = torch.minimum(self.low, low), torch.maximum(self.high, high)


class TopImages(NamedTuple):
    """The images that most activate each unit, the strongest first."""

    seeds: NDArray[np.int64]
    """`(units, top)` int64, -1 for none."""
    values: NDArray[np.float32]
    """`(units, top)` float32: the unit's largest value in that image, NaN for none."""


@dataclass(eq=False)
class Top:
    """The `keep` images with each unit's largest values; of equal values the lower seeds come first.

    >>> top = Top.none(units=1, keep=2)
    >>> top.add(torch.tensor([[3.0], [5.0], [5.0]]), [7, 8, 9])
    >>> top.result().seeds.tolist(), top.result().values.tolist()
    ([[8, 9]], [[5.0, 5.0]])
    """

    values: Tensor
    """`(units, keep)` float32, descending; NaN for none."""
    seeds: Tensor
    """`(units, keep)` int64; -1 for none."""

    @classmethod
    def none(cls, units: int, keep: int) -> "Top":
        """Start from nothing."""
        return cls(torch.full((units, keep), torch.nan), torch.full((units, keep), -1))

    def add(self, values: Tensor, seeds: range | list[int]) -> None:
        """Add the largest value of each unit in some images: `values` `(n, units)`, one seed per image.

        An image in which a unit is NaN is not among its top images.
        """
        known = torch.tensor(list(seeds)).expand(values.shape[1], -1)
        self._take(values.mT.float().cpu(), known)

    def merge(self, other: "Top") -> None:
        """Take in the top images of other seeds."""
        self._take(other.values, other.seeds)

    def result(self) -> TopImages:
        """Give seeds and values as arrays."""
        return TopImages(self.seeds.numpy(), self.values.numpy())

    def state_dict(self) -> dict[str, Tensor]:
        """Give both tensors by name."""
        return {"values": self.values, "seeds": self.seeds}

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> "Top":
        """Make it from copies of what `state_dict` gave."""
        return cls(state["values"].clone(), state["seeds"].clone())

    def _take(self, values: Tensor, seeds: Tensor) -> None:
        keep = self.values.shape[1]
        values, seeds = torch.cat([self.values, values], 1), torch.cat([self.seeds, seeds], 1)
        by_seed = seeds.argsort(dim=1, stable=True)
        values, seeds = values.gather(1, by_seed), seeds.gather(1, by_seed)
        # −inf itself may be a unit's largest value, so NaN goes last by a key of its own
        order = values.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
        strongest = order.argsort(dim=1, descending=True, stable=True)
        last = values.gather(1, strongest).isnan().to(torch.int8).argsort(dim=1, stable=True)
        chosen = strongest.gather(1, last)[:, :keep]
        self.values, self.seeds = values.gather(1, chosen), seeds.gather(1, chosen)
        self.seeds = self.seeds.masked_fill(self.values.isnan(), -1)
