import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from gan_widgets.train.features import DistanceError
from gan_widgets.train.frechet import Gaussian, between, frechet, jackknifed

SEEDS = st.integers(0, 2**31)


def gaussian(seed, width, rank=None):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(width, rank or width))
    return Gaussian(rng.normal(size=width), factor @ factor.T)


def rotation(seed, width):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))[0]


def rows(seed, n, width=4):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(
        rng.normal(size=(n, width)) @ rng.normal(size=(width, width)) + rng.normal(size=width)
    )


@given(st.lists(st.tuples(*[st.floats(-50, 50)] * 2, *[st.floats(0, 50)] * 2), min_size=1, max_size=6))
def test_diagonal_gaussians_are_apart_by_the_squares_of_means_and_deviations(axes):
    m1, m2, s1, s2 = np.array(axes).T
    expected = ((m1 - m2) ** 2).sum() + ((s1 - s2) ** 2).sum()
    found = between(Gaussian(m1, np.diag(s1**2)), Gaussian(m2, np.diag(s2**2)))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 6))
def test_any_two_gaussians_follow_the_formula_with_a_general_matrix_root(seed, width):
    p, q = gaussian(seed, width), gaussian(seed + 1, width)
    root = sqrtm(p.covariance @ q.covariance).real
    expected = ((p.mean - q.mean) ** 2).sum() + np.trace(p.covariance + q.covariance - 2 * root)
    assert between(p, q) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 6))
def test_the_distance_is_symmetric_and_does_not_see_a_rotation(seed, width):
    p, q, turn = gaussian(seed, width), gaussian(seed + 1, width), rotation(seed, width)
    turned = [Gaussian(turn @ g.mean, turn @ g.covariance @ turn.T) for g in (p, q)]
    assert between(q, p) == pytest.approx(between(p, q), rel=1e-9)
    assert between(*turned) == pytest.approx(between(p, q), rel=1e-9)


@pytest.mark.parametrize("rank", [84, 30, 1])
def test_a_gaussian_is_at_no_distance_from_itself_also_when_features_are_dead(rank):
    p = gaussian(0, 84, rank)
    assert between(p, p) <= 1e-11 * np.trace(p.covariance)


def test_a_set_is_at_no_distance_from_itself_in_any_order():
    x = rows(0, 60)
    assert frechet(x, x.flip(0)) == pytest.approx(0, abs=1e-12)


def test_sets_are_compared_by_mean_and_unbiased_covariance_in_float64():
    x, y = rows(0, 60), rows(1, 70)
    p, q = (Gaussian(z.mean(0).numpy(), np.cov(z.numpy(), rowvar=False)) for z in (x, y))
    assert frechet(x, y) == pytest.approx(between(p, q), rel=1e-12)
    single = frechet(x.float(), y.float())
    assert single == frechet(x.float().double(), y.float().double())


def test_what_is_left_out_is_really_left_out():
    x, y = rows(0, 23).numpy(), rows(1, 31).numpy()
    found = jackknifed(x, y, 5)
    assert found.whole == pytest.approx(frechet(torch.from_numpy(x), torch.from_numpy(y)))
    for side, kept, other in ((0, x, y), (1, y, x)):
        assert found.sizes[side].sum() == len(kept)
        ends = np.cumsum(found.sizes[side])
        for block, end in enumerate(ends):
            rest = np.delete(kept, slice(end - found.sizes[side][block], end), axis=0)
            slow = frechet(torch.from_numpy(rest), torch.from_numpy(other))
            assert found.without[side][block] == pytest.approx(slow, rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (rows(0, 4), rows(1, 60), "got: 4 samples of 4 features\n  allowed: 5 or more"),
        (rows(0, 60), rows(1, 60, width=5), "got: 4 and 5 features"),
        (rows(0, 60)[0], rows(1, 60), r"got: shape \(4,\)"),
        (rows(0, 60), rows(1, 60).cfloat(), "got: dtype torch.complex64"),
        (rows(0, 60).index_fill(0, torch.tensor([7, 9]), torch.nan), rows(1, 60), "2 of 60 rows .* row 7"),
        (rows(0, 60), rows(1, 60).index_fill(0, torch.tensor([3]), -torch.inf), "1 of 60 rows .* row 3"),
        (rows(0, 60) * 1e60, rows(1, 60), "60 of 60 rows"),
    ],
)
def test_features_that_cannot_be_compared_are_refused_in_four_parts(a, b, says):
    with pytest.raises(DistanceError, match=says) as refused:
        frechet(a, b)
    assert [line.split(":")[0].strip() for line in str(refused.value).split("\n")[1:]] == [
        "got",
        "allowed",
        "next",
    ]


@pytest.mark.parametrize(
    ("mean", "covariance", "says"),
    [
        ([0.0, 0.0], [[1.0]], r"shapes \(2,\) and \(1, 1\)"),
        ([[0.0]], [[1.0]], r"shapes \(1, 1\)"),
        ([np.nan], [[1.0]], "NaN or infinite"),
        ([0.0], [[np.inf]], "NaN or infinite"),
        ([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], "not symmetric"),
    ],
)
def test_numbers_that_are_no_gaussian_are_refused_when_it_is_made(mean, covariance, says):
    with pytest.raises(DistanceError, match=says):
        Gaussian(mean, covariance)


def test_a_matrix_that_is_no_covariance_and_gaussians_of_two_widths_are_refused():
    with pytest.raises(DistanceError, match="negative eigenvalue"):
        between(Gaussian([0.0], [[-1.0]]), Gaussian([0.0], [[1.0]]))
    with pytest.raises(DistanceError, match="1 and 2 dimensions"):
        between(gaussian(0, 1), gaussian(0, 2))


GUARDED = """
import numpy as np, torch
from gan_widgets.train import metrics

def never(*arguments, **keywords):
    raise SystemExit("an eigenvalue routine was reached")

np.linalg.eigh = np.linalg.svd = torch.linalg.eigh = torch.linalg.svd = never
good = torch.randn(200, 84)
for bad in (torch.full_like(good, torch.nan), good * torch.inf, good[:84], good * 1e200):
    for measure in (metrics.frechet, metrics.estimate, lambda a, b: metrics.estimate_difference(a, good, b)):
        for pair in ((bad, good), (good, bad)):
            try:
                measure(*pair)
            except metrics.DistanceError:
                continue
            raise SystemExit("not refused")
print("still here")
"""


def test_bad_features_are_refused_before_any_eigenvalue_routine_and_the_process_lives():
    done = subprocess.run([sys.executable, "-c", GUARDED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "still here\n"), done.stderr
