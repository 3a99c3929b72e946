"""A training run in one file: networks, average, optimisers, controls and history, never half written.

Nothing random needs saving but the counters that it is a function of: see `Trainer`.

    keeper = Keeper(trainer, "run.safetensors")
    keeper.resume()                       # goes on where the last process was ended, if there was one
    with keeper:
        for step in trainer.steps(5000): ...
"""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from gan_widgets.core import store
from gan_widgets.core.errors import StoreError, TrainingError, problem
from gan_widgets.core.numbers import is_whole
from gan_widgets.core.words import said
from gan_widgets.train.snapshot import put_back, snapshot
from gan_widgets.train.trainer import Step, Trainer

KIND = "training checkpoint"


def save(path: str | os.PathLike[str], trainer: Trainer) -> int:
    """Write all that `restore` needs to go on as if nothing had happened; an old file is replaced whole.

    Returns the step after which that was. The networks are held while they are copied, not while the file is
    written. Raises `StoreError` for a trainer whose last step failed half-way; nothing is written then.
    """
    tensors, metadata = snapshot(trainer)
    store.save(path, tensors, kind=KIND, metadata=metadata)
    return int(metadata["step"])


def restore(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Put `trainer`, made with the same settings, where the saved one stood.

    Raises `StoreError` when the file is damaged or comes from a run with other settings (both are named),
    and `FileNotFoundError` when there is none; the trainer is then as it was.
    """
    put_back(path, store.load(path, kind=KIND), trainer)


class Keeper:
    """Saves a run every so many steps, when a background run stops, and when it is closed.

    It saves in the thread that trains, and never stands in its way: when a save fails (the disk is full, the
    folder read-only), the training goes on, the last good file stays, and `trainer.trouble` says so until a
    save succeeds. Networks with weights that are not finite, or in the middle of a step that failed, are not
    saved. The good file before the last one is kept beside it, with `.before` in its name.
    Its folder is made where there is none; raises `StoreError` where it cannot be, and `TrainingError` unless
    `every` is a whole number of 1 or more.
    """

    def __init__(self, trainer: Trainer, path: str | os.PathLike[str], every: int = 500) -> None:
        if not is_whole(every, 1):
            raise TrainingError(
                problem(
                    "a run is saved every so many steps.",
                    got=f"every={every!r}",
                    allowed="a whole number, 1 or more",
                    next="Pass for instance every=500.",
                )
            )
        self.trainer, self.every = trainer, int(every)
        self.path = Path(path).resolve()
        self.before = self.path.with_name(f"{self.path.stem}.before{self.path.suffix}")
        _make(self.path.parent)
        self.saved: int | None = None
        """The step of the last good file, as far as this keeper knows."""
        self._complaint = ""
        self._written: tuple[int, int, int] | None = None
        self._guard = threading.RLock()
        with suppress(OSError):  # what a process that was killed while it wrote has left
            for torn in self.path.parent.glob(f".{self.path.name}.*.tmp"):
                torn.unlink()
        self._unwatch: Callable[[], None] | None = trainer.watch(self._follow)

    def resume(self) -> int:
        """Put the trainer where the last good file stood, and return its step; without a file, it stays.

        Of a file that is damaged, `trainer.trouble` tells, and the one before it is taken. Raises
        `StoreError` when both are, or when they come from another run.
        """
        damage: Exception | None = None
        for path in (self.path, self.before):
            try:
                stored = store.load(path, kind=KIND)
            except (FileNotFoundError, StoreError) as error:
                damage = damage or (error if isinstance(error, StoreError) else None)
                continue
            put_back(path, stored, self.trainer)
            self.saved = self.trainer.step
            if damage is not None:
                self._complain(f"{said(damage)} Went on from {self.before.name}, step {self.saved:,}.")
            return self.saved
        if damage is not None:
            raise damage
        return self.trainer.step

    def save(self) -> bool:
        """Save now; returns whether that succeeded. Of a failure, `trainer.trouble` tells."""
        with self._guard:
            step, refusal = self.trainer.step, ""
            try:
                with self.trainer._alone():
                    step, refusal = self.trainer.step, self._refusal()
                    tensors, metadata = snapshot(self.trainer)
                if not refusal:
                    self._set_aside()
                    store.save(self.path, tensors, kind=KIND, metadata=metadata)
                    self._written = _stamp(self.path)
            except OSError as error:
                refusal = said(error)
            except StoreError as error:
                refusal = str(error).partition(".\n")[0]
            if refusal:
                self._complain(f"Not saved after step {step:,}: {refusal}. {self._rest()}")
                return False
            self.saved = step
            if self.trainer.trouble == self._complaint:
                self.trainer.trouble = ""
            self._complaint = ""
            return True

    def close(self) -> None:
        """Save a last time, and follow the trainer no more; closing twice is harmless."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
            self.save()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self, trainer: Trainer, step: Step | None) -> None:
        if step is None or step.step % self.every == 0:
            self.save()
        elif self._complaint and not trainer.trouble:  # `play` takes away what was said before it
            trainer.trouble = self._complaint

    def _refusal(self) -> str:
        last = self.trainer.history.last(1)
        if last and not all(map(isfinite, last[0].weights.values())):
            return "there are weights that are not finite"
        return ""

    def _rest(self) -> str:
        return (
            "There is no checkpoint yet." if self.saved is None else f"That of step {self.saved:,} is there."
        )

    def _complain(self, words: str) -> None:
        self._complaint = self.trainer.trouble = words

    def _set_aside(self) -> None:
        """Give the last file, unless it was damaged since, a second name that outlives the next one."""
        try:
            if _stamp(self.path) != self._written:
                store.load(self.path, kind=KIND)
            if self.before.exists() and self.before.samefile(self.path):
                return
        except (FileNotFoundError, StoreError):
            return
        beside = self.before.with_name(f".{self.path.name}.{uuid4().hex}.tmp")
        try:
            try:
                beside.hardlink_to(self.path)
            except OSError:  # not every disk has links
                shutil.copyfile(self.path, beside)
            beside.replace(self.before)
        finally:
            beside.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            problem(
                "the folder that a run is to be saved in cannot be made.",
                got=said(error),
                allowed="a folder, there already or to be made",
                next="Choose another folder.",
            )
        ) from error


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
