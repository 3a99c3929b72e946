"""Waiting for what other threads do."""

import threading
import time


def until(condition, seconds=60):
    """Wait until it is true; fails when it is not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def ended(*names):
    """Wait until no thread of these names is left."""
    for thread in threading.enumerate():
        if thread.name in names:
            thread.join(10)
            assert not thread.is_alive()
