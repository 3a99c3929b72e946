import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.control.following import Pulse
from gan_widgets.core.errors import ControllerError, RenderError
from tests.train.small import random_states, same, small_trainer, weights
from tests.waiting import ended, until


@pytest.fixture
def lab(trainer):
    with gw.attach(trainer.G, latents=trainer.latents, samples=3) as lab:
        yield lab
    ended("follow-training")


def fresh(lab, model):
    """Whether the controller shows what these weights give now."""
    with gw.attach(model, latents=lab.latents, samples=3) as another:
        return torch.equal(lab.images, another.images)


@pytest.mark.parametrize("name", ["G", "average"])
def test_the_state_after_the_last_step_is_always_shown(trainer, name):
    model = getattr(trainer, name)
    with gw.attach(model, latents=trainer.latents, samples=3) as lab:
        before = lab.images
        stop = lab.follow_training(trainer, rate=30)
        for _ in trainer.steps(10):
            pass
        until(lambda: fresh(lab, model))
        assert not torch.equal(lab.images, before)
        stop()
        stop()
        trainer.once()
        assert not fresh(lab, model)


def test_a_background_run_is_followed_and_its_end_too(lab, trainer):
    seen = []
    lab.observe(lambda change: seen.append(change["new"]), "images")
    lab.follow_training(trainer, rate=20)
    trainer.play(until=60)
    until(lambda: not trainer.running)
    until(lambda: fresh(lab, trainer.G))
    assert len(seen) > 1


def test_following_changes_no_bit_of_the_training():
    def trained(follow):
        trainer = small_trainer()
        lab = gw.attach(trainer.G, latents=trainer.latents, samples=3)
        if follow:
            lab.follow_training(trainer, rate=30)
        for step in trainer.steps(40):
            if follow and step.step % 10 == 0:
                lab.edits = [gw.Ablate(lab.layer, units=[step.step % 7])]
        lab.close()
        return weights(trainer), [(step.d_loss, step.g_loss) for step in trainer.history]

    before = random_states()
    (alone, losses), (followed, same_losses) = trained(follow=False), trained(follow=True)
    assert same(alone, followed)
    assert losses == same_losses
    assert random_states() == before


def test_it_refreshes_at_most_so_many_times_a_second(lab, trainer, monkeypatch):
    times = []
    monkeypatch.setattr(type(lab), "refresh", lambda _: times.append(time.monotonic()))
    stop = lab.follow_training(trainer, rate=10)
    trainer.play(until=300)
    until(lambda: not trainer.running)
    stop()
    assert len(times) >= 2
    assert min(b - a for a, b in pairwise(times)) >= 0.099


def test_closing_the_controller_ends_it(trainer):
    with gw.attach(trainer.G, latents=trainer.latents, samples=3) as lab:
        lab.follow_training(trainer)
        assert len(trainer._watchers) == 1
    assert trainer._watchers == {}
    assert lab._followers == {}
    trainer.once()


def test_a_render_that_fails_is_told_and_the_next_good_one_mends_it(lab, trainer, monkeypatch):
    lab.follow_training(trainer, rate=30)
    assert lab.images.shape == (3, 1, 28, 28)

    def fail(_):
        raise RuntimeError("no images")

    monkeypatch.setattr(trainer.G.net[3], "forward", fail)
    with pytest.raises(RenderError):
        lab.refresh()
    trainer.watch(lambda *_: None)
    monkeypatch.undo()
    trainer.once()
    until(lambda: lab.error == "")
    until(lambda: fresh(lab, trainer.G))


@pytest.mark.parametrize("rate", [0, -1, 31, True, "4", float("inf")])
def test_a_rate_is_a_few_times_a_second(lab, trainer, rate):
    with pytest.raises(ControllerError, match="at most 30"):
        lab.follow_training(trainer, rate=rate)
    assert trainer._watchers == {}


def test_another_model_is_refused(lab):
    with pytest.raises(ControllerError, match="another model"):
        lab.follow_training(small_trainer())


@pytest.mark.parametrize("nobody", [3, None, "trainer", small_trainer])
def test_what_is_no_trainer_is_refused(lab, nobody):
    got = f"got: {type(nobody).__name__}\n  allowed: a gw.Trainer\n  next: "
    with pytest.raises(ControllerError, match=got):
        lab.follow_training(nobody)


def test_a_wrapped_generator_is_the_same_one(trainer):
    with gw.attach(nn.DataParallel(trainer.G), latents=trainer.latents, samples=2) as lab:
        lab.follow_training(trainer)()


def test_a_pulse_answers_the_last_that_was_asked_and_survives_a_failure(monkeypatch):
    told, beats = [], []
    monkeypatch.setattr(threading, "excepthook", told.append)
    monkeypatch.setattr("gan_widgets.control.following.excepthook", told.append)
    monkeypatch.setattr("gan_widgets.control.following._AFTER_A_FAILURE", 0.0)
    going, gate = threading.Event(), threading.Event()

    def beat():
        beats.append(len(beats))
        going.set()
        assert gate.wait(10)
        if len(beats) == 1:
            raise ZeroDivisionError
        return 0.0

    pulse = Pulse(beat, "test-pulse")
    pulse.ask()
    assert going.wait(10)
    for _ in range(100):
        pulse.ask()
    gate.set()
    until(lambda: len(beats) == 2)
    assert told[0].exc_type is ZeroDivisionError
    pulse.close()
    pulse.close()
    pulse.ask()
    until(lambda: not any(thread.name == "test-pulse" for thread in threading.enumerate()))
    assert len(beats) == 2


LEAVE = """
import gan_widgets as gw
G, D = gw.nets.fc_generator(6, seed=0), gw.nets.fc_discriminator(seed=0)
trainer = gw.Trainer(G, D, gw.data.load("digits", size=28), latents=gw.uniform(6), batch=64)
lab = gw.attach(G, latents=trainer.latents)
lab.follow_training(trainer, rate=30)
trainer.play()
while trainer.step < 3: pass
"""


def test_a_process_may_end_while_a_training_is_followed():
    for _ in range(3):  # a thread that is cut off inside PyTorch ends it by a signal, now and then
        subprocess.run([sys.executable, "-c", LEAVE], check=True, timeout=120)


def test_a_pulse_that_was_closed_never_starts():
    pulse = Pulse(lambda: 0.0, "test-pulse")
    pulse.close()
    pulse.ask()
    assert not any(thread.name == "test-pulse" for thread in threading.enumerate())
