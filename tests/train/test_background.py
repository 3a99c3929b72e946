"""Playing in the background: control, fairness, failures, and always the same bits."""

import sys
import threading
import time
from dataclasses import replace

import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.locks import lock_of
from gan_widgets.train.losses import losses
from tests.train.small import random_states, same, weights
from tests.waiting import until


def test_it_plays_to_a_step_and_stops_by_itself_with_the_bits_of_a_loop(make):
    trainer, loop = make(), make()
    trainer.play(until=15)
    until(lambda: not trainer.running)
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
        until(lambda: not played.running)
    finally:
        torch.set_num_threads(threads)
    assert same(weights(loop), weights(played))


def test_pause_returns_between_two_steps_and_play_goes_on(make):
    trainer, loop = make(), make()
    for _ in range(4):
        seen = trainer.step
        trainer.play()
        assert trainer.running
        until(lambda seen=seen: trainer.step > seen + 2)
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
    until(lambda: not trainer.running)
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
    until(lambda: trainer.step > 1)
    with lock_of(trainer.G):
        trainer.pause()
    assert not trainer.running

    trainer.watch(lambda trainer, step: trainer.pause() if step and step.step >= 30 else None)
    trainer.play()
    until(lambda: not trainer.running)
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
    until(lambda: told and told[-1][1] is None)
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
    until(lambda: told and told[-1] is None)
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
    for end in range(1, 40):
        trainer.play(until=end)
    until(lambda: not trainer.running)
    trainer.pause()
    assert trainer.step == 39


def test_a_step_that_leaves_the_thread_is_told_too(make):
    trainer, told = make(), []
    trainer.loss = replace(losses["gan"], generator=lambda fake: sys.exit(3))
    trainer._smoothed = 0.0, trainer.loss
    trainer.watch(lambda trainer, step: told.append(step))
    trainer.play()
    until(lambda: told)
    with pytest.raises(SystemExit):
        trainer.pause()


def test_a_waiting_render_gets_its_turn_between_two_steps(make):
    trainer = make()
    trainer.play()
    until(lambda: trainer.step > 3)
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
    until(lambda: not trainer.running)
    trainer.pause()
    assert got == wanted
    list(loop.steps(40))
    assert same(weights(trainer), weights(loop))


def test_stepping_reads_and_sets_no_global_stream(make):
    trainer = make(shift=2)
    before = random_states()
    list(trainer.steps(3))
    assert random_states() == before
