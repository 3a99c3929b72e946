"""A training in a thread of its own, which stops between two steps and never in one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from gan_widgets.core.leaving import ends_first

if TYPE_CHECKING:
    from gan_widgets.train.step import Step
    from gan_widgets.train.trainer import Trainer


class Background:
    """One run of steps in a daemon thread, until step `until`, a wish to stop, or a failure."""

    def __init__(self, trainer: "Trainer", until: int | None) -> None:
        self.until = until
        self.stop = threading.Event()
        self._trainer = trainer
        self._stepping = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="gan-widgets-training", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        ends_first(self._thread, self.stop.set)

    @property
    def alive(self) -> bool:
        """Whether it goes on making steps."""
        return self._thread.is_alive() and not self.stop.is_set()

    def end(self) -> None:
        """Stop, and return once no step is under way; whoever watches may still be told meanwhile.

        It may be called by whoever holds the lock of a network: a step that waits for one gives up.
        """
        self.stop.set()
        with self._stepping:
            pass

    def _run(self) -> None:
        failure: BaseException | None = None
        try:
            while self._more():
                with self._stepping:
                    step = self._step()
                if step is not None:
                    self._trainer._tell(step)
        except BaseException as error:  # noqa: BLE001  (a network may raise anything; it is raised where it is seen)
            failure = error
        self.stop.set()
        self._trainer._ended(failure)

    def _step(self) -> "Step | None":
        with self._trainer._alone(unless=self.stop) as alone:
            return self._trainer._turn("both") if alone and self._more() else None

    def _more(self) -> bool:
        with self._trainer._guard:  # or a later `until` could come just after the last look at it
            if self.until is not None and self._trainer.step >= self.until:
                self.stop.set()
            return not self.stop.is_set()


@contextmanager
def whole() -> Iterator[threading.Event]:
    """Put off Ctrl-C: the event says that it was asked for, and `KeyboardInterrupt` comes after the block.

    So nobody is left with half a step, or with a lock. A second Ctrl-C interrupts at once. Threads other than
    the main one get no interrupts, and a program that handles the signal in its own way keeps doing so.
    """
    asked = threading.Event()

    def later(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            signal.default_int_handler(number, frame)
        asked.set()

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not ours:
        yield asked
        return
    try:
        signal.signal(signal.SIGINT, later)
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if asked.is_set():
        raise KeyboardInterrupt
