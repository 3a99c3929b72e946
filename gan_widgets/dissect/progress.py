"""How far a long run is: told to a progress bar and to a function of the caller's."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from gan_widgets.core.words import left


@dataclass(frozen=True)
class Progress:
    """How many of the images are done, about how many seconds are left (None: too early to say), and `what`
    is being done, in which `layers`.

    >>> progress = Progress(500, 2000, 11.2, "thresholds", ("net.6",))
    >>> progress.share, str(progress)
    (0.25, 'thresholds: 500 of 2,000 images, 12 s left')
    >>> str(Progress(0, 2000, None, "thresholds")), str(Progress(500, 2000, 9000.0, "thresholds"))
    ('thresholds: 0 of 2,000 images', 'thresholds: 500 of 2,000 images, 2.5 h left')
    """  # noqa: D205  (one sentence)

    done: int
    total: int
    seconds_left: float | None
    what: str
    layers: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return self.done / self.total if self.total else 1.0

    def __str__(self) -> str:
        seconds = self.seconds_left
        rest = "" if seconds is None else f", {left(seconds)}"
        return f"{self.what}: {self.done:,} of {self.total:,} images{rest}"


Tell = Callable[[int, str], None]
"""`tell(images, what)`: so many more images are done, and this comes next."""


@contextmanager
def telling(
    total: int,
    done: int,
    layers: tuple[str, ...],
    *,
    show: bool,
    on_progress: Callable[[Progress], None] | None,
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
            seconds = (perf_counter() - began) / new * (total - done) if new else None
            on_progress(Progress(done, total, seconds, what, layers))

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
