"""The sample sheets of the training monitor, and the scrubber through them."""

from itertools import pairwise

import numpy as np

from gan_widgets.apps.training_sheets import Sheets
from gan_widgets.core.live import call, quiet
from gan_widgets.core.pixels import as_images, to_uint8
from tests.apps.training import caught_up, train


def sheet_of(trainer, seeds):
    with quiet(trainer.average, "eval"):
        return to_uint8(as_images(call(trainer.average, trainer.latents(seeds))))


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
    assert len(sheets.steps) == 8
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
