"""What a hand does to a training, through the monitor."""

import numpy as np
import pytest

import gan_widgets as gw
from gan_widgets.apps import training_monitor
from tests.apps.training import noticed, train
from tests.train.small import small_trainer
from tests.waiting import until


def test_play_pause_and_single_steps_by_hand(monitor, trainer, page):
    bar = monitor.bar
    for button, step in zip(bar.steps, (1, 2, 3), strict=True):
        page.say(button, {"event": "click"})
        assert trainer.step == step
    last = [(np.isnan(s.d_loss), np.isnan(s.g_loss)) for s in trainer.history]
    assert last == [(False, True), (True, False), (False, False)]
    page.say(bar.play, {"event": "click"})
    until(lambda: trainer.step > 20)
    assert trainer.running
    assert [part.disabled for part in (bar.play, bar.pause, *bar.steps)] == [True, False, True, True, True]
    page.say(bar.pause, {"event": "click"})
    assert not trainer.running
    reached = trainer.step
    assert [part.disabled for part in (bar.play, bar.pause, *bar.steps)] == [False, True, False, False, False]
    assert bar.said.value.startswith(f"step {reached:,}, paused, ")


def test_a_run_with_an_end_shows_how_far_it_is(monitor, trainer, page):
    page.write(monitor.bar.until, value=40)
    page.say(monitor.bar.play, {"event": "click"})
    until(lambda: not trainer.running)
    until(lambda: monitor.bar.said.value.startswith("step 40, paused"))
    page.say(monitor.bar.play, {"event": "click"})
    assert noticed(monitor) == "the training is there already: until step 40, at step 40"
    page.write(monitor.bar.until, value=0)
    page.say(monitor.bar.steps[0], {"event": "click"})
    assert (noticed(monitor), monitor.notice.layout.display) == ("", "none")


def test_a_run_says_when_it_will_end_while_it_runs(trainer):
    assert trainer.until is None
    trainer.play(until=10**6)
    assert trainer.until == 10**6
    trainer.play()
    assert trainer.until is None
    trainer.pause()
    trainer.play(until=1)
    until(lambda: not trainer.running)
    assert trainer.until is None


def test_the_share_of_the_way_and_what_is_left(trainer):
    class Running:
        step, until, running = 300, 1000, True

    train(trainer, 1)
    series = training_monitor.Series()
    series.add({"step": 1, "seconds": 0.25})
    assert training_monitor.how_far(Running(), series) == (
        "step 300 of 1,000, running, 250 ms per step, 3 min left",
        0.3,
    )
    Running.until = None
    assert training_monitor.how_far(Running(), series) == ("step 300, running, 250 ms per step", None)


def test_controls_take_effect_and_are_recorded(monitor, trainer, page):
    hands = monitor.controls
    page.write(hands.rates["G"], value=10**-2.5)
    page.write(hands.d_steps, value=2)
    page.write(hands.frozen["D"], value=True)
    assert (trainer.controls.lr_G, trainer.controls.d_steps, trainer.controls.frozen) == (0.0032, 2, ("D",))
    page.write(hands.frozen["G"], value=True)
    assert trainer.controls.frozen == ("G",)
    assert (hands.frozen["D"].value, hands.frozen["G"].value) == (False, True)
    page.write(hands.frozen["G"], value=False)
    page.write(hands.smoothing, value=0.1)
    assert trainer.controls.smoothing == 0.1
    assert [change.name for change in trainer.changes] == [
        "lr_G",
        "d_steps",
        "frozen",
        "frozen",
        "frozen",
        "smoothing",
    ]
    assert {change.step for change in trainer.changes} == {1}


def test_controls_that_somebody_else_changed_are_followed_and_not_written_back(monitor, trainer):
    trainer.change(lr_D=0.5, smoothing=0.3, frozen=("G",))
    monitor.draw()
    hands = monitor.controls
    assert (hands.rates["D"].value, hands.smoothing.value, hands.frozen["G"].value) == (0.5, 0.3, True)
    assert trainer.controls.lr_D == 0.5
    trainer.change(lr_D=3e-9)
    monitor.draw()
    assert hands.rates["D"].value == pytest.approx(3e-9)
    assert (hands.rates["D"].description, hands.rates["D"].readout) == ("lr of D", True)
    trainer.change(lr_D=0.0)
    monitor.draw()
    assert (hands.rates["D"].description, hands.rates["D"].readout) == ("D: lr 0", False)
    assert trainer.controls.lr_D == 0.0
    assert len(trainer.changes) == 5


def test_what_lies_beyond_a_control_widens_it(monitor, trainer):
    trainer.change(smoothing=0.7, d_steps=150)
    monitor.draw()
    hands = monitor.controls
    assert (hands.smoothing.value, hands.d_steps.value) == (0.7, 150)
    assert (trainer.controls.smoothing, trainer.controls.d_steps) == (0.7, 150)


def test_a_refused_control_says_why_and_goes_back(page):
    trainer = small_trainer(loss="wgan")
    monitor = gw.TrainingMonitor(trainer, seeds=[0])
    page.write(monitor.controls.smoothing, value=0.2)
    assert "label" in noticed(monitor)
    assert monitor.notice.layout.display == ""
    assert monitor.controls.smoothing.value == trainer.controls.smoothing == 0.0
    monitor.close()
