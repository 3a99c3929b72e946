from math import isnan, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_widgets.train.history import History
from gan_widgets.train.step import Step


def filled(n, **sizes):
    history = History(**sizes)
    for number in range(1, n + 1):
        history.append(
            Step(number, float(number), nan, 0.0, 0.0, {"D.0": 1.0}, {"G.0": nan, "D.0": 2.0}, 0.5)
        )
    return history


def numbers(history):
    return [step.step for step in history]


@given(st.integers(0, 400), st.integers(1, 20), st.integers(2, 30))
def test_the_last_points_are_whole_and_the_older_ones_evenly_spaced(n, recent, older):
    history = filled(n, recent=recent, older=older)
    kept = numbers(history)
    assert len(kept) == len(history) <= recent + older
    assert kept[-recent:] == list(range(max(1, n - recent + 1), n + 1))
    before = kept[:-recent] if n > recent else []
    assert (
        before
        == list(range(1, n - recent + 1, before[1] - before[0] if len(before) > 1 else n + 1))[: len(before)]
    )
    if n - recent > older:
        assert len(before) >= older // 2


def test_it_is_bounded_by_four_thousand():
    history = filled(20_000)
    assert 2500 < len(history) <= 4000
    assert history[0].step == 1
    assert history[-1].step == 20_000


def test_it_reads_like_a_list():
    history = filled(10)
    assert numbers(history[2:4]) == [3, 4]
    assert numbers(history.last(3)) == [8, 9, 10]
    assert history.last(0) == []
    assert len(history.last(50)) == 10
    assert numbers(reversed(history)) == list(range(10, 0, -1))
    assert history[-2].step == 9
    assert repr(history) == "History: 10 points, steps 1 to 10"
    assert repr(History()) == "History: no steps yet"
    with pytest.raises(IndexError):
        _ = History()[-1]


@given(st.integers(0, 120), st.integers(0, 120))
def test_packed_and_unpacked_it_goes_on_as_if_nothing_had_happened(n, more):
    whole, first = filled(n + more, recent=5, older=8), filled(n, recent=5, older=8)
    again = History(recent=5, older=8)
    again.unpack(*first.pack())
    assert list(again) == list(first)
    for step in list(filled(n + more))[n:]:
        again.append(step)
    assert list(again) == list(whole)


def test_what_was_not_measured_stays_out_and_nan_stays_nan():
    history = History()
    history.append(Step(1, 0.5, nan, 0.1, 0.2, {"D.0": nan}, {"G.0": 0.0}, 0.25))
    history.append(Step(2, nan, 0.5, nan, 0.2, {"G.0": 2.0}, {"G.0": 3.0}, 0.5))
    values, said = history.pack()
    assert values.dtype == torch.float64
    again = History()
    again.unpack(values, said)
    assert list(again) == list(history)
    assert isnan(again[0].gradients["D.0"])
    assert set(again[1].gradients) == {"G.0"}
    assert again[0].seconds == 0.25
