"""The samples of a generator in training: the same seeds again and again, and a bounded number of sheets."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from gan_widgets.core.fitting import fitting
from gan_widgets.core.live import Inputs, call, quiet
from gan_widgets.core.locks import lock_of
from gan_widgets.core.pixels import Pixels, as_images, to_uint8
from gan_widgets.core.seeds import check_seeds

if TYPE_CHECKING:
    from gan_widgets.train.trainer import Trainer

SHARE = 0.006
"""Of the training's time, what sheets may take when nobody said how often they are drawn."""
SOONEST = 0.25
"""Seconds between two such sheets."""


@dataclass(frozen=True)
class Sheet:
    """What the average generator made of the seeds after `step` steps: `pixels` uint8 `(n, H, W, ch)`."""

    step: int
    pixels: Pixels


class Sheets:
    """Sheets of `trainer.average` in eval mode; at most `limit` are kept, the first and the last among them.

    `every` is the steps between two sheets; None draws them as often as half a hundredth of the time
    allows. When there is one too many, that goes without which the gap is smallest.
    """

    def __init__(
        self, trainer: "Trainer", seeds: Sequence[int], every: int | None = None, limit: int = 60
    ) -> None:
        self.seeds = check_seeds(seeds)
        self._trainer, self._every, self._limit = trainer, every, limit
        self._kept: list[Sheet] = []
        self._guard = Lock()
        self._inputs: Inputs | None = None
        self._spent, self._drawn = 0.0, 0.0

    @property
    def steps(self) -> tuple[int, ...]:
        """At which steps the kept sheets were drawn, ascending."""
        with self._guard:
            return tuple(sheet.step for sheet in self._kept)

    @property
    def last(self) -> Sheet | None:
        """The latest sheet; None before the first."""
        with self._guard:
            return self._kept[-1] if self._kept else None

    def near(self, step: int) -> Sheet | None:
        """Return the kept sheet that is nearest to `step`; None before the first."""
        with self._guard:
            return min(self._kept, key=lambda sheet: abs(sheet.step - step), default=None)

    def due(self, step: int) -> bool:
        """Say whether a sheet is to be drawn after this step."""
        if self._every is not None:
            return step % self._every == 0
        return perf_counter() - self._drawn >= max(SOONEST, self._spent / SHARE)

    def draw(self) -> Sheet:
        """Run the average generator on the seeds, as if that never happened, and keep what it gave."""
        start = perf_counter()
        model = self._trainer.average
        with lock_of(model), quiet(model, "eval"):
            step = self._trainer.step
            if self._inputs is None:
                self._inputs = fitting(self._trainer.latents, model)(self.seeds)
            pixels = to_uint8(as_images(call(model, self._inputs)))
        sheet = Sheet(step, pixels)
        with self._guard:
            # a run that was put back to an earlier step goes on from there
            self._kept = [kept for kept in self._kept if kept.step < step] + [sheet]
            if len(self._kept) > self._limit:
                del self._kept[self._idle()]
        again, self._drawn = self._drawn > 0, perf_counter()
        if again:  # the first is slower than all others
            self._spent = self._drawn - start
        return sheet

    def _idle(self) -> int:
        """Return the place of the sheet without which the gap between its neighbours is smallest."""
        steps = np.array([sheet.step for sheet in self._kept])
        return 1 + int(np.argmin(steps[2:] - steps[:-2]))
