import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gan_widgets.apps import training_axes as axes
from gan_widgets.apps.training_series import Series, row_of
from gan_widgets.train.trainer import Step


def series(values, name="loss", limit=4000):
    made = Series(limit)
    for step, value in enumerate(values, 1):
        made.add({"step": step, name: value})
    return made


def test_few_steps_are_drawn_as_they_are():
    curve = series([3.0, 1.0, 2.0]).curve(["loss"])
    assert curve.ends.tolist() == curve.steps.tolist() == [1, 2, 3]
    assert curve.extremes.tolist() == curve.means.tolist() == [[3, 1, 2]]


def test_the_mean_is_that_of_the_last_steps():
    curve = series([3.0, 1.0, 2.0, 6.0]).curve(["loss"], window=3)
    assert curve.means.tolist() == [[3, 2, 2, 3]]
    assert curve.extremes.tolist() == [[3, 1, 2, 6]]


def test_a_spike_is_seen_however_few_the_points():
    values = np.zeros(1000)
    values[617] = 5.0
    curve = series(values).curve(["loss"], points=20)
    assert curve.extremes.shape == (1, 40)
    assert curve.extremes.max() == 5.0
    assert curve.means.max() == 5.0 / 50
    assert curve.ends[0], curve.ends[-1] == (1, 1000)


def test_what_is_not_finite_leaves_a_gap_and_poisons_nothing():
    curve = series([1.0, np.nan, 3.0, np.inf, 5.0]).curve(["loss"], window=2)
    assert np.array_equal(curve.extremes, [[1, np.nan, 3, np.nan, 5]], equal_nan=True)
    assert np.array_equal(curve.means, [[1, np.nan, 3, np.nan, 5]], equal_nan=True)
    assert series([1.0, np.nan, 3.0]).recent("loss") == 2.0
    assert np.isnan(series([np.nan]).recent("loss"))


def test_an_explosion_does_not_spoil_what_comes_after_it():
    curve = series([1e300, 1e300, 0.25, 0.5]).curve(["loss"], window=2)
    assert curve.means[0, -1] == 0.375


def test_rows_stay_bounded_the_first_and_the_latest_among_them():
    made = series(range(1, 10_001), limit=100)
    steps = made.values("step")
    assert len(made) <= 100
    assert steps[0] == 1
    assert steps[-50:].tolist() == list(range(9951, 10_001))
    assert (np.diff(steps) > 0).all()
    assert np.array_equal(made.values("loss"), steps)


def test_a_name_that_comes_late_is_nan_before():
    made = Series(10)
    made.add({"step": 1})
    for k in range(20):
        made.add({"step": 2 + k, **{f"|G.{j}|": float(j) for j in range(k)}})
    assert len(made.names) == 19
    assert np.isnan(made.values("|G.18|")[:-1]).all()
    assert made.values("|G.18|")[-1] == 18
    assert np.isnan(made.values("nothing")).all()


def test_a_step_gives_each_layers_norm_and_that_of_each_network():
    step = Step(7, 0.5, 0.25, 1.0, -1.0, {"G.a.0": 3.0, "G.b": 4.0, "D.0": 2.0}, {}, 0.125)
    row = row_of(step)
    assert (row["step"], row["d_loss"], row["seconds"]) == (7, 0.5, 0.125)
    assert (row["|G|"], row["|D|"], row["|G.a.0|"]) == (5.0, 2.0, 3.0)


def test_nothing_can_be_drawn_too():
    curve = Series().curve(["loss"])
    assert curve.steps.shape == (0,)
    assert curve.means.shape == (1, 0)
    assert Series().curve([]).means.shape == (0, 0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80), st.integers(1, 30), st.integers(1, 90))
def test_means_stay_between_the_extremes_and_agree_with_a_loop(values, window, points):
    made = series(values)
    curve = made.curve(["loss"], window, points)
    assert curve.means.min() >= min(values) - 1e-3
    assert curve.means.max() <= max(values) + 1e-3
    assert curve.extremes.min() == min(values)
    assert curve.extremes.max() == max(values)
    if points >= len(values):
        loop = [np.mean(values[max(0, k + 1 - window) : k + 1]) for k in range(len(values))]
        np.testing.assert_allclose(curve.means[0], loop, atol=1e-3)


@example(0.0, 5e-324)
@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_an_axis_holds_its_values_between_a_few_round_numbers(low, width):
    ticks = axes.even(low, low + width)
    unseen = 1e-9 * max(abs(low), abs(low + width))
    assert ticks[0] <= low + unseen
    assert ticks[-1] >= low + width - unseen
    assert 2 <= len(ticks) <= axes.MOST
    assert len({axes.label(tick) for tick in ticks}) >= 1


@given(st.floats(1e-30, 1e30), st.floats(1, 1e12))
def test_a_logarithmic_axis_does_too(low, times):
    ticks = axes.log_ticks(low, low * times)
    assert ticks[0] <= low * (1 + 1e-9)
    assert ticks[-1] >= low * times * (1 - 1e-9)
    assert 2 <= len(ticks) <= axes.MOST + 1


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-300])
def test_an_axis_for_one_value_has_room_on_both_sides(value):
    ticks = axes.even(value, value)
    assert ticks[0] < value or ticks[0] <= value < ticks[-1]
    assert len(ticks) >= 2
