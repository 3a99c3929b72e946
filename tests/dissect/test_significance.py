"""Intervals that cover the truth, p-values that are uniform where there is nothing to find."""

import numpy as np
import pytest

from gan_widgets.dissect.run import dissect
from gan_widgets.dissect.significance import (
    Exceedances,
    benjamini_hochberg,
    draws,
    intervals,
    permuted,
    picks,
    ratio,
)
from tests.dissect.tabled import random_tables, tabled


@pytest.mark.parametrize("blocks", [8, 16, 32])
def test_an_interval_covers_the_truth_about_95_times_in_100(blocks):
    draw = np.random.default_rng(100 * blocks)
    cells, images = 1500, 8
    # images differ in how much there is to count, and in how much of it is shared
    union = draw.integers(20, 200, (blocks, images, cells))
    both = draw.binomial(union, draw.beta(2, 6, (blocks, images, cells)))
    low, high = intervals(both.sum(1), union.sum(1)).T
    covered = ((low <= 0.25) & (high >= 0.25)).mean()
    assert 0.935 < covered < 0.965


def test_each_replicate_draws_as_many_blocks_as_there_are():
    weights = draws(7)
    assert weights.shape == (1000, 7)
    assert (weights.sum(1) == 7).all()
    assert weights.mean(0) == pytest.approx(np.ones(7), abs=0.15)
    assert np.array_equal(weights, draws(7))
    assert not np.array_equal(weights, draws(7, stream=1))


def test_one_block_bounds_nothing_and_nothing_to_divide_by_has_no_interval():
    assert np.isnan(intervals(np.array([[3]]), np.array([[9]]))).all()
    both, union = np.zeros((4, 2), int), np.array([[0, 5]] * 4)
    assert np.isnan(intervals(both, union)[0]).all()
    assert intervals(both, union)[1].tolist() == [0, 0]
    assert np.isnan(ratio(both, union)[:, 0]).all()


def null_p(pairings, keep):
    """p of cells with pairings `(blocks, shifts, cells)`, from draws among the shifts `keep`."""
    found = Exceedances(pairings[:, 0].sum(0).astype(float))
    for counts in permuted(pairings[:, keep], picks(len(pairings), len(keep), 199)):
        found.add(counts.astype(float))
    return found.result().p_values


def test_p_values_are_uniform_where_every_pairing_is_alike():
    pairings = np.random.default_rng(0).poisson(30, (16, 4, 4000))
    p_values = null_p(pairings, [0, 1, 2, 3])
    for level in (0.01, 0.05, 0.2, 0.5, 0.8):
        assert (p_values <= level).mean() == pytest.approx(level, abs=0.005 + 0.04 * level**0.5)


def test_leaving_the_real_pairing_out_of_the_draw_would_find_what_is_not_there():
    pairings = np.random.default_rng(1).poisson(30, (16, 4, 4000))
    assert (null_p(pairings, [1, 2, 3]) <= 0.05).mean() > 0.09


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
def test_nothing_is_found_in_masks_that_have_nothing_to_do_with_the_maps(threshold):
    cells, families, units = [], [], []
    for seed in range(12):
        maps, masks = random_tables(144, 6, 2, (4, 7), 1, seed, marked=0.3)
        model, latents, segmenter = tabled(maps, masks)
        found = dissect(
            model, "first", latents=latents, segmenter=segmenter, images=144,
            threshold=threshold, share=0.1, levels=4, progress=False,
        )  # fmt: skip
        cells.append(found.p_values.ravel())
        families.append(found.family_wise.min())
        units.append(found.label_p)
    cells, units = np.concatenate(cells), np.concatenate(units)
    units = units[~np.isnan(units)]
    for level in (0.05, 0.2, 0.5):
        assert (cells <= level).mean() == pytest.approx(level, abs=0.1)
        assert (units <= level).mean() == pytest.approx(level, abs=0.16)
    assert np.mean(np.array(families) <= 0.1) <= 0.25


def test_family_wise_p_values_are_those_of_the_step_down_maximum():
    draw = np.random.default_rng(2)
    observed, null = draw.random(6), draw.random((50, 6)) * 0.8
    observed[3] = np.nan
    found = Exceedances(observed)
    for values in null:
        found.add(values)
    order = sorted((k for k in range(6) if k != 3), key=lambda k: -observed[k])
    worst = 0.0
    for place, k in enumerate(order):
        rest = order[place:]
        count = 1 + sum(max(values[rest]) >= observed[k] for values in null)
        worst = max(worst, count / 51)
        assert found.result().family_wise[k] == worst
        assert found.result().p_values[k] == (1 + sum(null[:, k] >= observed[k])) / 51
    assert np.isnan(found.result().p_values[3])
    assert np.isnan(found.result().family_wise[3])


def test_a_strong_cell_does_not_hide_a_weaker_one():
    # a quarter of the blocks of the null keep the strong cell's own pairing
    found = Exceedances(np.array([0.9, 0.2]))
    for _ in range(99):
        found.add(np.array([0.3, 0.05]))
    assert found.result().family_wise.tolist() == [0.01, 0.01]


def test_permuted_sums_add_one_pairing_of_each_block():
    pairings = np.random.default_rng(3).integers(0, 1000, (5, 3, 2, 2))
    chosen = picks(5, 3, 40)
    assert set(chosen.ravel()) == {0, 1, 2}
    for picked, total in zip(chosen, permuted(pairings, chosen), strict=True):
        assert np.array_equal(total, sum(pairings[block, shift] for block, shift in enumerate(picked)))


def test_q_values_are_the_smallest_rate_at_which_a_test_is_called():
    p_values = np.random.default_rng(4).random((4, 5)) ** 3
    p_values[2, 1] = np.nan
    q_values = benjamini_hochberg(p_values)
    tested = p_values[~np.isnan(p_values)]
    for p, q in zip(p_values.ravel(), q_values.ravel(), strict=True):
        if np.isnan(p):
            assert np.isnan(q)
            continue
        rates = [t * len(tested) / (tested <= t).sum() for t in tested if t >= p]
        assert q == pytest.approx(min(*rates, 1))
