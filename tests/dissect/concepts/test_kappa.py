"""Cohen's kappa by hand arithmetic, by law, and against scikit-learn."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError

C = gw.concepts


def above(level, *names):
    return C.from_function(lambda images: (images > level).expand(-1, len(names), -1, -1), names)


def ranks(n):
    return torch.arange(float(n)).reshape(1, 1, -1, 1)


def marking(pixels, name="lit"):
    return C.from_function(lambda images: torch.isin(images, torch.tensor(pixels)), [name])


def test_the_textbook_example():
    # 50 pixels: both mark 20, the first alone 5, the second alone 10, neither 15
    a = marking([float(k) for k in range(25)])
    b = marking([float(k) for k in (*range(20), *range(25, 35))])
    found = C.agreement(a, b, ranks(50))
    assert [int(counts[0]) for counts in (found.both, found.first, found.second, found.neither)] == [
        20,
        5,
        10,
        15,
    ]
    # p_o = 35/50 and p_e = (25 · 30 + 25 · 20) / 50² = 1/2, so kappa = 0.2 / 0.5
    assert found.kappa == {"lit": pytest.approx(0.4, abs=1e-15)}


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [
        ([0, 1], [0, 1], 1.0),
        ([0, 1], [2, 3], -1.0),
        ([0, 1], [1, 2], 0.0),
        ([0], [], 0.0),
        ([0, 1, 2, 3], [0, 1, 2], 0.0),
    ],
)  # fmt: skip
def test_agreement_from_full_to_none_of_four_pixels(first, second, kappa):
    found = C.agreement(marking([float(k) for k in first]), marking([float(k) for k in second]), ranks(4))
    assert found.kappa["lit"] == kappa


@pytest.mark.parametrize("marked", [[], [0.0, 1.0, 2.0, 3.0]])
def test_nothing_can_be_said_where_both_mark_all_or_none(marked):
    assert math.isnan(C.agreement(marking(marked), marking(marked), ranks(4)).kappa["lit"])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_it_is_the_kappa_of_scikit_learn_and_symmetric(seed, level, other):
    from sklearn.metrics import cohen_kappa_score

    images = torch.rand(3, 1, 5, 7, generator=torch.Generator().manual_seed(seed))
    a, b = above(level, "lit"), C.from_function(lambda images: images.flip(3) > other, ["lit"])
    kappa = C.agreement(a, b, images).kappa["lit"]
    want = cohen_kappa_score((images > level).ravel(), (images.flip(3) > other).ravel(), labels=[False, True])
    assert kappa == pytest.approx(want, abs=1e-12, nan_ok=True)
    assert C.agreement(b, a, images).kappa["lit"] == pytest.approx(kappa, nan_ok=True)


def test_only_shared_concepts_are_compared_each_with_its_own():
    a, b = above(0.5, "red", "lit"), above(0.7, "lit", "blue")
    images = torch.rand(2, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    found = C.agreement(a, b, images)
    assert found.concepts == ("lit",)
    assert found.both.tolist() == [int((images > 0.7).sum())]
    assert found.second.tolist() == [0]


def test_counts_do_not_depend_on_the_batch_and_add_up():
    images = torch.rand(9, 1, 12, 15, generator=torch.Generator().manual_seed(0)) * 2 - 1
    a, b = C.strokes(), C.strokes(threshold=0.6)
    whole = C.agreement(a, b, images)
    for other in (
        C.agreement(a, b, images, batch=2),
        C.agreement(a, b, images[:4]) + C.agreement(a, b, images[4:]),
    ):
        for field in ("both", "first", "second", "neither"):
            np.testing.assert_array_equal(getattr(other, field), getattr(whole, field))
            assert getattr(whole, field).dtype == np.int64
    assert (whole.both + whole.first + whole.second + whole.neither == 9 * 12 * 15).all()


def test_a_source_agrees_with_itself():
    images = torch.rand(4, 1, 20, 24, generator=torch.Generator().manual_seed(4)) * 2 - 1
    kappa = C.agreement(C.strokes(), C.strokes(), images).kappa
    assert {value for value in kappa.values() if not math.isnan(value)} == {1.0}


def test_the_repr_is_a_table():
    assert (
        repr(C.agreement(marking([0.0, 1.0]), marking([1.0, 2.0]), ranks(4)))
        == "concept  kappa\nlit       0.00"
    )


def test_sources_without_a_shared_concept_or_size_are_refused():
    with pytest.raises(DissectionError, match=r"that both know(.|\n)*lit and dark"):
        C.agreement(above(0.5, "lit"), above(0.5, "dark"), ranks(4))
    small = C.from_function(lambda images: images[:, :, :2] > 0, ["lit"])
    with pytest.raises(DissectionError, match=r"differ in size(.|\n)*\(4, 1\) and \(2, 1\)"):
        C.agreement(above(0.5, "lit"), small, ranks(4))
    with pytest.raises(DissectionError, match=r"other concepts(.|\n)*dark(.|\n)*lit"):
        C.agreement(above(0.5, "lit"), above(0.5, "lit"), ranks(4)) + C.agreement(
            above(0.5, "dark"), above(0.5, "dark"), ranks(4)
        )


@pytest.mark.parametrize("images", [[1], [torch.zeros(1, 1, 2, 2)], torch.zeros(1, 2, 2), None])
def test_what_are_no_images_is_refused(images):
    with pytest.raises(DissectionError, match=r"these are no images(.|\n)*floating \(n, ch, H, W\)"):
        C.agreement(above(0.5, "lit"), above(0.7, "lit"), images)


@pytest.mark.parametrize("batch", [0, -1, 2.0, True, None])
def test_a_batch_that_is_no_whole_number_from_one_is_refused(batch):
    with pytest.raises(DissectionError, match=r"looked at together(.|\n)*a whole number from 1") as caught:
        C.agreement(above(0.5, "lit"), above(0.7, "lit"), ranks(4), batch=batch)
    assert f"got: {batch!r}\n" in str(caught.value)
