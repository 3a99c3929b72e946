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


def test_few_blocks_bound_nothing_and_nothing_to_divide_by_has_no_interval():
    for blocks in range(1, 6):
        assert np.isnan(intervals(np.full((blocks, 1), 3), np.full((blocks, 1), 9))).all()
    both, union = np.zeros((9, 4), int), np.array([[0, 5, 5, 5]] * 9)
    both[:5, 2] = both[:6, 3] = 1
    assert np.isnan(ratio(both, union)[:, 0]).all()
    assert np.isnan(intervals(both, union)[:3]).all()
    low, high = intervals(both, union)[3]
    assert 0 < low < 6 / 45 < high < 0.25


@pytest.mark.parametrize("blocks", [6, 8, 16])
def test_an_interval_holds_the_truth_about_as_often_as_it_says(blocks):
    """Ratios of sums of counts that vary from block to block, 2,000 of them; the truth is 1/4."""
    draw = np.random.default_rng(blocks)
    both = draw.negative_binomial(5, 0.05, (blocks, 2000))
    ends = intervals(both, both + 3 * draw.negative_binomial(5, 0.05, (blocks, 2000)))
    assert 0.9 <= ((ends[:, 0] <= 0.25) & (ends[:, 1] >= 0.25)).mean() <= 0.98


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
    order = [*sorted((k for k in range(6) if k != 3), key=lambda k: -observed[k]), 3]
    worst = 0.0
    for place, k in enumerate(order[:-1]):
        rest = order[place:]
        count = 1 + sum(max(values[rest]) >= observed[k] for values in null)
        worst = max(worst, count / 51)
        assert found.result().family_wise[k] == worst
        assert found.result().p_values[k] == (1 + sum(null[:, k] >= observed[k])) / 51
    assert found.result().p_values[3] == found.result().family_wise[3] == 1


def test_a_cell_that_never_has_a_value_is_no_test():
    found = Exceedances(np.array([0.5, np.nan, 0.1]))
    for value in (0.4, 0.6, 0.2):
        found.add(np.array([value, np.nan, 0.05]))
    assert found.result().p_values.tolist() == pytest.approx([0.5, np.nan, 0.25], nan_ok=True)
    assert found.result().family_wise.tolist() == pytest.approx([0.5, np.nan, 0.5], nan_ok=True)


def test_cells_that_have_a_value_by_chance_only_do_not_make_a_family_that_finds_too_much():
    """Each of a hundred cells has a value in one data set of twenty, as with a floor that few levels pass."""
    draw, luck = np.random.default_rng(5), []
    for _ in range(100):
        data = np.where(draw.random((40, 100)) < 0.05, draw.random((40, 100)), np.nan)
        found = Exceedances(data[0])
        for values in data[1:]:
            found.add(values)
        evidence = found.result()
        luck.append((np.nanmin(evidence.family_wise), np.nanmin(benjamini_hochberg(evidence.p_values))))
    assert (np.array(luck) <= 0.05).mean(0).max() <= 0.12


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
