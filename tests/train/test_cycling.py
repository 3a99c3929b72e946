from fractions import Fraction
from math import hypot, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_widgets.core.errors import TrainingError
from gan_widgets.train.cycling import GradientSteps, averaged, between, conserved, distance

exact = st.fractions(-3, 3, max_denominator=40)
rates = st.fractions(Fraction(1, 100), Fraction(19, 10), max_denominator=100)
momenta = st.floats(-0.95, 0.95).filter(lambda beta: abs(beta) > 0.01)


def matrix(steps):
    """What one step does to (x, y, last move of x, last move of y), column by column."""
    columns = []
    for unit in np.eye(4):
        point, moved = tuple(unit[:2]), tuple(unit[2:])
        new = steps.step(point, moved)
        columns.append([*new, new[0] - point[0], new[1] - point[1]])
    return np.array(columns).T


@given(exact, exact, rates)
def test_alternating_steps_conserve_their_ellipse_exactly(x, y, lr):
    new_x, new_y = GradientSteps("alternating", lr=lr).step((x, y))
    assert new_x**2 + new_y**2 - lr * new_x * new_y == x**2 + y**2 - lr * x * y


@given(exact, exact, rates)
def test_simultaneous_steps_multiply_the_squared_distance_by_one_plus_lr_squared_exactly(x, y, lr):
    new_x, new_y = GradientSteps("simultaneous", lr=lr).step((x, y))
    assert new_x**2 + new_y**2 == (1 + lr**2) * (x**2 + y**2)


@given(exact, exact, rates, exact)
def test_one_step_is_what_the_formula_says_with_momentum_too(x, y, lr, moved):
    beta = Fraction(-1, 3)
    one, other = (GradientSteps(order, lr=lr, momentum=beta) for order in ("simultaneous", "alternating"))
    new_x = x - lr * y + beta * moved
    assert one.step((x, y), (moved, moved)) == (new_x, y + lr * x + beta * moved)
    assert other.step((x, y), (moved, moved)) == (new_x, y + lr * new_x + beta * moved)


@given(st.floats(0.01, 1.9), st.floats(0.1, 3), st.floats(0, 2 * pi))
def test_a_path_of_alternating_steps_stays_on_its_ellipse(lr, radius, angle):
    start = radius * np.cos(angle), radius * np.sin(angle)
    path = GradientSteps("alternating", lr=lr).path(300, start)
    levels = conserved(path, lr)
    assert np.allclose(levels, levels[0], rtol=1e-9)
    near, far = between(levels[0], lr)
    assert near * (1 - 1e-6) <= distance(path).min() <= distance(path).max() <= far * (1 + 1e-6)


def test_the_bounds_of_the_distance_are_those_of_the_ellipse():
    angles = np.linspace(0, 2 * pi, 100_001)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    on_it = circle * np.sqrt(1.7 / conserved(circle, 1.3))[:, None]
    assert between(1.7, 1.3) == pytest.approx((distance(on_it).min(), distance(on_it).max()), rel=1e-8)


def test_a_path_of_simultaneous_steps_has_the_distance_of_the_closed_form():
    path = GradientSteps("simultaneous", lr=0.3).path(400, (0.6, 0.8))
    assert distance(path) == pytest.approx(1.09 ** (np.arange(401) / 2), rel=1e-10)


@pytest.mark.parametrize("order", ["simultaneous", "alternating"])
@pytest.mark.parametrize("lr", [0.05, 0.4, 1.5, 2.0, 2.5])
@pytest.mark.parametrize("momentum", [-0.8, -0.5, 0.0, 0.3, 0.9])
def test_growth_is_the_spectral_radius_of_a_step(order, lr, momentum):
    steps = GradientSteps(order, lr=lr, momentum=momentum)
    radius = np.abs(np.linalg.eigvals(matrix(steps))).max()
    assert steps.growth == pytest.approx(radius, rel=1e-6)  # of a double eigenvalue half the digits are left


@given(st.floats(0.01, 1.9))
def test_without_momentum_growth_is_one_or_that_of_a_right_angle(lr):
    assert GradientSteps("alternating", lr=lr).growth == 1.0
    assert GradientSteps("simultaneous", lr=lr).growth == pytest.approx(hypot(1, lr), rel=1e-15)


@given(momenta, st.floats(0.01, 1.9))
def test_no_momentum_makes_simultaneous_steps_arrive(momentum, lr):
    assert GradientSteps("simultaneous", lr=lr, momentum=momentum).outcome == "leaves"


@given(st.floats(-0.9, 0.6), st.floats(0.001, 0.01))
def test_for_small_steps_the_sign_of_the_momentum_decides(momentum, lr):
    """λ = 1 + ε solves ε·(1 − β + ε) = i·lr·(1 + ε)^1.5 (or ^1), to the second order."""
    slow = lr / (1 - momentum)
    for order, factor in (("alternating", 2 * momentum), ("simultaneous", 1 + momentum)):
        growth = GradientSteps(order, lr=lr, momentum=momentum).growth
        leading = factor * slow**2 / (1 - momentum) / 2
        assert growth - 1 == pytest.approx(leading, abs=8 * slow**4 / (1 - momentum) ** 2 + 1e-7)


def test_of_small_alternating_steps_a_momentum_of_minus_one_half_arrives_first():
    growths = {beta: GradientSteps("alternating", 0.05, beta / 100).growth for beta in range(-95, 96)}
    assert min(growths, key=growths.__getitem__) == pytest.approx(-50, abs=1)
    path = GradientSteps("alternating", 0.2, -0.5).path(3000)
    assert distance(path)[-1] < 1e-6


@pytest.mark.parametrize(
    ("order", "momentum"), [("alternating", -0.5), ("alternating", 0.4), ("simultaneous", -0.5)]
)
def test_a_path_grows_in_the_long_run_as_growth_says(order, momentum):
    steps = GradientSteps(order, 0.3, momentum)
    away = distance(steps.path(1200))
    slope = np.polyfit(np.arange(200, 1201), np.log(away[200:]), 1)[0]
    assert slope == pytest.approx(np.log(steps.growth), rel=1e-2)


def test_what_becomes_of_a_path():
    assert GradientSteps("alternating", 0.5).outcome == "turns"
    assert GradientSteps("alternating", 0.5, -0.5).outcome == "arrives"
    assert GradientSteps("alternating", 0.5, 0.5).outcome == "leaves"
    assert GradientSteps("simultaneous", 0.5).outcome == "leaves"
    assert GradientSteps("alternating", 2.0).outcome == "leaves"
    away = distance(GradientSteps("alternating", 2.0).path(2000))
    assert away[2000] / away[1000] == pytest.approx(2, rel=0.01)
    assert GradientSteps("alternating", 2.5).outcome == "leaves"


@given(st.floats(0.05, 1.9), st.integers(1, 400))
def test_the_mean_of_alternating_steps_is_the_telescoped_sum(lr, steps):
    path = GradientSteps("alternating", lr=lr).path(steps + 1, (0.7, -0.4))
    mean = averaged(path[:-1])[-1] * (steps + 1)  # of the points 0 to `steps`
    assert mean[1] == pytest.approx((path[0, 0] - path[-1, 0]) / lr, abs=1e-9)
    # x one step later than y: y' − y = lr·x'
    assert mean[0] - path[0, 0] == pytest.approx((path[-2, 1] - path[0, 1]) / lr, abs=1e-9)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("lr", [0.1, 0.7, 1.5])
def test_the_mean_of_a_path_that_turns_arrives_as_one_over_t(lr, share):
    path = GradientSteps("alternating", lr=lr).path(5000)
    far = distance(path).max()
    counts = np.arange(1, 5002) * share
    away = distance(averaged(path, share)) * counts
    assert away.max() <= (2 * sqrt(2) / lr + 2) * far
    assert distance(averaged(path, share))[-1] < 0.03
    assert distance(path).min() > 0.7


def test_the_mean_of_a_path_that_leaves_leaves_too():
    lr, steps = 0.2, 1000
    path = GradientSteps("simultaneous", lr=lr).path(steps)
    turned = (1 + 1j * lr) ** np.arange(1, steps + 2)
    expected = np.abs(turned - 1) / (lr * np.arange(1, steps + 2))  # a geometric series
    assert distance(averaged(path)) == pytest.approx(expected, rel=1e-7)
    assert expected[-1] > 1e5


@given(st.integers(1, 60), st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.9, 1.0]))
def test_a_mean_is_over_the_latest_points(count, share):
    points = np.random.default_rng(count).normal(size=(count, 2))
    for end, mean in enumerate(averaged(points, share), start=1):
        latest = -((-Fraction(share).limit_denominator(100) * end) // 1)
        assert mean == pytest.approx(points[end - latest : end].mean(axis=0), abs=1e-12)


@pytest.mark.parametrize(
    ("keywords", "got"),
    [
        ({"order": "random"}, "'random'"),
        ({"lr": 0}, "0"),
        ({"lr": "fast"}, "'fast'"),
        ({"lr": float("nan")}, "nan"),
        ({"lr": float("inf")}, "inf"),
        ({"momentum": 1.0}, "1.0"),
        ({"momentum": None}, "None"),
        ({"momentum": -1}, "-1"),
        ({"momentum": float("nan")}, "nan"),
    ],
)
def test_steps_that_make_no_sense_are_refused(keywords, got):
    with pytest.raises(TrainingError, match=f"got: {got}") as raised:
        GradientSteps(**keywords)
    assert all(part in str(raised.value) for part in ("allowed:", "next:"))


@pytest.mark.parametrize("share", [0, 1.1, -1, float("nan"), "half"])
def test_a_share_that_makes_no_sense_is_refused(share):
    with pytest.raises(TrainingError, match="share of the points"):
        averaged(np.zeros((3, 2)), share)
