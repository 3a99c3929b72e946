"""Counts, health and top images: the same bits in any batches, merged in any order."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.overlap import overlap
from gan_widgets.dissect.statistics import Counts, Health, Top
from tests.dissect.tabled import random_tables

UNITS, CONCEPTS = 3, 2
MAPS, MASKS = random_tables(24, UNITS, CONCEPTS, (2, 3), 2)
LEVELS = torch.tensor([[-20.0, 30.0]] * UNITS)


def new():
    counts = Counts.zeros(UNITS, 2, CONCEPTS, blocks=4, null_blocks=2, shifts=2)
    return [counts, Health.none(UNITS), Top.none(UNITS, 4)]


def add(statistics, group):
    counts, health, top = statistics
    some = slice(4 * group, 4 * group + 4)
    counts.add(group, overlap(MAPS[some], LEVELS, MASKS[some], shifts=(0, 2)))
    health.add(MAPS[some])
    top.add(MAPS[some].amax((2, 3)), range(some.start, some.stop))


def bits(statistics):
    return [tensor for one in statistics for tensor in one.state_dict().values()]


@settings(deadline=None, max_examples=25)
@given(
    st.permutations(range(6)), st.lists(st.integers(0, 2), min_size=6, max_size=6), st.permutations(range(3))
)
def test_groups_add_up_to_the_same_bits_in_any_order_and_any_hands(order, hands, merged):
    plain = new()
    for group in range(6):
        add(plain, group)
    parts = [new() for _ in range(3)]
    for group in order:
        add(parts[hands[group]], group)
    whole = parts[merged[0]]
    for k in merged[1:]:
        for mine, theirs in zip(whole, parts[k], strict=True):
            mine.merge(type(theirs).from_state_dict(theirs.state_dict()))
    assert all(map(torch.equal, bits(whole), bits(plain)))


def test_a_group_is_counted_in_the_block_of_its_number():
    counts = new()[0]
    add([counts, *new()[1:]], 5)
    one = overlap(MAPS[20:24], LEVELS, MASKS[20:24], shifts=(0, 2))
    assert torch.equal(counts.both[5 % 4], one.both[0])
    assert torch.equal(counts.shifted[5 % 4 % 2, 0], one.both[1])
    assert counts.pixels.tolist() == [0, 4 * 24, 0, 0]
    assert torch.equal(counts.pairings()[1], one.both)
    assert not counts.pairings()[0].any()
    total = counts.total()
    assert np.array_equal(total.union, total.active + total.marked - one.both[0].numpy())


def test_counts_of_other_shapes_do_not_merge():
    with pytest.raises(DissectionError, match=r"both \(8, 3, 2, 2\)(.|\n)*allowed: \(4, 3, 2, 2\)"):
        new()[0].merge(Counts.zeros(UNITS, 2, CONCEPTS, blocks=8, null_blocks=2, shifts=2))


def test_a_state_dict_survives_narrower_whole_numbers():
    counts = new()[0]
    add([counts, *new()[1:]], 1)
    narrow = {name: tensor.to(torch.int16) for name, tensor in counts.state_dict().items()}
    again = Counts.from_state_dict(narrow)
    assert all(tensor.dtype == torch.int64 for tensor in again.state_dict().values())
    assert all(map(torch.equal, again.state_dict().values(), counts.state_dict().values()))


def test_units_are_named_after_what_was_seen_in_any_image():
    maps = torch.zeros(3, 6, 1, 2)
    maps[:, 1] = -3.0
    maps[1, 2, 0, 1] = torch.nan
    maps[2, 3, 0, 0] = -torch.inf
    maps[0, 4], maps[1, 4] = torch.inf, torch.nan
    maps[2, 5, 0, 0] = 1e-30
    whole, parts = Health.none(6), Health.none(6)
    whole.add(maps)
    for image in (2, 0, 1):
        other = Health.none(6)
        other.add(maps[image : image + 1])
        parts.merge(other)
    assert whole.states() == parts.states() == ("dead", "constant", "nan", "inf", "nan", "ok")
    assert Health.none(2).states() == ("ok", "ok")


def test_top_images_fall_and_equal_ones_come_by_seed():
    values = torch.tensor([[1.0, 5.0], [2.0, 5.0], [torch.nan, -torch.inf], [2.0, 4.0], [0.0, 5.0]])
    order = [4, 2, 0, 3, 1]
    for sizes in ([5], [1, 1, 1, 1, 1], [2, 3]):
        top, place = Top.none(2, 3), 0
        for n in sizes:
            rows = order[place : place + n]
            top.add(values[rows], [10 + row for row in rows])
            place += n
        assert top.result().seeds.tolist() == [[11, 13, 10], [10, 11, 14]]
        assert top.result().values.tolist() == [[2.0, 2.0, 1.0], [5.0, 5.0, 5.0]]


def test_a_unit_with_few_images_has_no_others():
    top = Top.none(2, 3)
    top.add(torch.tensor([[torch.nan, -torch.inf], [torch.nan, -2.0]]), [5, 6])
    assert top.result().seeds.tolist() == [[-1, -1, -1], [6, 5, -1]]
    assert np.isnan(top.result().values[0]).all()
    assert Top.none(2, 0).result().seeds.shape == (2, 0)
