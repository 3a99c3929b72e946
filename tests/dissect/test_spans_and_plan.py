"""Which seeds serve for what, and how they are cut."""

from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.plan import ROLES, Plan, interleaved, shifts
from gan_widgets.dissect.spans import common, from_lists, minus, size, union

spans = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted).map(tuple), max_size=5).map(
    lambda pairs: union((), tuple(pairs))
)


def seeds(of):
    return {seed for low, high in of for seed in range(low, high)}


@given(spans, spans)
def test_spans_are_sets_of_seeds(a, b):
    assert seeds(union(a, b)) == seeds(a) | seeds(b)
    assert seeds(minus(a, b)) == seeds(a) - seeds(b)
    assert seeds(common(a, b)) == seeds(a) & seeds(b)
    assert size(a) == len(seeds(a))
    assert from_lists([list(span) for span in reversed(a)]) == a
    assert union(a, b) == union(b, a)
    assert union(minus(a, b), common(a, b)) == a


@given(st.integers(4, 6000), st.integers(0, 1000), st.booleans())
def test_the_three_ranges_share_no_seed_and_hold_all_images(images, start, known):
    plan = Plan.of(start, images, levels_known=known)
    ranges = [plan.seeds(role) for role in ROLES]
    assert [seed for part in ranges for seed in part] == list(range(start, start + images))
    assert plan.thresholds == (0 if known else min(images // 4, 1000))
    assert plan.labels > 0
    assert plan.report >= plan.labels
    assert plan.group in {4, 8, 16, 32}
    assert plan.labels % plan.group == 0 or plan.labels < plan.group


@given(st.integers(4, 700), st.integers(1, 70), st.integers(1, 5), st.integers(0, 700))
def test_chunks_and_groups_cut_each_seed_once_in_whichever_parts(images, batch, of, cut):
    plan = Plan.of(0, images)
    step = -(-batch // plan.group) * plan.group
    for role in ROLES[1:]:
        begin = plan.seeds(role).start
        cut_at = begin + min(cut // plan.group * plan.group, len(plan.seeds(role)))
        done = union((), ((begin, cut_at),))
        numbered = {}
        for k in range(of):
            for chunk in plan.chunks(role, step, plan.span(role, (k, of)), done):
                for number, low, high in plan.groups(chunk, done):
                    assert number not in numbered
                    numbered[number] = (low, high)
        assert {s for low, high in numbered.values() for s in range(low, high)} == set(
            range(cut_at, plan.seeds(role).stop)
        )
        # the number of a group is where it lies, whatever else was cut
        assert all(low == begin + number * plan.group for number, (low, _) in numbered.items())


def test_chunks_of_labels_and_report_take_turns():
    plan = Plan.of(0, 2000)
    cut = [plan.chunks(role, 64, plan.span(role), ()) for role in ROLES[1:]]
    order = [chunk.role for chunk in interleaved(*cut)]
    for k in range(3, len(order)):
        assert abs(order[:k].count("labels") / len(cut[0]) - k / len(order)) < 0.1


@given(st.integers(1, 40), st.integers(1, 8))
def test_shifts_form_a_group_under_composition(n, count):
    turns = shifts(n, count)
    assert turns[0] == 0
    assert len(turns) == count
    for a in range(count):
        for b in range(count):
            assert (turns[a] + turns[b]) % n == turns[(a + b) % count]
    assert len(set(turns)) == gcd(n, count)


def test_groups_do_not_cross_batches_where_images_depend_on_them():
    assert Plan.of(0, 5000, batch=100).group == 4
    assert Plan.of(0, 5000, batch=128).group == 32
    assert Plan.of(0, 5000, batch=7).group == 1


def test_too_few_images_and_seeds_beyond_the_last_are_refused():
    for start, images in ((0, 3), (-1, 10), (2**32 - 5, 6)):
        with pytest.raises(DissectionError, match="three ranges of seeds"):
            Plan.of(start, images)
    assert Plan.of(2**32 - 6, 6).seeds("report").stop == 2**32
