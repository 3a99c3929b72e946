"""The training monitor as a whole: what it sends, what it leaves alone, and how it ends."""

import base64
import io
import time

import numpy as np
import pytest
import torch
from ipywidgets.widgets import widget as live
from PIL import Image

import gan_widgets as gw
from gan_widgets.apps import training_monitor
from gan_widgets.control import cells
from gan_widgets.core.errors import CallError, ControllerError, LatentsError
from tests.apps.training import THREADS, caught_up, lines, noticed, train
from tests.train.small import random_states, same, small_trainer, weights
from tests.waiting import ended, until

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize("ema", [0.99, None])
def test_watching_changes_no_bit_of_the_training(page, ema):
    def trained(watch):
        trainer = small_trainer(ema=ema)
        monitor = gw.TrainingMonitor(trainer, seeds=range(3), every=1, rate=30) if watch else None
        train(trainer, 20)
        if monitor is not None:
            monitor.draw()
            monitor.picture()
        train(trainer, 20)
        losses = [(step.d_loss, step.g_loss) for step in trainer.history]
        if monitor is not None:
            monitor.close()
            ended(*THREADS)
        return weights(trainer), losses

    before = random_states()
    (alone, losses), (watched, same_losses) = trained(watch=False), trained(watch=True)
    assert same(alone, watched)
    assert losses == same_losses
    assert random_states() == before


def test_alarms_and_trouble_stand_in_the_banner_until_they_end(monitor, trainer):
    def fail(*_):
        raise ZeroDivisionError("no $steps$ <b>today</b>")

    unwatch = trainer.watch(fail)
    trainer.once()
    unwatch()
    monitor.draw()
    assert "ZeroDivisionError: no $steps$ <b>today</b>" in noticed(monitor)
    assert "<b>" not in monitor.notice.value
    trainer.trouble = ""
    with torch.no_grad():
        trainer.G.net[3].weight.fill_(torch.nan)
    trainer.once()
    monitor.draw()
    assert [alarm.kind for alarm in trainer.alarms] == ["nan"]
    assert noticed(monitor) == trainer.alarms[0].sentence
    assert trainer.alarms[0].sentence in monitor.text()


def test_samples_that_fail_say_so_and_training_goes_on(page, trainer, monkeypatch):
    monitor = gw.TrainingMonitor(trainer, seeds=[0], every=1)

    def fail(_):
        raise RuntimeError("no samples")

    monkeypatch.setattr(trainer.average, "forward", fail)
    train(trainer, 3)
    monitor.draw()
    assert trainer.step == 3
    assert noticed(monitor) == "the samples could not be drawn: RuntimeError: no samples"
    monkeypatch.undo()
    train(trainer, 1)
    monitor.draw()
    assert noticed(monitor) == ""
    monitor.close()


def test_nothing_is_sent_before_the_page_has_drawn_the_last(monitor, trainer, page, monkeypatch):
    monkeypatch.setattr(training_monitor, "PATIENCE", (60.0, 60.0))
    train(trainer, 1)
    until(lambda: monitor.sheet.frame == 1)
    frames = []
    for _ in range(20):
        train(trainer, 5)
        frames.append(monitor.sheet.frame)
    assert set(frames) == {1}
    caught_up(page, monitor)
    until(lambda: monitor.sheet.frame == 2)
    assert lines(monitor, 0)[0][-1] == 101


def test_without_any_page_something_is_sent_ever_more_seldom(monitor, trainer, monkeypatch):
    monkeypatch.setattr(training_monitor, "PATIENCE", (0.02, 0.05))
    monitor._patience = 0.02
    train(trainer, 1)
    until(lambda: monitor.sheet.frame == 1)
    train(trainer, 1)
    until(lambda: monitor.sheet.frame == 2)
    assert monitor._patience == 0.04
    train(trainer, 1)
    until(lambda: monitor.sheet.frame == 3)
    assert monitor._patience == 0.05


def test_at_most_so_many_frames_a_second(page, trainer):
    monitor = gw.TrainingMonitor(trainer, seeds=[0], rate=5)
    start = time.monotonic()
    trainer.play(until=400)
    while trainer.running:
        caught_up(page, monitor)
        time.sleep(0.01)
    seconds = time.monotonic() - start
    assert monitor.sheet.frame <= 5 * seconds + 2
    monitor.close()
    ended(*THREADS)


def test_where_there_is_no_page_a_picture_and_a_table_stand_for_it(monitor, trainer):
    train(trainer, 30)
    data = monitor._repr_mimebundle_()
    assert data["text/plain"] == monitor.text()
    assert data["text/plain"].splitlines()[0].startswith("step 30, paused, ")
    assert [line.split()[0] for line in data["text/plain"].splitlines()[2:]] == [
        "loss",
        "score",
        "gradient",
        "lr",
    ]
    assert data[WIDGET]["model_id"] == monitor.model_id
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))
    assert picture.shape[0] > 500
    assert picture.shape[1] > 700
    for color in ((0, 114, 178), (213, 94, 0)):
        assert (picture == color).all(axis=2).sum() > 200
    assert repr(monitor) == f"TrainingMonitor({trainer!r}, paused)"


def test_a_fresh_trainer_has_a_picture_too(monitor):
    assert Image.open(io.BytesIO(monitor.picture())).size[0] > 700
    assert monitor.text().splitlines()[0] == "step 0, paused"


@pytest.mark.parametrize("stop", [False, True])
def test_closing_leaves_the_training_as_asked(page, trainer, stop):
    before = set(live._instances)
    monitor = gw.TrainingMonitor(trainer)
    trainer.play()
    until(lambda: trainer.step > 3)
    monitor.close(stop=stop)
    monitor.close()
    assert set(live._instances) == before
    assert trainer.running is not stop
    assert repr(monitor).endswith(", closed)")
    trainer.pause()
    assert trainer.trouble == ""
    assert trainer._watchers == {}
    ended(*THREADS)


def test_running_its_cell_again_replaces_it(page, trainer, monkeypatch):
    monkeypatch.setattr(cells, "_made", {})
    monitors = []
    for execution in ("1", "2"):
        monkeypatch.setattr(cells, "running_cell", lambda execution=execution: ("a", execution))
        monitors.append(gw.TrainingMonitor(trainer))
    assert [monitor.comm is None for monitor in monitors] == [True, False]
    monitors[1].close()


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"rate": 0}, ControllerError, "above 0 and at most 30"),
        ({"rate": 31}, ControllerError, "31"),
        ({"rate": float("nan")}, ControllerError, "nan"),
        ({"every": 0}, ControllerError, "from 1 on"),
        ({"every": True}, ControllerError, "True"),
        ({"seeds": []}, LatentsError, "non-empty"),
        ({"color": "red"}, CallError, "TrainingMonitor has no keyword 'color'"),
    ],
)
def test_what_it_cannot_do_is_refused(page, trainer, keywords, error, words):
    with pytest.raises(error, match=words) as raised:
        gw.TrainingMonitor(trainer, **keywords)
    assert all(part in str(raised.value) for part in ("got:", "allowed:", "next:"))
    assert trainer._watchers == {}


def test_only_a_trainer_is_watched(page):
    with pytest.raises(CallError, match="got: int"):
        gw.TrainingMonitor(7)
