import signal
import threading
import time

import pytest
from torch import nn

from gan_widgets.core.locks import TurnLock, alone_with, lock_of

pytestmark = pytest.mark.usefixtures("keyboard")


def in_thread(f):
    """What a new thread gets from `f`."""
    given = []
    thread = threading.Thread(target=lambda: given.append(f()))
    thread.start()
    thread.join(10)
    return given[0]


def test_it_is_reentrant_and_of_one_thread_at_a_time():
    lock = TurnLock()
    with lock:
        with lock:
            assert lock.owned
        assert lock.owned
        assert not in_thread(lambda: lock.acquire(blocking=False))
        assert not in_thread(lambda: lock.acquire(timeout=0.01))
        assert not in_thread(lambda: lock.owned)
    assert not lock.owned
    assert in_thread(lambda: lock.acquire(timeout=0.01) and (lock.release() or True))


def test_only_its_owner_lets_it_go():
    with pytest.raises(RuntimeError):
        TurnLock().release()


def test_a_condition_can_wait_with_it():
    lock = TurnLock()
    condition = threading.Condition(lock)
    woken = []

    def wait():
        with condition:
            woken.append(condition.wait(10))

    thread = threading.Thread(target=wait)
    thread.start()
    while not woken:
        with condition:
            condition.notify()
    thread.join(10)
    assert woken == [True]


def waits(lock, rounds=12, busy=0.01):
    """How often a loop took the lock, in the worst case, while another thread waited for it."""
    ended, taken = threading.Event(), [0]

    def loop():
        while not ended.is_set():
            with lock:
                taken[0] += 1
                time.sleep(busy)

    thread = threading.Thread(target=loop)
    thread.start()
    worst = 0
    while not taken[0]:
        time.sleep(0)
    for _ in range(rounds):
        before = taken[0]
        with lock:
            worst = max(worst, taken[0] - before)
        time.sleep(busy / 3)
    ended.set()
    thread.join(10)
    return worst


def test_a_loop_that_holds_it_nearly_always_lets_others_in_between():
    # one round may begin before the other thread stands in line
    assert waits(TurnLock()) <= 2


def test_several_threads_get_it_while_a_loop_wants_it_too():
    lock, ended = TurnLock(), threading.Event()

    def loop():
        while not ended.is_set():
            with lock:
                time.sleep(0.002)

    looping = threading.Thread(target=loop)
    looping.start()
    counts = [0] * 4

    def take(at):
        for _ in range(20):
            with lock:
                counts[at] += 1

    threads = [threading.Thread(target=take, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    ended.set()
    looping.join(10)
    assert counts == [20] * 4


def test_an_interrupt_while_waiting_leaves_nothing_taken():
    lock, held, go = TurnLock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        lock.acquire(timeout=5)
    go.set()
    thread.join(10)
    assert not lock.owned
    assert in_thread(lambda: lock.acquire(timeout=1) and (lock.release() or True))


def test_interrupts_at_any_moment_leave_it_free():
    lock, ended, armed, caught = TurnLock(), threading.Event(), threading.Event(), 0

    def interrupt(*_):
        if armed.is_set():  # none while the last one is being caught
            armed.clear()
            raise KeyboardInterrupt

    def ring():
        while not ended.wait(0.0005):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before = signal.signal(signal.SIGINT, interrupt)
    thread = threading.Thread(target=ring)
    thread.start()
    try:
        until = time.monotonic() + 0.7
        while time.monotonic() < until:
            try:
                armed.set()
                while True:
                    with lock:
                        pass
            except KeyboardInterrupt:
                caught += 1
    finally:
        ended.set()
        thread.join(10)
        signal.signal(signal.SIGINT, before)
    assert caught > 20
    assert not lock.owned
    assert in_thread(lambda: lock.acquire(timeout=1) and (lock.release() or True))


def test_several_models_are_held_together_or_not_at_all():
    first, second = nn.Linear(1, 1), nn.Linear(1, 1)
    with alone_with([second, first, second]) as alone:
        assert alone
        assert lock_of(first).owned
        assert lock_of(second).owned
    assert not lock_of(first).owned

    stop = threading.Event()
    stop.set()
    with lock_of(second):

        def try_both():
            with alone_with([first, second], unless=stop) as alone:
                return alone, lock_of(first).owned

        assert in_thread(try_both) == (False, False)
    assert in_thread(lambda: lock_of(first).acquire(timeout=1) and (lock_of(first).release() or True))
