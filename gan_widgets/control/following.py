"""Following a training: what is shown is refreshed as the weights change, as often as was asked for.

Nothing here runs in the training's own thread but the setting of a flag, so a step waits for a refresh only
while that renders, under the model's lock. A render leaves no trace in the model or in any random state, so
the training gives the same bits with and without.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from math import isfinite
from threading import Event, ExceptHookArgs, Lock, Thread, current_thread, excepthook
from time import monotonic
from typing import TYPE_CHECKING, Any

from torch import nn
from traitlets import HasTraits

from gan_widgets.control.checks import check_open
from gan_widgets.core.errors import ControllerError, GanWidgetsError, problem
from gan_widgets.core.leaving import ends_first
from gan_widgets.core.live import unwrap

if TYPE_CHECKING:
    from gan_widgets.train.trainer import Trainer

FASTEST = 30.0
"""Refreshes per second; more than a page can paint beside everything else would only pile up."""

_AFTER_A_FAILURE = 1.0


class Pulse:
    """Calls `beat` in a thread of its own once it was asked to, and rests after each call.

    `beat` returns for how many seconds. Whatever is asked for meanwhile is answered by one call, and the last
    is always answered. The thread starts when it is first needed. What `beat` raises is reported as Python
    reports it for any thread, and does not end this one.
    """

    def __init__(self, beat: Callable[[], float], name: str) -> None:
        self._beat, self._name = beat, name
        self._asked, self._ended, self._guard = Event(), Event(), Lock()
        self._thread: Thread | None = None

    def ask(self) -> None:
        """Ask for a call of `beat`; returns at once."""
        if self._asked.is_set():
            return
        self._asked.set()
        with self._guard:
            if self._thread is None and not self._ended.is_set():
                self._thread = Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
                ends_first(self._thread, partial(_end, self._ended, self._asked))

    def close(self) -> None:
        """Let the thread end after the present call; closing twice is harmless."""
        _end(self._ended, self._asked)

    def _run(self) -> None:
        while True:
            self._asked.wait()
            if self._ended.is_set():
                return
            self._asked.clear()
            try:
                rest = self._beat()
            except Exception:  # noqa: BLE001  (an observer of the user's may raise anything)
                excepthook(ExceptHookArgs((*sys.exc_info(), current_thread())))
                rest = _AFTER_A_FAILURE
            if self._ended.wait(rest):
                return


def _end(ended: Event, asked: Event) -> None:
    ended.set()
    asked.set()


class _Refreshing:
    """Refreshes a controller after the steps of a trainer, until either is closed."""

    def __init__(self, lab: Any, trainer: "Trainer", rate: float) -> None:  # noqa: ANN401  (a Controller)
        self._lab, self._pause = lab, 1 / rate
        self._pulse = Pulse(self._beat, "follow-training")
        self._unwatch = trainer.watch(lambda *_: self._pulse.ask())
        self._pulse.ask()

    def follow(self, names: set[str]) -> None:
        """Nothing: the changes of a controller do not concern it."""

    def close(self) -> None:
        self._unwatch()
        self._pulse.close()
        self._lab.release(self)

    def _beat(self) -> float:
        start = monotonic()
        with suppress(GanWidgetsError):  # `lab.error` tells it, and the next step may mend it
            self._lab.refresh()
        return max(0.0, start + self._pause - monotonic())


class Following(HasTraits):
    """The part of a controller that goes with a training of its generator.

    stop = lab.follow_training(trainer)
    trainer.play()
    """

    closed: Any
    model: Any
    adopt: Callable[..., None]
    _lock: Any

    def follow_training(self, trainer: "Trainer", rate: float = 4.0) -> Callable[[], None]:
        """Refresh after training steps, at most `rate` times a second, and return what ends that.

        The model must be the trainer's G, or its `average`. The state after the last step is always shown.
        The training gives the same bits as without; each refresh takes from it the time of one render.

        Raises ControllerError for another model, for what is no trainer, and unless `rate` is above 0 and at
        most 30.
        """
        with self._lock:
            check_open(self.closed)
            _check_trainer(trainer)
            _check_model(self.model, (trainer.G, trainer.average))
            following = _Refreshing(self, trainer, checked_rate(rate))
            self.adopt(following)
        return following.close


def checked_rate(rate: object) -> float:
    """Return `rate`, calls per second. Raises ControllerError unless it is above 0 and at most 30."""
    if (
        isinstance(rate, int | float)
        and not isinstance(rate, bool)
        and isfinite(rate)
        and 0 < rate <= FASTEST
    ):
        return float(rate)
    raise ControllerError(
        problem(
            "this is how often a second something is refreshed.",
            got=repr(rate),
            allowed=f"a number above 0 and at most {FASTEST:g}",
            next="Pass rate=4.",
        )
    )


def _check_trainer(trainer: object) -> None:
    if not all(hasattr(trainer, name) for name in ("G", "average", "watch")):
        raise ControllerError(
            problem(
                "only a trainer can be followed.",
                got=type(trainer).__name__,
                allowed="a gw.Trainer",
                next="Pass trainer = gw.Trainer(G, D, data).",
            )
        )


def _check_model(model: nn.Module, trained: Iterable[nn.Module]) -> None:
    if not any(unwrap(model) is unwrap(one) for one in trained):
        raise ControllerError(
            problem(
                "this trainer trains another model than the controller shows.",
                got=f"a trainer of another {type(model).__name__}",
                allowed="the trainer's own G or its average",
                next="Attach that one: lab = gw.attach(trainer.G, latents=trainer.latents).",
            )
        )
