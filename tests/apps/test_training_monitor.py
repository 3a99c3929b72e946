import base64
import io
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from ipywidgets.widgets import widget as live
from PIL import Image

import gan_widgets as gw
from gan_widgets.apps import training_monitor
from gan_widgets.apps.training_sheets import Sheets
from gan_widgets.control import cells
from gan_widgets.core.errors import ControllerError, LatentsError
from gan_widgets.core.live import call, quiet
from gan_widgets.core.pixels import as_images, to_uint8
from tests.train.small import random_states, same, small_pair, weights

WIDGET = "application/vnd.jupyter.widget-view+json"
DIGITS = gw.data.load("digits", size=28)


def made(seed=0, **settings):
    return gw.Trainer(*small_pair(seed), DIGITS, **{"batch": 16, "seed": seed, **settings})


@pytest.fixture
def trainer():
    trainer = made()
    yield trainer
    trainer.pause()


@pytest.fixture
def monitor(page, trainer):
    monitor = gw.TrainingMonitor(trainer, seeds=range(4), every=5, rate=30)
    monitor.curves.window.value = 1
    yield monitor
    monitor.close()
    ended()


def ended():
    """Wait until no monitor's thread is left."""
    for thread in threading.enumerate():
        if thread.name in ("training-monitor", "follow-training"):
            thread.join(10)
            assert not thread.is_alive()


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def train(trainer, steps):
    for _ in trainer.steps(steps):
        pass


def lines(monitor, chart):
    """The thick lines of a chart: steps, and one row per line."""
    _, mean, *_ = monitor.curves.charts[chart].figure.marks
    return mean.x, np.atleast_2d(mean.y)


def caught_up(page, monitor):
    """What a page does as soon as it has drawn."""
    page.write(monitor.sheet, seen=monitor.sheet.frame)


def sheet_of(trainer, seeds):
    with quiet(trainer.average, "eval"):
        return to_uint8(as_images(call(trainer.average, trainer.latents(seeds))))


def test_curves_are_what_the_steps_measured(monitor, trainer):
    steps = list(trainer.steps(12))
    monitor.draw()
    x, y = lines(monitor, 0)
    assert x.tolist() == list(range(1, 13))
    np.testing.assert_allclose(y, [[s.d_loss for s in steps], [s.g_loss for s in steps]], rtol=1e-6)
    _, y = lines(monitor, 1)
    np.testing.assert_allclose(y, [[s.d_real for s in steps], [s.d_fake for s in steps]], rtol=1e-6)
    _, y = lines(monitor, 2)
    norms = [np.linalg.norm([v for k, v in s.gradients.items() if k[0] == "D"]) for s in steps]
    np.testing.assert_allclose(y[0], norms, rtol=1e-5)


def test_what_was_trained_before_is_shown_at_once(page, trainer):
    train(trainer, 7)
    monitor = gw.TrainingMonitor(trainer, seeds=[1])
    assert lines(monitor, 0)[0].tolist() == list(range(1, 8))
    assert (monitor.sheet.shown, monitor.sheet.kept) == (7, [7])
    monitor.close()


def test_steps_of_one_network_leave_a_gap_and_a_lone_step_can_be_drawn(monitor, trainer):
    trainer.once("D")
    monitor.draw()
    assert [mark.colors for mark in monitor.curves.charts[0].figure.marks[:2]] == [["#0072b2"]] * 2
    x, y = lines(monitor, 0)
    assert x.tolist() == [1, 1]
    assert y.shape == (1, 2)
    trainer.once("G")
    trainer.once("both")
    monitor.draw()
    _, y = lines(monitor, 0)
    assert np.isnan(y).tolist() == [[False, True, False], [True, False, False]]


def test_the_log_scale_draws_logarithms_and_leaves_scores_alone(monitor, trainer, page):
    train(trainer, 5)
    monitor.draw()
    plain, score = lines(monitor, 0)[1].copy(), lines(monitor, 1)[1].copy()
    page.write(monitor.curves.log_scale, value=True)
    np.testing.assert_allclose(lines(monitor, 0)[1], np.log10(plain), rtol=1e-5)
    assert np.array_equal(lines(monitor, 1)[1], score)
    numbers = monitor.curves.charts[0].figure.marks[-1]
    assert [float(text) for text in numbers.text] == pytest.approx([10**place for place in numbers.y])
    assert numbers.y.tolist() == monitor.curves.charts[0].figure.axes[1].tick_values.tolist()
    page.write(monitor.curves.log_scale, value=False)
    np.testing.assert_allclose(lines(monitor, 0)[1], plain)


def test_smoothing_is_the_mean_of_the_last_steps(monitor, trainer, page):
    losses = [step.d_loss for step in trainer.steps(6)]
    page.write(monitor.curves.window, value=3)
    expected = [np.mean(losses[max(0, k - 2) : k + 1]) for k in range(6)]
    monitor.draw()
    np.testing.assert_allclose(lines(monitor, 0)[1][0], expected, rtol=1e-6)


def test_gradients_of_single_layers_are_named(monitor, trainer, page):
    train(trainer, 3)
    monitor.draw()
    page.write(monitor.curves.of, index=1)
    assert list(monitor.curves.gradients().values()) == ["net.0", "net.1", "net.3"]
    last = trainer.history[-1].gradients
    np.testing.assert_allclose(
        lines(monitor, 2)[1][:, -1], [last[f"G.net.{k}"] for k in (0, 1, 3)], rtol=1e-5
    )


def test_sheets_are_the_average_in_eval_mode_at_every_so_many_steps(monitor, trainer):
    expected = {0: sheet_of(trainer, range(4))}
    for step in trainer.steps(12):
        if step.step % 5 == 0:
            expected[step.step] = sheet_of(trainer, range(4))
    assert list(monitor._sheets.steps) == [0, 5, 10]
    for step, pixels in expected.items():
        assert np.array_equal(monitor._sheets.near(step).pixels, pixels)
    assert not np.array_equal(expected[0], expected[10])


def test_the_scrubber_shows_the_sheet_of_a_step_and_lets_go_again(monitor, trainer, page):
    train(trainer, 12)
    monitor.draw()
    assert (monitor.sheet.kept, monitor.sheet.shown, monitor.sheet.chosen) == ([0, 5, 10], 10, -1)
    page.write(monitor.sheet, chosen=5)
    assert (monitor.sheet.shown, monitor.sheet.chosen) == (5, 5)
    assert monitor.sheet.images == monitor._sheets.near(5).pixels.tobytes()
    train(trainer, 10)
    monitor.draw()
    assert (monitor.sheet.shown, monitor.sheet.kept) == (5, [0, 5, 10, 15, 20])
    page.write(monitor.sheet, chosen=-1)
    assert monitor.sheet.shown == 20


def test_a_page_cannot_write_anything_else(monitor, trainer, page):
    script, frame = monitor.sheet._esm, monitor.sheet.frame
    for state in ({"_esm": "alert(1)"}, {"images": b"x"}, {"seen": 10**9}, {"chosen": "5"}, {"chosen": True}):
        page.write(monitor.sheet, **state)
        assert monitor.sheet.error.startswith("a front end may not write this.")
    assert (monitor.sheet._esm, monitor.sheet.chosen, monitor.sheet.frame) == (script, -1, frame)
    caught_up(page, monitor)
    assert monitor.sheet.error == ""


def test_kept_sheets_stay_bounded_and_spread_over_the_training(trainer):
    sheets = Sheets(trainer, [3], every=1, limit=8)
    for k in range(100):
        trainer.step = k
        sheets.draw()
    gaps = [b - a for a, b in pairwise(sheets.steps)]
    assert len(sheets) == 8
    assert (sheets.steps[0], sheets.steps[-1]) == (0, 99)
    assert max(gaps) <= 4 * min(gaps[:-1])


def test_sheets_take_a_small_share_of_the_time_when_nobody_says_how_often(trainer, monkeypatch):
    sheets, now = Sheets(trainer, [3]), [100.0]
    monkeypatch.setattr("gan_widgets.apps.training_sheets.perf_counter", lambda: now[0])
    monkeypatch.setattr(sheets, "_spent", 0.01)
    assert sheets.due(1)
    sheets._drawn = 99.5
    assert not sheets.due(2)
    now[0] = 101.2
    assert sheets.due(3)


@pytest.mark.parametrize("ema", [0.99, None])
def test_watching_changes_no_bit_of_the_training(page, ema):
    def trained(watch):
        trainer = made(ema=ema)
        monitor = gw.TrainingMonitor(trainer, seeds=range(3), every=1, rate=30) if watch else None
        train(trainer, 20)
        if monitor is not None:
            monitor.draw()
            monitor.picture()
        train(trainer, 20)
        losses = [(step.d_loss, step.g_loss) for step in trainer.history]
        if monitor is not None:
            monitor.close()
            ended()
        return weights(trainer), losses

    before = random_states()
    (alone, losses), (watched, same_losses) = trained(watch=False), trained(watch=True)
    assert same(alone, watched)
    assert losses == same_losses
    assert random_states() == before


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
    assert monitor.notice.value == "the training is there already: until step 40, at step 40"
    page.write(monitor.bar.until, value=0)
    page.say(monitor.bar.steps[0], {"event": "click"})
    assert (monitor.notice.value, monitor.notice.layout.display) == ("", "none")


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
    assert len(trainer.changes) == 4


def test_a_refused_control_says_why_and_goes_back(page):
    trainer = made(loss="wgan")
    monitor = gw.TrainingMonitor(trainer, seeds=[0])
    page.write(monitor.controls.smoothing, value=0.2)
    assert "label" in monitor.notice.value
    assert monitor.notice.layout.display == ""
    assert monitor.controls.smoothing.value == trainer.controls.smoothing == 0.0
    monitor.close()


def test_alarms_and_trouble_stand_in_the_banner_until_they_end(monitor, trainer):
    def fail(*_):
        raise ZeroDivisionError("no $steps$ today")

    unwatch = trainer.watch(fail)
    trainer.once()
    unwatch()
    monitor.draw()
    assert "ZeroDivisionError: no ＄steps＄ today" in monitor.notice.value
    trainer.trouble = ""
    with torch.no_grad():
        trainer.G.net[3].weight.fill_(torch.nan)
    trainer.once()
    monitor.draw()
    assert [alarm.kind for alarm in trainer.alarms] == ["nan"]
    assert monitor.notice.value == trainer.alarms[0].sentence
    assert trainer.alarms[0].sentence in monitor.text()


def test_samples_that_fail_say_so_and_training_goes_on(page, trainer, monkeypatch):
    monitor = gw.TrainingMonitor(trainer, seeds=[0], every=1)

    def fail(_):
        raise RuntimeError("no samples")

    monkeypatch.setattr(trainer.average, "forward", fail)
    train(trainer, 3)
    monitor.draw()
    assert trainer.step == 3
    assert monitor.notice.value == "the samples could not be drawn: RuntimeError: no samples"
    monkeypatch.undo()
    train(trainer, 1)
    monitor.draw()
    assert monitor.notice.value == ""
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
    ended()


def test_a_run_that_was_put_back_is_shown_from_there(monitor, trainer, tmp_path):
    from gan_widgets.train import checkpoint

    train(trainer, 6)
    checkpoint.save(tmp_path / "run", trainer)
    train(trainer, 6)
    monitor.draw()
    assert lines(monitor, 0)[0][-1] == 12
    checkpoint.restore(tmp_path / "run", trainer)
    train(trainer, 2)
    monitor.draw()
    assert lines(monitor, 0)[0].tolist() == list(range(1, 9))


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
    ended()


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
        ({"color": "red"}, TypeError, "TrainingMonitor has no keyword 'color'"),
    ],
)
def test_what_it_cannot_do_is_refused(page, trainer, keywords, error, words):
    with pytest.raises(error, match=words) as raised:
        gw.TrainingMonitor(trainer, **keywords)
    assert all(part in str(raised.value) for part in ("got:", "allowed:", "next:"))
    assert trainer._watchers == {}


def test_only_a_trainer_is_watched(page):
    with pytest.raises(TypeError, match="got: int"):
        gw.TrainingMonitor(7)
