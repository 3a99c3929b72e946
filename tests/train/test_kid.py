import numpy as np
import pytest
import torch

from gan_widgets.train.features import DistanceError
from gan_widgets.train.kid import jackknifed, kid


def rows(seed, n, width=3):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, width)))


def slow(x, y):
    """Every pair by hand: (xᵀy / d + 1)³, no sample with itself."""
    width = x.shape[1]

    def k(a, b):
        return (float(a @ b) / width + 1) ** 3

    own_x = sum(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j)
    own_y = sum(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j)
    across = sum(k(a, b) for a in x for b in y)
    n, m = len(x), len(y)
    return own_x / (n * (n - 1)) + own_y / (m * (m - 1)) - 2 * across / (n * m)


def test_it_is_the_formula_over_all_pairs():
    x, y = rows(0, 11), rows(1, 7) + 1
    assert kid(x, y) == pytest.approx(slow(x, y), rel=1e-12)
    assert kid(y, x) == pytest.approx(kid(x, y), rel=1e-12)


def test_blocks_of_rows_do_not_change_it():
    x, y = rows(0, 600), rows(1, 300)
    kernel = [(a @ b.T / 3 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    own = [(k.sum() - k.trace()) / (len(k) * (len(k) - 1)) for k in kernel[:2]]
    assert kid(x, y) == pytest.approx(float(own[0] + own[1] - 2 * kernel[2].mean()), rel=1e-9)


def test_of_one_distribution_it_is_zero_on_average_and_below_zero_about_half_the_time():
    found = np.array([kid(rows(2 * k, 20), rows(2 * k + 1, 30)) for k in range(1000)])
    assert abs(found.mean()) < 3 * found.std() / np.sqrt(len(found))
    assert 0.3 < (found < 0).mean() < 0.8


def test_its_mean_does_not_depend_on_how_many_samples_there_are():
    few, more = (
        np.array([kid(rows(2 * k, n), rows(2 * k + 1, n) + 0.5) for k in range(500)]) for n in (5, 25)
    )
    error = np.hypot(few.std(), more.std()) / np.sqrt(500)
    assert abs(few.mean() - more.mean()) < 3 * error


def test_what_is_left_out_is_really_left_out():
    x, y = rows(0, 23), rows(1, 31) + 1
    found = jackknifed(x.numpy(), y.numpy(), 5)
    assert found.whole == pytest.approx(kid(x, y), rel=1e-12)
    for side, kept in ((0, x.numpy()), (1, y.numpy())):
        for block, end in enumerate(np.cumsum(found.sizes[side])):
            rest = torch.from_numpy(np.delete(kept, slice(end - found.sizes[side][block], end), axis=0))
            pair = (rest, y) if side == 0 else (x, rest)
            assert found.without[side][block] == pytest.approx(kid(*pair), rel=1e-9)


@pytest.mark.parametrize("bad", [torch.full((9, 3), torch.nan), rows(0, 1), rows(0, 9) * 1e60])
def test_what_cannot_be_compared_is_refused(bad):
    with pytest.raises(DistanceError):
        kid(bad, rows(1, 9))
