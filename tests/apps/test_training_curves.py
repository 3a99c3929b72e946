"""The curves of the training monitor: what the steps measured, and nothing else."""

import numpy as np
import pytest

import gan_widgets as gw
from tests.apps.training import lines, train


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
