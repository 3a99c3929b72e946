import numpy as np
import pytest
from scipy.special import stdtrit

from gan_widgets.train import frechet, kid
from gan_widgets.train.jackknife import Jackknife, blocks_of, sizes_of


def left_out(statistic, *sets, blocks):
    """The slow way: the statistic of everything but one block of one set."""
    without = []
    for which, x in enumerate(sets):
        rest = [
            [np.delete(x, part, axis=0) if k == which else y for k, y in enumerate(sets)]
            for part in blocks_of(len(x), blocks)
        ]
        without.append(np.array([statistic(*left) for left in rest]))
    sizes = tuple(sizes_of(blocks_of(len(x), blocks)) for x in sets)
    return Jackknife(float(statistic(*sets)), tuple(without), sizes)


def test_leaving_out_single_samples_gives_the_error_of_a_mean_and_no_bias():
    x = np.random.default_rng(0).normal(size=30)
    found = left_out(np.mean, x, blocks=30)
    assert found.bias == pytest.approx(0, abs=1e-12)
    assert found.error == pytest.approx(x.std(ddof=1) / np.sqrt(30))


def test_the_bias_of_a_variance_is_taken_off_exactly():
    x = np.random.default_rng(0).normal(size=30)
    found = left_out(np.var, x, blocks=30)  # divides by n
    assert found.whole - found.bias == pytest.approx(x.var(ddof=1))


def test_blocks_of_unequal_size_leave_a_mean_without_bias_and_a_variance_with_little():
    rng = np.random.default_rng(0)
    x = rng.normal(size=38)  # seven blocks of five and six
    assert left_out(np.mean, x, blocks=7).bias == pytest.approx(0, abs=1e-12)
    found = [left_out(np.var, rng.normal(size=38), blocks=7) for _ in range(2000)]
    assert np.mean([each.whole for each in found]) == pytest.approx(37 / 38, abs=0.02)
    assert np.mean([each.whole - each.bias for each in found]) == pytest.approx(1, abs=0.02)


def test_errors_of_two_sets_add_up_and_unequal_sets_share_the_degrees_of_freedom_of_welch():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20), 3 * rng.normal(size=12)
    found = left_out(lambda a, b: a.mean() - b.mean(), x, y, blocks=12)
    exact = left_out(lambda a, b: a.mean() - b.mean(), x[:12], y, blocks=12)
    assert found.error > 0
    variances = [z.var(ddof=1) / 12 for z in (x[:12], y)]
    assert exact.error == pytest.approx(np.sqrt(sum(variances)))
    freedom = sum(variances) ** 2 / sum(v**2 / 11 for v in variances)
    assert exact.half_width(0.9) == pytest.approx(exact.error * stdtrit(freedom, 0.95))


def test_what_two_statistics_share_cancels_in_their_difference():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=40), rng.normal(size=40)
    near = left_out(lambda a, b: (a - b.mean()).mean(), x, y, blocks=10)
    far = left_out(lambda a, b: (a + 1 - b.mean()).mean(), x, y, blocks=10)
    apart = far - near
    assert apart.whole == pytest.approx(1)
    assert apart.half_width() == pytest.approx(0, abs=1e-9)


def test_a_statistic_that_never_moves_has_no_error():
    assert left_out(lambda _: 3.0, np.zeros(10), blocks=5).half_width() == 0


def gaussians(rng, n, shift, scale):
    return rng.normal(size=(n, len(scale))), rng.normal(size=(n, len(scale))) * scale + shift


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.1, 1.0), (0.5, 1.3)])
def test_intervals_of_the_frechet_distance_hold_the_truth_and_its_bias_is_gone(shift, scale):
    rng, scale = np.random.default_rng(1), np.full(6, scale)
    truth = 6 * shift**2 + ((scale - 1) ** 2).sum()
    found = [frechet.jackknifed(*gaussians(rng, 150, shift, scale), 15) for _ in range(120)]
    corrected = np.array([each.whole - each.bias for each in found])
    error = corrected.std() / np.sqrt(len(found))
    assert abs(corrected.mean() - truth) < 3 * error
    assert np.mean([each.whole for each in found]) - truth > 5 * error
    held = np.mean([abs(each.whole - each.bias - truth) <= each.half_width() for each in found])
    assert held >= 0.9


def test_intervals_of_the_kernel_distance_hold_the_truth():
    rng, scale = np.random.default_rng(1), np.full(6, 1.2)
    found = [kid.jackknifed(*gaussians(rng, 150, 0.2, scale), 15) for _ in range(200)]
    truth = np.mean([kid.jackknifed(*gaussians(rng, 400, 0.2, scale), 2).whole for _ in range(200)])
    assert np.mean([abs(each.whole - truth) <= each.half_width() for each in found]) >= 0.9
