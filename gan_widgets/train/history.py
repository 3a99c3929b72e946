"""The steps of a run, however long it gets, in a few thousand points.

>>> short = History(recent=4, older=4)
>>> for number in range(1, 15):
...     short.append(Step(number, 0.0, 0.0, 0.0, 0.0))
>>> [step.step for step in short]                              # the last four, and every fourth before
[1, 5, 9, 11, 12, 13, 14]
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, overload

import torch
from torch import Tensor

from gan_widgets.core.quantities import plain
from gan_widgets.train.step import Step

_FIELDS = ("step", "d_loss", "g_loss", "d_real", "d_fake", "seconds")


class History(Sequence[Step]):
    """The last `recent` steps whole, and of those before at most `older`, evenly spaced.

    Which ones are kept depends on nothing but how many there were. Any thread may read while another one
    appends; iterating goes through the points there were at its beginning.
    """

    def __init__(self, recent: int = 1000, older: int = 3000) -> None:
        self._guard = threading.Lock()
        self._sizes = recent, older
        self._recent: deque[Step] = deque()
        self._older: list[Step] = []
        self._stride, self._passed = 1, 0

    def append(self, step: Step) -> None:
        """Add the newest step, and thin the older ones when there are too many."""
        recent, older = self._sizes
        with self._guard:
            self._recent.append(step)
            if len(self._recent) <= recent:
                return
            leaving = self._recent.popleft()
            if self._passed % self._stride == 0:
                self._older.append(leaving)
            self._passed += 1
            if len(self._older) > older:
                self._older = self._older[::2]
                self._stride *= 2

    def last(self, n: int) -> list[Step]:
        """Give the `n` newest points (all, if there are fewer), oldest first."""
        points = self._points()
        return points[max(0, len(points) - n) :]

    def pack(self) -> tuple[Tensor, dict[str, Any]]:
        """Give all points as float64 `(n, columns)`, and what the columns are, as JSON values."""
        with self._guard:
            points = [*self._older, *self._recent]
            said: dict[str, Any] = {
                "stride": self._stride,
                "passed": self._passed,
                "recent": len(self._recent),
            }
        names = {
            part: list(dict.fromkeys(key for p in points for key in getattr(p, part))) for part in _PARTS
        }
        rows = [
            [getattr(p, name) for name in _FIELDS]
            + [getattr(p, part).get(key, _MISSING) for part in _PARTS for key in names[part]]
            for p in points
        ]
        width = len(_FIELDS) + sum(map(len, names.values()))
        return torch.tensor(rows, dtype=torch.float64).reshape(len(points), width), said | names

    def unpack(self, values: Tensor, said: dict[str, Any]) -> None:
        """Become the history that gave `pack()`."""
        points = [_point(row, said) for row in values.tolist()]
        cut = len(points) - said["recent"]
        with self._guard:
            self._older, self._recent = points[:cut], deque(points[cut:])
            self._stride, self._passed = said["stride"], said["passed"]

    def _points(self) -> list[Step]:
        with self._guard:
            return [*self._older, *self._recent]

    def __len__(self) -> int:
        return len(self._older) + len(self._recent)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._points())

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if index == -1:
            return self._recent[-1]
        return self._points()[index]

    def __repr__(self) -> str:
        points = self._points()
        if not points:
            return "History: no steps yet"
        return f"History: {len(points):,} points, steps {points[0].step:,} to {points[-1].step:,}"


_PARTS = ("gradients", "weights")
_MISSING = -1.0  # no norm is negative; NaN is a value that a norm may have


def _point(row: list[float], said: dict[str, Any]) -> Step:
    row = list(map(plain, row))
    step, d_loss, g_loss, d_real, d_fake, seconds = row[: len(_FIELDS)]
    at = len(_FIELDS)
    parts = []
    for part in _PARTS:
        values = row[at : at + len(said[part])]
        parts.append({k: v for k, v in zip(said[part], values, strict=True) if v != _MISSING})
        at += len(said[part])
    return Step(int(step), d_loss, g_loss, d_real, d_fake, parts[0], parts[1], seconds)
