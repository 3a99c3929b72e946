"""What chance can do: intervals from blocks of images, p-values from permuted pairings, error rates.

Images are the unit of resampling, never pixels: neighbouring pixels are not independent, images of different
seeds are. Everything here is a function of counts, with random numbers of its own, always the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

REPLICATES = 1000
"""Bootstrap replicates behind an interval."""
FEWEST_BLOCKS = 6
"""Fewer blocks, or fewer with anything in them, give no interval."""
_CELLS_AT_ONCE = 1024
_TOGETHER, _VALUES_TOGETHER = 16, 2**22
_SEED = 20181126  # of the bootstrap and of the permutations; any would do, but always the same


def ratio(both: Ints | Floats, union: Ints | Floats) -> Floats:
    """Divide, with NaN where there is nothing to divide by.

    >>> ratio(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    nothing = union <= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.divide(both, union)
    return np.where(nothing, np.nan, found) if nothing.any() else found


def draws(blocks: int, replicates: int = REPLICATES, *, stream: int = 0) -> Floats:
    """Give how often each replicate draws each block: `(replicates, blocks)`; rows sum to `blocks`."""
    drawn = np.random.RandomState(_SEED - stream).randint(0, blocks, (replicates, blocks))
    chosen = drawn + np.arange(replicates)[:, None] * blocks
    counted = np.bincount(chosen.ravel(), minlength=replicates * blocks)
    return counted.reshape(replicates, blocks).astype(np.float64)


def tails(blocks: int) -> tuple[float, float]:
    """Give the two quantiles of bootstrap replicates that bound a 95 % interval from so many blocks.

    Percentile intervals of few blocks are too narrow: replicates vary by `(B - 1) / B` of the variance, and
    the variance itself is uncertain. Expanded percentiles, `Φ(√(B / (B - 1)) · t(0.025, B - 1))`, mend both
    (Hesterberg, "What Teachers Should Know about the Bootstrap", The American Statistician 2015).

    >>> [round(tails(blocks)[0], 4) for blocks in (8, 32, 10_000)]
    [0.0057, 0.0191, 0.025]
    """
    from scipy.special import ndtr, stdtrit

    low = float(ndtr(np.sqrt(blocks / (blocks - 1)) * stdtrit(blocks - 1, 0.025)))
    return low, 1 - low


def intervals(both: Ints, union: Ints) -> Floats:
    """Bound a ratio of sums, `Σ both / Σ union`, with 95 % confidence: a block bootstrap.

    `both` and `union` are `(blocks, cells)`: blocks of images are drawn with replacement, and the ratio is
    taken of the sums over what was drawn (Cameron, Gelbach and Miller, "Bootstrap-based improvements for
    inference with clustered errors", 2008, on drawing whole clusters). Gives `(cells, 2)`; NaN where fewer
    than six blocks have anything in `both`: what so few blocks give covers the truth far less often (of two
    one time in two, of four seven in eight), and of none nothing but 0.

    >>> both, union = np.tile([[1], [3]], (8, 1)), np.full((16, 1), 4)
    >>> intervals(both, union).round(2).tolist()
    [[0.34, 0.63]]
    """
    blocks, cells = both.shape
    found: Floats = np.full((cells, 2), np.nan)
    if blocks < FEWEST_BLOCKS:
        return found
    weights = draws(blocks).T
    for start in range(0, cells, _CELLS_AT_ONCE):
        some = slice(start, start + _CELLS_AT_ONCE)
        parts, wholes = both[:, some].T.astype(np.float64), union[:, some].T.astype(np.float64)
        known = ratio(parts.sum(1), wholes.sum(1))[:, None]
        replicates = ratio(parts @ weights, wholes @ weights)
        # a replicate that drew nothing to divide by says nothing
        found[some] = between(np.where(np.isnan(replicates), known, replicates), blocks)
    found[(both > 0).sum(0) < FEWEST_BLOCKS] = np.nan
    return found


def between(replicates: Floats, blocks: int) -> Floats:
    """Give the two ends of a 95 % interval from replicates `(cells, n)` over so many blocks: `(cells, 2)`."""
    ordered = np.sort(replicates, axis=1)
    places = np.array(tails(blocks)) * (ordered.shape[1] - 1)
    below = places.astype(np.int64)
    above = np.minimum(below + 1, ordered.shape[1] - 1)
    ends: Floats = ordered[:, below] + (places - below) * (ordered[:, above] - ordered[:, below])
    return ends


def picks(blocks: int, shifts: int, permutations: int, *, stream: int = 0) -> Ints:
    """Draw which pairing each block has in each permutation: `(permutations, blocks)`, 0 is the real one."""
    return np.random.RandomState(_SEED + 1 + stream).randint(0, shifts, (permutations, blocks))


def permuted(pairings: Ints | Floats, chosen: Ints) -> Iterator[Floats]:
    """Give the counts of each permuted data set: sums over blocks of the pairing that was drawn.

    `pairings` is `(blocks, shifts, …)`, `chosen` `(permutations, blocks)` from `picks`.
    """
    blocks, count, *shape = pairings.shape
    flat = pairings.reshape(blocks * count, -1).astype(np.float64, copy=False)
    together = max(1, min(_TOGETHER, _VALUES_TOGETHER // flat.shape[1]))
    for start in range(0, len(chosen), together):
        some = chosen[start : start + together]
        weights = np.zeros((len(some), blocks, count))
        np.put_along_axis(weights, some[..., None], 1.0, axis=2)
        # whole numbers below 2**53: a product of matrices adds them exactly, and fast
        for total in weights.reshape(len(some), -1) @ flat:
            yield total.reshape(shape)


@dataclass(frozen=True)
class Evidence:
    """How often chance does as well, each `(cells,)` float64 and NaN where nothing can be said."""

    p_values: Floats
    """By itself: `(1 + #{null ≥ observed}) / (1 + permutations)`."""
    family_wise: Floats
    """That any of all cells does as well, by the step-down maximum."""


class Exceedances:
    """Compares a statistic of some cells with the same statistic on permuted data sets, one after the other.

    The observed data set counts as one of the permutations (Phipson and Smyth, "Permutation P-values should
    never be zero", 2010). Family-wise p-values are the step-down maximum of Westfall and Young (1993,
    algorithm 4.1): a cell is compared with the largest null value among the cells that did not do better than
    it, so that the strongest cells, whose null is the widest, do not hide the others. A cell without a value
    that has one on some permuted data set does worse than all others: whether it has one is chance too.

    >>> found = Exceedances(np.array([0.9, 0.2, np.nan]))
    >>> for _ in range(9):
    ...     found.add(np.array([0.3, 0.1, np.nan]))
    >>> found.result().p_values.tolist(), found.result().family_wise.tolist()
    ([0.1, 0.1, nan], [0.1, 0.1, nan])
    """

    def __init__(self, observed: Floats) -> None:
        real = np.nan_to_num(observed, nan=-np.inf)
        self._tested = ~np.isnan(observed)
        self._order = np.argsort(-real, kind="stable")
        self._real = real[self._order]
        self._alone = np.ones(len(self._order))
        self._beside = np.ones(len(self._order))
        self._count = 1

    def add(self, values: Floats) -> None:
        """Add the cells' values on one permuted data set, `(cells,)`; NaN does worse than anything."""
        self._tested |= ~np.isnan(values)
        drawn = np.nan_to_num(values[self._order], nan=-np.inf)
        self._alone += drawn >= self._real
        self._beside += np.maximum.accumulate(drawn[::-1])[::-1] >= self._real
        self._count += 1

    def result(self) -> Evidence:
        """Give the p-values."""
        p_values: Floats = np.full(len(self._order), np.nan)
        family: Floats = p_values.copy()
        p_values[self._order] = self._alone / self._count
        family[self._order] = np.maximum.accumulate(self._beside / self._count)
        return Evidence(*(np.where(self._tested, found, np.nan) for found in (p_values, family)))


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Give q-values: the false discovery rate at which each cell is called.

    Benjamini and Hochberg, JRSS B 1995, equation 1. Of the shape of `p_values`; NaN stays NaN and is no test.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    flat = p_values.ravel()
    tested = np.flatnonzero(~np.isnan(flat))
    order = tested[np.argsort(flat[tested], kind="stable")]
    steps = flat[order] * len(order) / np.arange(1, len(order) + 1)
    q_values: Floats = np.full(flat.shape, np.nan)
    q_values[order] = np.minimum.accumulate(steps[::-1])[::-1].clip(max=1)
    return q_values.reshape(p_values.shape)
