"""One lock per model, shared by everybody who runs, edits or trains it, each in turn."""

import threading
import weakref
from _thread import RLock  # the class; `threading.RLock` is a function
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

from torch import nn

from gan_widgets.core.live import unwrap


class TurnLock(RLock):  # type: ignore[misc]  # final to mypy only
    """A re-entrant lock that whoever lets go of cannot take back before those who wait.

    `threading.RLock` wakes a waiting thread, but one that releases it only to acquire it again, as a training
    loop does, is faster than the woken one, every time. Here the first in line stands in a gate that
    newcomers must pass; so a waiting thread is overtaken by nobody who comes after it.

    >>> lock = TurnLock()
    >>> with lock, lock:
    ...     lock.owned
    True
    >>> lock.owned
    False
    """

    def __init__(self) -> None:
        super().__init__()
        self._gate = RLock()

    @property
    def owned(self) -> bool:
        """Whether the calling thread holds it."""
        return _owned(self)

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock, waiting at most `timeout` seconds (−1: for ever); returns whether it was taken."""
        if _owned(self):
            return super().acquire()
        until = monotonic() + timeout
        # an interrupt may come between any two instructions: what was taken must not stay so
        try:
            if not self._gate.acquire(blocking, timeout):
                return False
            taken = super().acquire(blocking, max(0.0, until - monotonic()) if timeout > 0 else timeout)
            self._gate.release()
        except BaseException:
            for part in (self, self._gate):
                if _owned(part):
                    part.release()
            raise
        return taken

    __enter__ = acquire


def _owned(lock: RLock) -> bool:
    return bool(lock._is_owned())  # type: ignore[attr-defined]  # what `threading.Condition` asks too


_locks: "weakref.WeakKeyDictionary[nn.Module, TurnLock]" = weakref.WeakKeyDictionary()
_guard = threading.Lock()
_PATIENCE = 0.05


def lock_of(model: nn.Module) -> TurnLock:
    """Return the re-entrant lock of this model object; it lives as long as the model.

    Raises `RefusedModelError` for what is no Python module.

    >>> model = nn.Linear(2, 3)
    >>> lock_of(model) is lock_of(nn.DataParallel(model))      # it is the same model, however it is wrapped
    True
    >>> lock_of(model) is lock_of(nn.Linear(2, 3))
    False
    """
    with _guard:
        return _locks.setdefault(unwrap(model), TurnLock())


@contextmanager
def alone_with(models: Iterable[nn.Module], unless: threading.Event | None = None) -> Iterator[bool]:
    """Hold the locks of several models, always taken in one order, so that no threads wait in a ring.

    Gives True; or False, holding nothing, once `unless` was set before all of them could be had.
    """
    with ExitStack() as stack:
        for model in sorted({id(model): model for model in map(unwrap, models)}.values(), key=id):
            lock = lock_of(model)
            while not lock.acquire(timeout=-1 if unless is None else _PATIENCE):
                if unless is not None and unless.is_set():
                    stack.close()
                    yield False
                    return
            stack.callback(lock.release)
        yield True
