"""Interrupts while a step runs, while one waits, and while a run plays; and the end of the program."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from gan_widgets.core.locks import lock_of
from tests.train.small import same, weights
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("keyboard")


def test_an_interrupt_in_a_step_takes_effect_after_it(make):
    trainer, loop = make(), make()
    descend = trainer._descend

    def interrupted(name, loss):
        if trainer.step == 3 and name == "D":
            signal.raise_signal(signal.SIGINT)
        descend(name, loss)

    trainer._descend = interrupted
    with pytest.raises(KeyboardInterrupt):
        list(trainer.steps(10))
    assert (trainer.step, len(trainer.history)) == (4, 4)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    list(loop.steps(4))
    assert same(weights(trainer), weights(loop))


def test_a_second_interrupt_does_not_wait(make):
    trainer = make()

    def stuck(name, loss):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    trainer._descend = stuck
    with pytest.raises(KeyboardInterrupt):
        trainer.advance()
    assert trainer.step == 0
    assert not lock_of(trainer.G).owned


def test_an_interrupt_ends_the_wait_for_a_network_that_someone_else_holds(make):
    trainer, held, go = make(), threading.Event(), threading.Event()

    def hold():
        with lock_of(trainer.D):
            held.set()
            go.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        trainer.advance()
    go.set()
    thread.join(10)
    assert trainer.advance().step == 1


def test_a_program_with_an_interrupt_of_its_own_keeps_it(make):
    trainer, asked = make(), []
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    try:
        for record in trainer.steps(3):
            if record.step == 2:
                signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (trainer.step, asked) == (3, [1])


def test_an_interrupt_of_a_cell_leaves_a_background_run_running(make):
    trainer = make()
    trainer.play()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    seen = trainer.step
    until(lambda: trainer.step > seen)
    trainer.pause()


LEAVING = """
import torch, time
import gan_widgets as gw
from tests.train.small import small_pair
trainer = gw.Trainer(*small_pair(), gw.data.load("digits", size=28), batch=8)
trainer.play()
while trainer.step < 3:
    time.sleep(0.01)
"""


@pytest.mark.parametrize("end", ["raise SystemExit(3)", "raise KeyboardInterrupt"])
def test_leaving_the_program_is_not_held_up_by_a_run(end):
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", LEAVING + end], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == (3 if "Exit" in end else -signal.SIGINT), done.stderr
    assert "Fatal" not in done.stderr
    assert time.monotonic() - start < 100
