"""Watching a training and touching it: curves, samples, play and pause, learning rates, alarms."""

from collections import deque
from collections.abc import Callable, Iterable
from html import escape
from threading import RLock
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Box, Widget

from gan_widgets.apps._app import App
from gan_widgets.apps.training_controls import TrainingBar, TrainingControls
from gan_widgets.apps.training_curves import TrainingCurves
from gan_widgets.apps.training_picture import picture_of
from gan_widgets.apps.training_series import LIMIT, Series, row_of
from gan_widgets.apps.training_sheets import Sheets
from gan_widgets.apps.training_words import how_far, notices, table
from gan_widgets.control.following import Pulse, checked_rate
from gan_widgets.core.errors import CallError, ControllerError, problem
from gan_widgets.widgets._base import in_short, in_words
from gan_widgets.widgets.training_sheet import LATEST, TrainingSheet

if TYPE_CHECKING:
    from gan_widgets.train.trainer import Step, Trainer

SHARE = 0.012
"""Of the time, what drawing may take while a training runs."""
PATIENCE = (2.0, 60.0)
"""Seconds until something is sent although no page has drawn the last, at first and at most."""
JUDGED = 2.0
"""Seconds between two looks for alarms while a training runs: each looks through the last thousand steps."""
_STILL = 0.05  # seconds between looks at a page that has not caught up


class TrainingMonitor(App):
    """Loss, score and gradient curves of a `Trainer`, its samples through time, and hands on it.

        monitor = gw.TrainingMonitor(trainer)          # shows itself; then Play, or:
        trainer.play(until=5000)                       # in the background
        for step in trainer.steps(1000): ...           # or your own loop

    `seeds` are those of the samples, which `trainer.average` makes in eval mode after every `every`-th step;
    None draws them as often as half a hundredth of the time allows. The page is redrawn at most `rate` times
    a second, less often where that would take more than a hundredth of the time of a training that runs, and
    never before it has drawn what it was sent last. Watching changes no bit of the training. `layout` may
    follow.

    Closing leaves the training as it is, running or not; `close(stop=True)` pauses it first.

    Raises `CallError` for what is no trainer and for unknown keywords, ControllerError for a `rate` that is
    not above 0 and at most 30 or an `every` below 1, LatentsError for what are no seeds.
    """

    arranged = {"display": "flex", "flex_flow": "column", "width": "100%"}  # noqa: RUF012  (never changed)

    _unwatch: Callable[[], None] | None = None

    def __init__(
        self,
        trainer: "Trainer",
        *,
        seeds: Iterable[int] = range(25),
        every: int | None = None,
        rate: float = 10.0,
        **keywords: Any,  # noqa: ANN401  (checked by the base)
    ) -> None:
        self._pulse = Pulse(self._beat, "training-monitor")
        self.trainer = _checked_trainer(trainer)
        self._guard, self._rest = RLock(), 1 / checked_rate(rate)
        self._sheets = Sheets(trainer, tuple(seeds), _checked_every(every))
        self._series = Series()
        self._fresh: deque[Step | None] = deque(maxlen=LIMIT)
        self._trouble, self._said = "", ""
        self._alarms: list[str] = []
        self._judged = 0.0
        self._sent, self._patience = monotonic(), PATIENCE[0]
        self._read_history()
        self._draw_sheet()
        super().__init__(None, keywords)
        self.add_class("gw-training")
        self._unwatch = trainer.watch(self._watched)

    def draw(self, names: Iterable[str] = ()) -> None:  # noqa: ARG002  (the base's)
        """Show what the trainer has now."""
        with self._guard:
            self._take()
            self._say()
            self.bar.show(*how_far(self.trainer, self._series))
            self.controls.show()
            self.curves.draw()
            self._show_sheet()

    def text(self) -> str:
        """Return how far it is and the means of the last steps as text."""
        with self._guard:
            self._take()
            said, _ = how_far(self.trainer, self._series)
            return table(self.trainer, self._series, said, self._noticed())

    def picture(self) -> bytes | None:
        """Return a PNG of the curves and the samples."""
        with self._guard:
            self._take()
            said, _ = how_far(self.trainer, self._series)
            return picture_of(self.curves.lines(), self._chosen(), said, self.curves.logarithmic())

    def close(self, stop: bool = False) -> None:
        """Take it off the page and end its watching; `stop` also pauses the training. Twice is harmless."""
        if self._unwatch is not None:
            self._unwatch()
        self._pulse.close()
        if stop:
            self.trainer.pause()
        super().close()

    def _build(self) -> list[Widget]:
        trainer, guard = self.trainer, self._guard
        self.bar = self._own(TrainingBar(trainer, guard, self._do))
        self.controls = self._own(TrainingControls(trainer, guard, self._do))
        self.curves = self._own(TrainingCurves(self._series, guard))
        self.sheet = self._own(
            TrainingSheet(self._sheets.seeds, self._held, self._show_sheet, self._caught_up)
        )
        self.notice = self._own(HTML())
        self.notice.add_class("gw-notice")
        self.draw()
        side = {"display": "flex", "flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "8px"}
        body = self._own(Box([self.curves, self.sheet], layout=side))
        return [self.bar, self.controls, self.notice, body]

    def _watched(self, _: "Trainer", step: "Step | None") -> None:
        """Take note of a step, in the thread that trains; a sheet is drawn there, between two steps."""
        self._fresh.append(step)
        if step is None or self._sheets.due(step.step):
            self._draw_sheet()
        self._pulse.ask()

    def _beat(self) -> float:
        """Draw, unless no page has drawn the last yet; return how long to rest."""
        waiting = self.sheet.seen != self.sheet.frame and monotonic() - self._sent < self._patience
        if waiting:
            self._pulse.ask()
            return _STILL
        start = thread_time()
        with self._guard:
            if self._closed:
                return 0.0
            late = self.sheet.seen != self.sheet.frame
            self._patience = min(PATIENCE[1], 2 * self._patience) if late else PATIENCE[0]
            self.draw()
            self.sheet.frame += 1
            self._sent = monotonic()
        return max(self._rest, (thread_time() - start) / SHARE) if self.trainer.running else self._rest

    def _caught_up(self) -> None:
        """Note that a page has drawn all that it was sent."""
        if self._fresh:
            self._pulse.ask()

    def _take(self) -> None:
        """Move what was noted into the series; read the history again where that does not fit on."""
        while self._fresh:
            step = self._fresh.popleft()
            if step is None:
                continue
            if step.step != self._series.last + 1:  # restored from a file, or more than could be noted
                self._read_history()
                return
            self._series.add(row_of(step))

    def _read_history(self) -> None:
        self._fresh.clear()
        self._series.clear()
        for step in list(self.trainer.history):
            self._series.add(row_of(step))

    def _draw_sheet(self) -> None:
        try:
            self._sheets.draw()
            self._trouble = ""
        except Exception as failure:  # noqa: BLE001  (a user's model may raise anything; training goes on)
            self._trouble = f"the samples could not be drawn: {in_short(in_words(failure))}"

    def _chosen(self) -> Any:  # noqa: ANN401
        chosen = self.sheet.chosen
        return self._sheets.last if chosen == LATEST else self._sheets.near(chosen)

    def _show_sheet(self) -> None:
        sheet = self._chosen()
        if sheet is not None:
            with self.sheet.hold_sync():
                self.sheet.kept = list(self._sheets.steps)
                if self.sheet.chosen != LATEST:
                    self.sheet.chosen = sheet.step  # the one that was chosen may have gone
                if self.sheet.shown != sheet.step or not self.sheet.images:
                    self.sheet.show(sheet.step, sheet.pixels)

    def _do(self, act: Callable[[], object]) -> None:
        """Do what a hand asked for; what goes wrong is said in the banner until the next hand."""
        try:
            act()
            self._said = ""
        except Exception as failure:  # noqa: BLE001  (a hand is told, never raised at)
            self._said = in_short(in_words(failure))
        with self._guard:
            if not self._closed:
                self._say()
                self.bar.show(*how_far(self.trainer, self._series))

    def _say(self) -> None:
        words = self._noticed()
        # put in anew at each change, so that screen readers say it; a Label takes no role
        self.notice.value = f'<div role="alert">{escape(words)}</div>' if words else ""
        self.notice.layout.display = "" if words else "none"

    def _noticed(self) -> str:
        if not self.trainer.running or monotonic() - self._judged >= JUDGED:
            self._alarms, self._judged = [alarm.sentence for alarm in self.trainer.alarms], monotonic()
        return notices(self._alarms, [self.trainer.trouble, self._trouble, self._said])

    def _summary(self) -> str:
        return f"{self.trainer!r}, {'running' if self.trainer.running else 'paused'}"


def _checked_trainer(trainer: Any) -> Any:  # noqa: ANN401  (anything may be passed)
    if all(hasattr(trainer, name) for name in ("watch", "history", "controls", "average")):
        return trainer
    raise CallError(
        problem(
            "a TrainingMonitor watches a trainer.",
            got=type(trainer).__name__,
            allowed="a gw.Trainer",
            next="Pass trainer = gw.Trainer(G, D, data).",
        )
    )


def _checked_every(every: Any) -> int | None:  # noqa: ANN401  (anything may be passed)
    if every is None or (isinstance(every, int) and not isinstance(every, bool) and every >= 1):
        return every
    raise ControllerError(
        problem(
            "this is how many steps lie between two sheets of samples.",
            got=repr(every),
            allowed="a whole number from 1 on, or None",
            next="Pass every=100, or leave it out.",
        )
    )
