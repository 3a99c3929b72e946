"""Threads that end before the process: one that is cut off inside PyTorch may end the process by a signal."""

import atexit
from collections.abc import Callable
from threading import Thread
from weakref import WeakKeyDictionary

_LAST_WAIT = 5.0
_threads: "WeakKeyDictionary[Thread, Callable[[], object]]" = WeakKeyDictionary()


def ends_first(thread: Thread, wish: Callable[[], object]) -> None:
    """Let a thread that was started end before the process: at exit `wish()` asks it to, and is waited for.

    `wish` must not hold the thread, which would then be kept for ever.
    """
    _threads[thread] = wish


@atexit.register
def _leave() -> None:
    threads = list(_threads.items())
    for _, wish in threads:
        wish()
    for thread, _ in threads:
        thread.join(_LAST_WAIT)
