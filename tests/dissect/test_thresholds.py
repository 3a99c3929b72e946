import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.thresholds import Tail, exceeding, iqr_levels

VALUE = st.sampled_from(
    [0.0, -0.0, 1.0, 1.0000001, -2.0, 3e38, -3e38, 1e-45, torch.inf, -torch.inf, torch.nan]
)
VALUES = st.one_of(VALUE, st.floats(-5, 5, width=32))


def tail_of(values, keep, units=1):
    tail = Tail(units, keep)
    tail.add(torch.as_tensor(values, dtype=torch.float32).reshape(1, units, -1))
    return tail


@st.composite
def batches(draw):
    """Two units' values in batches `(n, 2, 1, w)`."""
    widths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    return [
        torch.tensor(draw(st.lists(VALUES, min_size=2 * w, max_size=2 * w))).reshape(1, 2, 1, w)
        for w in widths
    ]


@given(batches=batches(), keep=st.integers(2, 12), data=st.data())
def test_any_batches_in_any_order_and_any_merge_leave_the_same_bits(batches, keep, data):
    whole = Tail(2, keep)
    whole.add(torch.cat(batches, 3))
    parts = [Tail(2, keep), Tail(2, keep)]
    for batch in data.draw(st.permutations(batches)):
        part = parts[data.draw(st.integers(0, 1))]
        part.add(batch)
        if data.draw(st.booleans()):
            assert part.values.shape == (2, keep)  # to look at a tail changes nothing
    parts[0].merge(parts[1])
    assert whole.values.numpy().tobytes() == parts[0].values.numpy().tobytes()
    assert whole.positions == parts[0].positions


@given(batches=batches(), keep=st.integers(2, 12))
def test_the_largest_numbers_are_kept_in_order(batches, keep):
    tail = Tail(2, keep)
    for batch in batches:
        tail.add(batch)
    every = torch.cat(batches, 3)[0, :, 0]
    for kept, values in zip(tail.values, every, strict=True):
        expected = np.sort(values[~values.isnan()].numpy())[::-1][:keep]
        np.testing.assert_array_equal(kept[: len(expected)], expected)
        assert (kept[len(expected) :] == -torch.inf).all()
    assert tail.positions == every.shape[1]


def test_a_long_run_keeps_what_a_sort_of_everything_keeps():
    dice = torch.Generator().manual_seed(0)
    maps = torch.randn(60, 7, 9, 11, generator=dice).relu()
    tail = Tail(7, 300)
    for batch in maps.split([1, 30, 5, 24]):
        tail.add(batch)
    expected = maps.transpose(0, 1).flatten(1).sort(1, descending=True).values[:, :300]
    assert torch.equal(tail.values, expected)


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=10, max_size=30), st.integers(1, 8))
def test_exactly_k_values_exceed_a_level_that_is_not_tied(values, k):
    tail = tail_of(values, keep=k + 1)
    level, tied = tail.levels(k / len(values), len(values))
    above = int((torch.tensor(values) > level).sum())
    assert above < k if tied else above == k


@given(st.lists(st.integers(-40, 60), min_size=100, max_size=130), st.integers(10, 60), st.integers(0, 40))
def test_a_value_that_few_positions_share_ties_no_unit(values, k, more):
    values = [*range(100, 100 + more), *values]
    k = min(k, len(values) - 1)
    level, tied = tail_of(values, keep=k + 1).levels(k / len(values), len(values))
    ordered = sorted(values, reverse=True)
    larger = [value for value in ordered if value > ordered[k]]
    if tied:
        assert level == ordered[k]
        assert len(larger) < 0.9 * k or (len(larger) < k and level == 0)
    else:
        assert sum(value > level for value in values) == len(larger) >= 0.9 * k
        assert level == (larger[-1] + ordered[k]) / 2


def test_a_level_lies_midway_between_two_values():
    level, tied = tail_of([5.0, 1.0, 4.0, 2.0], keep=3).levels(0.5, 4)
    assert (level.item(), tied.item()) == (3.0, False)


@pytest.mark.parametrize(
    ("low", "high"), [(1.0, None), (0.0, None), (-1.0, None), (3e38, 3.4e38), (0.0, 1e-45)]
)
def test_the_midpoint_is_rounded_so_that_the_upper_value_still_exceeds_it(low, high):
    low = torch.tensor(low)
    high = torch.nextafter(low, torch.tensor(torch.inf)) if high is None else torch.tensor(high)
    level, tied = tail_of([high, low], keep=2).levels(0.5, 2)
    assert low <= level < high
    assert not tied


@pytest.mark.parametrize(
    ("values", "level"),
    [([torch.inf, 1.0], 1.0), ([1.0, -torch.inf], -torch.inf), ([torch.inf, -torch.inf], -torch.inf)],
)
def test_next_to_infinity_the_lower_value_is_the_level(values, level):
    assert tail_of(values, keep=2).levels(0.5, 2)[0].item() == level


def test_units_are_tied_where_no_level_has_as_many_above_it():
    values = [[0.0, 0.0, 0.0, 7.0], [0.0, 0.0, 1.0, 7.0], [3.0, 3.0, 3.0, 3.0]]
    levels, tied = tail_of(values, keep=3, units=3).levels(0.5, 4)
    assert (levels.tolist(), tied.tolist()) == ([0.0, 0.5, 3.0], [True, False, True])


def test_no_number_is_never_counted():
    nan = torch.nan
    levels, tied = tail_of([[nan, 4.0, nan, 2.0], [nan, nan, nan, 5.0]], keep=3, units=2).levels(0.25, 4)
    assert (levels.tolist(), tied.tolist()) == ([3.0, -torch.inf], [False, False])


@pytest.mark.parametrize(
    ("share", "positions", "k"),
    [(0.01, 100, 1), (0.01, 199, 1), (0.29, 100, 29), (1 - 0.8, 100, 20), (0.07, 100, 7)],
)
def test_rounding_never_loses_a_position(share, positions, k):
    assert exceeding(share, positions) == k


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan"), 0.0099])
def test_a_share_without_a_position_is_refused(share):
    with pytest.raises(DissectionError, match="holds none"):
        exceeding(share, 100)


def test_a_tail_that_is_too_short_says_how_long_it_must_be():
    with pytest.raises(DissectionError, match="keep=11"):
        tail_of(range(100), keep=10).levels(0.1, 100)


def test_a_tail_comes_back_from_its_state():
    tail = tail_of(torch.randn(3, 40), keep=9, units=3)
    again = Tail.from_state_dict(tail.state_dict())
    for each in (tail, again):
        each.add(torch.linspace(-1, 3, 30).reshape(1, 3, 2, 5))
    assert torch.equal(tail.values, again.values)
    assert tail.positions == again.positions == 50


@pytest.mark.parametrize(
    "wrong", [torch.zeros(1, 3, 4), torch.zeros(2), torch.zeros(1, 2, 4).int(), torch.zeros(0, 2, 4)]
)
def test_maps_of_another_layer_are_refused_and_change_nothing(wrong):
    tail = tail_of([[1.0, 2.0], [3.0, 4.0]], keep=2, units=2)
    with pytest.raises(DissectionError, match="do not belong"):
        tail.add(wrong)
    with pytest.raises(DissectionError, match="same units and length"):
        tail.merge(Tail(2, 3))
    assert (tail.values.tolist(), tail.positions) == ([[2.0, 1.0], [4.0, 3.0]], 2)


@pytest.mark.parametrize(("units", "keep"), [(0, 5), (3, 1)])
def test_a_tail_of_nothing_is_refused(units, keep):
    with pytest.raises(DissectionError, match="exceeding"):
        Tail(units, keep)


@settings(deadline=None)
@given(st.lists(VALUES, min_size=10, max_size=40), st.integers(1, 70))
def test_levels_between_a_quantile_and_the_maximum_ascend(values, count):
    tail = tail_of(values, keep=len(values) // 5 + 1)
    levels = iqr_levels(tail, count)
    assert (levels.dtype, levels.shape) == (torch.float32, (1, count))
    assert (levels.diff() >= 0).all()
    bottom, _ = tail.levels(0.2, len(values))
    assert levels[0, 0] == bottom.clamp(*torch.tensor([-3.4028235e38, 3.4028235e38]))
    assert (levels <= torch.finfo().max).all()


def test_levels_are_evenly_spread_and_leave_out_the_maximum():
    tail = tail_of(range(100), keep=21)
    assert iqr_levels(tail, 4).tolist() == [[79.5, 84.375, 89.25, 94.125]]
    assert iqr_levels(tail, 2, low=0.9).tolist() == [[89.5, 94.25]]


def test_a_constant_unit_has_equal_levels():
    assert iqr_levels(tail_of([2.0] * 10, keep=3), 3).tolist() == [[2.0, 2.0, 2.0]]


def test_no_levels_are_refused():
    with pytest.raises(DissectionError, match="count=64"):
        iqr_levels(tail_of(range(10), keep=3), 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_keeps_the_same_values():
    maps = torch.randn(20, 5, 6, 7).relu()
    here, there = Tail(5, 30), Tail(5, 30)
    for batch in maps.split(3):
        here.add(batch)
        there.add(batch.cuda())
    assert torch.equal(here.values, there.values.cpu())
    assert torch.equal(here.levels(0.02, 840)[0], there.levels(0.02, 840)[0].cpu())
