"""Playing in the background: control, fairness, failures, interrupts, and always the same bits."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import TrainingError
from gan_widgets.core.live import quiet
from gan_widgets.core.locks import lock_of
from gan_widgets.train.losses import losses
from tests.train.small import random_states, same, weights

LONG = float(os.environ.get("GAN_WIDGETS_RACE_SECONDS", "3"))


@pytest.fixture(autouse=True)
def interrupts():
    """Have them, also where the shell that started the tests has switched them off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.002)


def test_it_plays_to_a_step_and_stops_by_itself_with_the_bits_of_a_loop(make):
    trainer, loop = make(), make()
    trainer.play(until=15)
    wait_for(lambda: not trainer.running)
    trainer.pause()
    list(loop.steps(15))
    assert trainer.step == 15
    assert list(trainer.history) == list(loop.history)
    assert same(weights(trainer), weights(loop))


def test_its_thread_computes_as_the_main_one_does_with_any_number_of_threads(few):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        loop, played = (gw.Trainer(*gw.nets.dcgan(seed=1), few, batch=16) for _ in range(2))
        list(loop.steps(2))
        played.play(until=2)
        wait_for(lambda: not played.running)
    finally:
        torch.set_num_threads(threads)
    assert same(weights(loop), weights(played))


def test_pause_returns_between_two_steps_and_play_goes_on(make):
    trainer, loop = make(), make()
    for _ in range(4):
        seen = trainer.step
        trainer.play()
        assert trainer.running
        wait_for(lambda seen=seen: trainer.step > seen + 2)
        trainer.pause()
        assert not trainer.running
        stopped = trainer.step
        assert [s.step for s in trainer.history] == list(range(1, stopped + 1))
        time.sleep(0.01)
        assert trainer.step == stopped
    list(loop.steps(trainer.step))
    assert same(weights(trainer), weights(loop))


def test_another_play_moves_the_end_and_pausing_a_pause_is_harmless(make):
    trainer = make()
    trainer.pause()
    trainer.play(until=10**6)
    trainer.play(until=trainer.step + 1)
    wait_for(lambda: not trainer.running)
    trainer.pause(), trainer.pause()
    assert trainer.step < 10**6


def test_one_step_at_a_time_also_while_it_plays(make):
    trainer = make()
    assert trainer.once().step == 1
    assert trainer.once("D").gradients.keys() == {"D.1", "D.3"}
    trainer.play()
    records = [trainer.once("G") for _ in range(5)]
    trainer.pause()
    assert all(key[0] == "G" for record in records for key in record.gradients)
    assert [s.step for s in trainer.history] == list(range(1, trainer.step + 1))


def test_pause_works_for_whoever_holds_a_network_and_for_a_watcher(make):
    trainer = make()
    trainer.play()
    wait_for(lambda: trainer.step > 1)
    with lock_of(trainer.G):
        trainer.pause()
    assert not trainer.running

    trainer.watch(lambda trainer, step: trainer.pause() if step and step.step >= 30 else None)
    trainer.play()
    wait_for(lambda: not trainer.running)
    assert trainer.step == 30


def test_pause_does_not_wait_for_a_watcher_that_waits_for_us(make):
    trainer, entered = make(), threading.Event()

    def refresh(trainer, step):
        entered.set()
        with lock_of(trainer.G):
            pass

    trainer.watch(refresh)
    with lock_of(trainer.G):
        pass
    trainer.play()
    entered.wait(10)
    with lock_of(trainer.G):
        trainer.pause()


def test_watchers_are_told_of_each_step_without_a_lock_and_of_the_end(make):
    trainer, told = make(), []
    unwatch = trainer.watch(
        lambda who, step: told.append((who is trainer, step and step.step, lock_of(trainer.G).owned))
    )
    trainer.play(until=3)
    wait_for(lambda: told and told[-1][1] is None)
    assert told == [(True, 1, False), (True, 2, False), (True, 3, False), (True, None, False)]
    unwatch(), unwatch()
    trainer.advance()
    assert len(told) == 4


def test_a_watcher_that_fails_is_named_and_training_goes_on(make):
    trainer, alone, told = make(), make(), []

    def broken(trainer, step):
        raise ValueError("no screen\nanywhere")

    trainer.watch(broken)
    trainer.watch(lambda trainer, step: told.append(step))
    list(trainer.steps(3))
    list(alone.steps(3))
    assert len(told) == 3
    assert trainer.trouble.endswith("broken, which watches, failed: ValueError: no screen")
    assert same(weights(trainer), weights(alone))


@pytest.mark.parametrize("meet", ["pause", "once", "play"])
def test_a_step_that_fails_ends_the_run_and_is_raised_at_the_next_meeting(make, meet):
    gan = losses["gan"]

    def failing(fake):
        if trainer.step == 2 and not mended:
            raise RuntimeError("out of luck")
        return gan.generator(fake)

    mended, told = [], []
    trainer = make(loss=(gan.discriminator, failing))
    trainer.watch(lambda trainer, step: told.append(step))
    trainer.play()
    wait_for(lambda: told and told[-1] is None)
    assert not trainer.running
    assert trainer.step == 2
    assert trainer.trouble == "Step 3 failed, and the run stopped: RuntimeError: out of luck"
    with pytest.raises(RuntimeError, match="out of luck"):
        getattr(trainer, meet)()
    mended.append(True)
    trainer.pause()
    assert trainer.once().step == 3


def test_a_later_end_is_never_lost(make):
    trainer = make()
    for until in range(1, 40):
        trainer.play(until=until)
    wait_for(lambda: not trainer.running)
    trainer.pause()
    assert trainer.step == 39


def test_a_step_that_leaves_the_thread_is_told_too(make):
    trainer, told = make(), []
    trainer.loss = replace(losses["gan"], generator=lambda fake: sys.exit(3))
    trainer._smoothed = 0.0, trainer.loss
    trainer.watch(lambda trainer, step: told.append(step))
    trainer.play()
    wait_for(lambda: told)
    with pytest.raises(SystemExit):
        trainer.pause()


def test_a_waiting_render_gets_its_turn_between_two_steps(make):
    trainer = make()
    trainer.play()
    wait_for(lambda: trainer.step > 3)
    steps = []
    for _ in range(20):
        before = trainer.step
        with lock_of(trainer.G):
            steps.append(trainer.step - before)
        time.sleep(0.002)
    trainer.pause()
    # the step that is under way, and one that may begin before we stand in line
    assert max(steps) <= 2


def test_other_threads_may_draw_from_the_global_streams_meanwhile(make):
    trainer, loop = make(shift=1), make(shift=1)
    torch.manual_seed(5)
    wanted = [torch.rand(3).tolist() for _ in range(300)]
    torch.manual_seed(5)
    trainer.play(until=40)
    got = []
    while len(got) < 300:
        got.append(torch.rand(3).tolist())
        time.sleep(0.0005)
    wait_for(lambda: not trainer.running)
    trainer.pause()
    assert got == wanted
    list(loop.steps(40))
    assert same(weights(trainer), weights(loop))


def test_stepping_reads_and_sets_no_global_stream(make):
    trainer = make(shift=2)
    before = random_states()
    list(trainer.steps(3))
    assert random_states() == before


# interrupts


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
    wait_for(lambda: trainer.step > seen)
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


# observing


def test_watching_every_step_of_five_hundred_changes_no_bit(make, monkeypatch):
    watched, plain = make(), make()
    seen = []

    def look(trainer, step):
        seen.append((step.weights, trainer.alarms, trainer.history.last(3), trainer.diversity))
        if step.step % 20 == 0:
            with quiet(trainer.G, "eval"):
                trainer.G(trainer.latents([1, 2]))

    watched.watch(look)
    list(watched.steps(500))
    monkeypatch.setattr("gan_widgets.train.trainer.layer_norms", lambda *_: ([0.0] * 4, {}, {}))
    monkeypatch.setattr(plain, "_compare", lambda: None)
    list(plain.steps(500))
    assert len(seen) == 500
    assert len(watched.diversity) == 10
    assert same(weights(watched), weights(plain))


# everything at once


def test_threads_that_render_step_change_and_pause_leave_the_bits_of_their_order(make):
    """For GAN_WIDGETS_RACE_SECONDS: no exception, and a plain run with the same orders is equal."""
    trainer, ended, failures = make(shift=1), threading.Event(), []
    turn, orders = trainer._turn, []

    def noted(which):
        step = turn(which)
        orders.append(which)
        return step

    trainer._turn = noted
    lab = gw.attach(trainer.G, latents=trainer.latents, layer="net.0", samples=2)

    def repeatedly(act, rest):
        def loop():
            try:
                count = 0
                while not ended.is_set():
                    act(count)
                    count += 1
                    time.sleep(rest)
            except BaseException as error:  # whatever it is, it must not be
                failures.append(error)

        return threading.Thread(target=loop)

    def toggle(count):
        trainer.pause() if count % 3 == 2 else trainer.play()

    def change(count):
        trainer.change(
            lr_G=1e-4 * (1 + count % 3), frozen=[(), ("G",), ("D",)][count % 3], d_steps=1 + count % 2
        )

    def once(count):
        with suppress(TrainingError):  # it was frozen just then
            trainer.once(("both", "G", "D")[count % 3])

    threads = [
        repeatedly(toggle, 0.02),
        repeatedly(change, 0.007),
        repeatedly(once, 0.01),
        repeatedly(lambda _: lab.refresh(), 0.005),
        repeatedly(lambda _: (trainer.alarms, list(trainer.history), torch.rand(3)), 0.003),
        repeatedly(lambda _: nn.Dropout()(torch.ones(9)), 0.001),
    ]
    for thread in threads:
        thread.start()
    time.sleep(LONG)
    ended.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    trainer.pause()
    lab.close()
    assert failures == []
    assert trainer.trouble == ""
    assert len(orders) == trainer.step > 0

    again, changes = make(shift=1), list(trainer.changes)
    for number, which in enumerate(orders, 1):
        while changes and changes[0].step <= number:
            first = changes.pop(0)
            again.change(**{first.name: first.after})
        again.once(which)
    assert list(again.history) == list(trainer.history)
    assert same(weights(trainer), weights(again))
