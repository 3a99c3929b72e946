"""What the counts say: levels, labels, IoU, intervals and p-values, each worked out when first asked for."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan_widgets.dissect.significance import (
    Evidence,
    Exceedances,
    Floats,
    Ints,
    benjamini_hochberg,
    intervals,
    permuted,
    picks,
    ratio,
)
from gan_widgets.dissect.state import State
from gan_widgets.dissect.statistics import Total

_PERMUTATIONS = 999
_FEWEST = 199  # no p is below 1/200 then: a rate of false discoveries of 0.05 needs one cell in ten at that
_NULL_CELLS = 25_000_000  # over all permutations, where the level of each is chosen anew
_NOTHING = 1e-12


def information(of: Total) -> Floats:
    """Give `I(a > t; s) / H(a > t, s)`, from 0 to 1: the information quality ratio (Wijaya 2017, eq. 1).

    `I = H(a) + H(s) − H(a, s)`, all entropies of the four counts, with `0 · log 0 = 0`; 0 where the joint
    entropy is 0, since then nothing is to be known.

    >>> same = Total(np.array([2]), np.array([2]), np.array([2]), 8)
    >>> apart = Total(np.array([1]), np.array([2]), np.array([4]), 8)
    >>> information(same).tolist(), information(apart).tolist()
    ([1.0], [0.0])
    """
    n = of.pixels
    joint = _entropy(n, of.both, of.active - of.both, of.marked - of.both, n - of.union)
    mutual = _entropy(n, of.active, n - of.active) + _entropy(n, of.marked, n - of.marked) - joint
    # an entropy that is 0 comes out of the logarithms as some 1e-16
    return np.nan_to_num(ratio(mutual.clip(min=0), np.where(joint < _NOTHING, 0, joint)), nan=0.0).clip(max=1)


def _entropy(n: int, *parts: Ints) -> Floats:
    """Entropy in nats of counts that add up to `n`: log n − Σ k log k / n."""
    total = np.zeros(())
    for part in parts:
        logs = np.maximum(part, 1, dtype=np.float64)
        np.log(logs, out=logs)
        total = total + np.multiply(logs, part, out=logs)
    return np.asarray(np.log(max(n, 1)) - total / max(n, 1))


def best_level(of: Total, agreement: float | None) -> Ints:
    """Choose, for each unit and concept, the level that tells most: int64 `(units, concepts)`.

    The lowest of equals, to 12 decimals: different counts may tell the same. With `agreement`, only levels at
    which more than this share of pixels agree (`a > t` just where `s`) are allowed; −1 where none is.
    """
    told = information(of).round(12)
    if agreement is not None:
        agree = (of.pixels - of.active - of.marked + 2 * of.both) / max(of.pixels, 1)
        told = np.where(agree > agreement, told, -1.0)
    chosen: Ints = told.argmax(1)
    return np.where(np.take_along_axis(told, chosen[:, None], 1)[:, 0] < 0, -1, chosen)


def iou(of: Total, level: Ints) -> Floats:
    """Give the IoU at one level for each unit and concept; NaN for level −1."""
    if of.both.shape[1] == 1:
        return ratio(of.both[:, 0], of.union[:, 0])
    at = np.maximum(level, 0)[:, None]
    both = np.take_along_axis(of.both, at, 1)[:, 0]
    union = np.take_along_axis(of.union, at, 1)[:, 0]
    return np.where(level < 0, np.nan, ratio(both, union))


class Scores:
    """All that follows from a state; `agreement` is the floor of `"iqr"`, `null` what chance is made of."""

    def __init__(self, state: State, agreement: float | None, untrained: "Scores | None") -> None:
        self._state = state
        self._agreement = agreement
        self._untrained = untrained

    @cached_property
    def states(self) -> tuple[str, ...]:
        """What each unit is, by name."""
        state = self._state
        tied = np.zeros(state.scale.units, bool) if state.levels is None else ~state.usable().numpy()
        return tuple(
            "tied" if name == "ok" and t else name
            for name, t in zip(state.health.states(), tied, strict=True)
        )

    @cached_property
    def ok(self) -> NDArray[np.bool_]:
        """Which units may be ranked."""
        return np.array([name == "ok" for name in self.states])

    @cached_property
    def level(self) -> Ints:
        """The level of each unit and concept, as a place among those counted by block; −1 for none."""
        return self._choose(self._state.labels.total())

    @cached_property
    def thresholds(self) -> NDArray[np.float32]:
        """The level of each unit, or with "iqr" of each unit and concept; NaN for none."""
        state = self._state
        if state.levels is None:
            shape = state.scale.units, state.scale.concepts
            return np.full(shape[: 1 if state.scale.threshold == "quantile" else 2], np.nan, np.float32)
        levels = state.levels.numpy()
        if state.scale.threshold == "quantile":
            return np.where(np.isinf(levels[:, state.scale.main]), np.nan, levels[:, state.scale.main])
        chosen = np.take_along_axis(levels, np.maximum(self.level, 0), 1)
        return np.where(self.ok[:, None] & (self.level >= 0), chosen, np.float32(np.nan))

    @cached_property
    def labels(self) -> Ints:
        """Each unit's best concept on the range for labels; −1 for none."""
        return self._label(self._state.labels.total(), self.level)

    def labels_among(self, columns: Ints) -> Ints:
        """Each unit's best concept among some, as a place among those; −1 for none."""
        known = iou(self._state.labels.total(), self.level)[:, columns]
        return _best(self._masked(known))

    @cached_property
    def iou(self) -> Floats:
        """IoU on the range for the report."""
        return self._masked(iou(self._state.report.total(), self.level))

    @cached_property
    def ci(self) -> Floats:
        """95 % intervals of the IoU, `(units, concepts, 2)`."""
        both, union = self.blocks()
        cells = self.iou.size  # not -1: before anything is reported there are no blocks to infer it from
        found = intervals(both.reshape(len(both), cells), union.reshape(len(both), cells))
        bounds: Floats = found.reshape(*self.iou.shape, 2)
        bounds[np.isnan(self.iou)] = np.nan
        return bounds

    def bounds(self, cells: list[tuple[int, int]]) -> Floats:
        """95 % intervals of some cells (unit, concept) only: `(len(cells), 2)`."""
        units, concepts = (np.array([cell[k] for cell in cells], dtype=np.int64) for k in (0, 1))
        both, joined = self.blocks()
        return intervals(both[:, units, concepts], joined[:, units, concepts])

    def blocks(self) -> tuple[Ints, Ints]:
        """Both and union by block that has images, `(blocks, units, concepts)`, at the level of each cell."""
        report = self._state.report
        seen = report.pixels.numpy() > 0
        at = np.maximum(self.level, 0)[None, :, None]
        both = np.take_along_axis(report.both.numpy()[seen], at, 2)[:, :, 0]
        active = np.take_along_axis(report.active.numpy()[seen][..., None], at, 2)[:, :, 0]
        return both, active + report.marked.numpy()[seen][:, None] - both

    @cached_property
    def chance(self) -> tuple[Evidence, Floats] | None:
        """p-values of all cells, flat, and of each unit's label, `(units,)`; None without a null.

        Against permutations, labels and levels are chosen anew in each; against an untrained network, the
        labelled IoU is compared with the best of each of its units.
        """
        rows = np.flatnonzero(self.labels >= 0)
        observed: Floats = np.full(len(self.labels), np.nan)
        observed[rows] = self.iou[rows, self.labels[rows]]
        if self._untrained is not None:
            return _against(self.iou, observed, self._untrained)
        if self._state.scale.shifts == 1:
            return None
        cells, units = Exceedances(self.iou.ravel()), Exceedances(observed)
        for permuted_cells, permuted_labels in self._null():
            cells.add(permuted_cells.ravel())
            units.add(permuted_labels)
        return cells.result(), np.where(self.labels >= 0, units.result().p_values, np.nan)

    @cached_property
    def q_values(self) -> Floats | None:
        """False discovery rates over all cells, `(units, concepts)`."""
        return (
            None
            if self.chance is None
            else benjamini_hochberg(self.chance[0].p_values).reshape(self.iou.shape)
        )

    def _choose(self, of: Total) -> Ints:
        if self._state.scale.threshold == "quantile":
            return np.zeros((self._state.scale.units, self._state.scale.concepts), np.int64)
        return best_level(of, self._agreement)

    def _label(self, of: Total, level: Ints) -> Ints:
        return _best(self._masked(iou(of, level)))

    def _masked(self, cells: Floats) -> Floats:
        return np.where(self.ok[:, None], cells, np.nan)

    def _null(self) -> Iterator[tuple[Floats, Floats]]:
        """Do all of it again on permuted data sets: the IoU of every cell, and of each unit's label."""
        labels, report = self._state.labels, self._state.report
        known, seen = labels.total(), report.total()
        pairs = labels.pairings().double().numpy(), report.pairings().double().numpy()
        permutations = _PERMUTATIONS
        if pairs[0].shape[3] > 1:
            permutations = max(_FEWEST, min(permutations, _NULL_CELLS // known.both.size))
        drawn = [
            permuted(tables, picks(len(tables), tables.shape[1], permutations, stream=k))
            for k, tables in enumerate(pairs)
        ]
        every = np.arange(len(self.labels))
        for here, there in zip(*drawn, strict=True):
            chosen = known._replace(both=here)
            level = self._choose(chosen)
            label = self._label(chosen, level)
            cells = self._masked(iou(seen._replace(both=there), level))
            yield cells, np.where(label < 0, np.nan, cells[every, label])


def _best(cells: Floats) -> Ints:
    """Find the place of each row's largest value, the first of equals; −1 where none is above 0."""
    known = np.nan_to_num(cells, nan=0.0)
    return np.where(known.max(1) > 0, known.argmax(1), -1)


def _against(cells: Floats, labelled: Floats, untrained: Scores) -> tuple[Evidence, Floats]:
    """Compare cells with the units of an untrained network at the same concept, and labels with their best.

    Nothing is said of the family: one network cannot tell how large the largest of many units gets by chance.
    """
    ok = untrained.ok & ~np.isnan(untrained.iou).all(1)
    theirs = np.nan_to_num(untrained.iou[ok], nan=-np.inf)

    def share(values: Floats, null: Floats) -> Floats:
        found = (1 + len(null) - np.searchsorted(np.sort(null), values)) / (1 + len(null))
        return np.where(np.isnan(values), np.nan, found)

    p_values = np.stack([share(column, null) for column, null in zip(cells.T, theirs.T, strict=True)], axis=1)
    evidence = Evidence(p_values.ravel(), np.full(p_values.size, np.nan))
    return evidence, share(labelled, theirs.max(1, initial=-np.inf))
