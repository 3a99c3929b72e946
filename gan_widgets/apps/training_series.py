"""What every step of a training measured, as curves: a bounded number of rows, and fewer points still.

>>> series = Series()
>>> for k in range(1, 1001):
...     series.add({"step": k, "loss": float(k % 2)})
>>> curve = series.curve(["loss"], window=100, points=250)
>>> curve.steps.shape, curve.means.shape, curve.extremes.shape
((250,), (1, 250), (1, 500))
>>> float(curve.means[0, -1]), curve.extremes[0, -2:].tolist()
(0.5, [0.0, 1.0])
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot, nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gan_widgets.train.trainer import Step

Floats = NDArray[np.float64]
LIMIT = 4000
"""Rows that are kept."""
MEASURED = ("d_loss", "g_loss", "d_real", "d_fake", "seconds")


@dataclass(frozen=True)
class Curve:
    """Lines over the steps, made of few points.

    `means` float `(lines, points)` at `steps` `(points,)`: smoothed. `extremes` `(lines, more)` at `ends`
    `(more,)`: what was measured, the least and the most of as many steps as share a point.
    """

    steps: Floats
    means: Floats
    ends: Floats
    extremes: Floats


class Series:
    """Rows of numbers by name, one for each training step.

    When they are as many as are kept, every second of the older half goes: the latest are there one by one,
    and the first never goes. A name that a row lacks is NaN there.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._rows: Floats = np.full((limit, 8), nan)
        self._names: dict[str, int] = {"step": 0}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def names(self) -> tuple[str, ...]:
        """What there are curves of."""
        return tuple(name for name in self._names if name != "step")

    @property
    def last(self) -> int:
        """The step of the last row; 0 without any."""
        return int(self._rows[self._count - 1, 0]) if self._count else 0

    def clear(self) -> None:
        """Drop all rows."""
        self._count = 0

    def add(self, row: Mapping[str, float]) -> None:
        """Append a row; it has a "step"."""
        if self._count == len(self._rows):
            self._thin()
        for name in (name for name in row if name not in self._names):
            self._names[name] = len(self._names)
            if len(self._names) > self._rows.shape[1]:
                self._rows = np.pad(self._rows, ((0, 0), (0, len(self._names))), constant_values=nan)
        self._rows[self._count] = nan
        self._rows[self._count, [self._names[name] for name in row]] = list(row.values())
        self._count += 1

    def values(self, name: str) -> Floats:
        """Return a copy of one column, `(rows,)`."""
        if name not in self._names:
            return np.full(self._count, nan)
        return self._rows[: self._count, self._names[name]].copy()

    def recent(self, name: str, rows: int = 20) -> float:
        """Return the mean of what the last rows hold; NaN if that is nothing."""
        values = self.values(name)[-rows:]
        values = values[np.isfinite(values)]
        return float(values.mean()) if len(values) else nan

    def curve(self, names: Sequence[str], window: float = 1, points: int = 250) -> Curve:
        """Return the curves of `names`, each point the mean of the last `window` steps.

        Rows are put together evenly until they are at most `points`; what is not finite leaves a gap.
        """
        steps = self.values("step")
        columns = np.stack([self.values(name) for name in names]) if names else np.empty((0, len(steps)))
        columns[~np.isfinite(columns)] = nan
        starts = np.unique(np.linspace(0, len(steps), min(points, len(steps)), endpoint=False).astype(int))
        if not len(starts):
            return Curve(steps, columns, steps, columns)
        ends = np.append(starts[1:], len(steps)) - 1
        known = np.isfinite(columns)
        sums = np.add.reduceat(np.where(known, columns, 0.0), starts, axis=1)
        counts = np.add.reduceat(known, starts, axis=1, dtype=float)
        means = _trailing(steps[ends], sums, counts, window)
        if len(starts) == len(steps):
            return Curve(steps, means, steps, columns)
        pairs = [ufunc.reduceat(columns, starts, axis=1) for ufunc in (np.fmin, np.fmax)]
        extremes = np.stack(pairs, axis=2).reshape(len(columns), -1)
        return Curve(steps[ends], means, np.stack([steps[starts], steps[ends]], axis=1).ravel(), extremes)

    def _thin(self) -> None:
        half = self._count // 2
        keep = np.r_[0:half:2, half : self._count]
        self._rows[: len(keep)] = self._rows[keep]
        self._count = len(keep)


def _trailing(steps: Floats, sums: Floats, counts: Floats, window: float) -> Floats:
    """Return the mean over the last `window` steps at each, weighted by `counts`; NaN where nothing is."""
    if window > 1:
        first = np.searchsorted(steps, steps - window, side="right")
        spans = np.stack([first, np.arange(1, len(steps) + 1)], axis=1).ravel()
        # sums of what lies inside, and no differences of sums, which an explosion would spoil
        total, many = (_over(spans, values) for values in (sums, counts))
    else:
        total, many = sums, counts
    here = (counts > 0) & np.isfinite(total)
    return np.divide(total, many, out=np.full_like(sums, nan), where=here)


def _over(spans: NDArray[np.intp], values: Floats) -> Floats:
    """Return the sum over each span `[first, end)` of `values` `(lines, points)`."""
    room = np.pad(values, ((0, 0), (0, 1)))
    with np.errstate(over="ignore"):
        sums: Floats = np.add.reduceat(room, spans, axis=1)[:, ::2]
    return sums


def row_of(step: "Step") -> dict[str, float]:
    """Return a step as a row: what it measured, each layer's gradient norm, and that of each network.

    The norm of a network's gradient is the root of the sum of its layers' squares.
    """
    row: dict[str, float] = {"step": step.step, **{name: getattr(step, name) for name in MEASURED}}
    whole: dict[str, list[float]] = {}
    for name, norm in step.gradients.items():
        row[f"|{name}|"] = norm
        whole.setdefault(name.partition(".")[0], []).append(norm)
    return row | {f"|{network}|": hypot(*norms) for network, norms in whole.items()}


def layers_of(names: Iterable[str], network: str) -> list[str]:
    """Return the names of the curves of one network's layers.

    >>> layers_of(["d_loss", "|G.net.1|", "|D.net.0|", "|G|"], "G")
    ['|G.net.1|']
    """
    return [name for name in names if name.startswith(f"|{network}.")]
