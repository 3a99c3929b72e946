"""How far a long run is: told to a progress bar and to a function of the caller's."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How many of the images are done, about how many seconds are left (None: too early to say), and `what`
    is being done.

    >>> Progress(500, 2000, 12.0, "thresholds").share
    0.25
    """  # noqa: D205  (one sentence)

    done: int
    total: int
    seconds_left: float | None
    what: str

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return self.done / self.total if self.total else 1.0


Tell = Callable[[int, str], None]
"""`tell(images, what)`: so many more images are done, and this comes next."""


@contextmanager
def telling(
    total: int, done: int, *, show: bool, on_progress: Callable[[Progress], None] | None
) -> Iterator[Tell]:
    """Open a bar over `total` images, of which `done` were there before, and give what moves it on."""
    began, before = perf_counter(), done
    bar: Any = None
    if show:
        from tqdm.auto import tqdm

        bar = tqdm(total=total, initial=done, unit="img", desc="dissect")

    def tell(images: int, what: str) -> None:
        nonlocal done
        done += images
        if bar is not None:
            bar.set_description(what, refresh=False)
            bar.update(images)
        if on_progress is not None:
            new = done - before
            left = (perf_counter() - began) / new * (total - done) if new else None
            on_progress(Progress(done, total, left, what))

    try:
        yield tell
    finally:
        if bar is not None:
            bar.close()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let an interrupt from the keyboard wait until the end of the block, so that it is done whole or not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        yield
        return
    caught: list[tuple[Any, Any]] = []
    signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            handler(*caught[-1])
