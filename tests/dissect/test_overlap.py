import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect import cells, dense, joint, single
from gan_widgets.dissect.codes import Marks
from gan_widgets.dissect.overlap import overlap

from . import slow
from .dense import KINDS, assert_equals_dense, kinds, problems


@settings(deadline=None, max_examples=150)
@given(problems(most_levels=1))
def test_counts_at_one_level_equal_the_dense_recipe(problem):
    assert_equals_dense(*problem)


@settings(deadline=None, max_examples=150)
@given(problems(most_levels=70))
def test_counts_at_many_levels_equal_the_dense_recipe(problem):
    assert_equals_dense(*problem)


@settings(deadline=None, max_examples=60)
@given(problem=problems(most_levels=3), at_once=st.integers(1, 300))
def test_counts_do_not_depend_on_how_much_is_done_at_once(problem, at_once):
    with pytest.MonkeyPatch.context() as patch:
        for module in (cells, dense, joint, single):
            patch.setattr(module, "at_once", lambda device: at_once)
        patch.setattr(single, "_POINTS", at_once)
        assert_equals_dense(*problem)


@pytest.mark.parametrize("share", [0.0, 1.0])
@settings(deadline=None, max_examples=60)
@given(problem=problems(most_levels=1))
def test_looking_at_lit_cells_and_looking_everywhere_count_the_same(share, problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(single, "_CROWDED", share)
        assert_equals_dense(*problem)


@pytest.mark.parametrize("levels", [1, 4])
@pytest.mark.parametrize("size", [(64, 32), (16, 128), (8, 4)])
def test_counts_equal_interpolate_where_rounding_plays_no_part(levels, size):
    maps = (
        torch.randn(3, 10, 8, 4) * 256
    ).round() / 256  # exact in float32 with weights that are multiples of 1/64
    t = (torch.randn(10, levels) * 256).round().sort(1).values / 256
    masks = torch.rand(3, 5, *size) < 0.3
    picture = F.interpolate(maps, size, mode="bilinear", align_corners=False)
    above = picture[:, :, None] > t[:, :, None, None]
    counts = overlap(maps, t, masks)
    assert torch.equal(counts.both[0], torch.einsum("nulyx,ncyx->ulc", above.double(), masks.double()).long())
    assert torch.equal(counts.active, above.sum((0, 3, 4)))


@settings(deadline=None, max_examples=25)
@given(problems(most_levels=4))
def test_counts_equal_a_slow_loop_written_from_the_formula(problem):
    maps, levels, masks, shifts = problem
    assume(maps.isfinite().all() and maps.abs().max() < 100)
    upsampled = slow.pictures(maps, *masks.shape[2:])
    near = np.abs(upsampled[:, :, None] - levels.double().numpy()[None, :, :, None, None]).min()
    assume(near > 1e-5)  # else the last bit decides
    both, active = slow.counts(upsampled, levels.double().numpy(), masks.numpy(), shifts[0])
    for shared in (masks, Marks.of(masks)):
        counts = overlap(maps, levels, shared, shifts[:1])
        np.testing.assert_array_equal(counts.both[0], both)
        np.testing.assert_array_equal(counts.active, active)


@pytest.mark.parametrize("kind", sorted(kinds(torch.zeros(1))))
@pytest.mark.parametrize("size", [(28, 14), (16, 24), (13, 7), (2, 3), (4, 4)])
def test_every_kind_of_map_and_scale_is_counted_exactly(kind, size):
    dice = torch.Generator().manual_seed(3)
    maps = kinds(torch.randn(3, 20, 4, 4, generator=dice))[kind]
    levels = maps.nan_to_num().transpose(0, 1).flatten(1).sort(1).values[:, [10, 40, 46]]
    masks = torch.rand(3, 9, *size, generator=dice) < 0.3
    assert_equals_dense(maps, levels[:, 2:], masks, shifts=(0, 2))
    assert_equals_dense(maps, levels, masks, shifts=(0, 2))


def test_counts_of_one_pixel_pictures_by_hand():
    maps = torch.tensor([[[[0.3]], [[-2.0]]], [[[0.9]], [[5.0]]]])
    masks = torch.tensor([[[[True]], [[False]]], [[[True]], [[True]]]])
    counts = overlap(maps, torch.tensor([[0.3, 0.5], [-3.0, 1.0]]), masks, shifts=(0, 1))
    assert counts.active.tolist() == [[1, 1], [2, 1]]
    assert counts.both.tolist() == [
        [[[1, 1], [1, 1]], [[2, 1], [1, 1]]],
        [[[1, 0], [1, 0]], [[2, 1], [1, 0]]],
    ]
    assert (counts.marked.tolist(), counts.pixels) == ([2, 1], 2)


def test_a_level_is_exceeded_strictly():
    maps = torch.full((1, 1, 3, 2), 0.1)
    counts = overlap(maps, torch.tensor([[0.1, 0.1]]), torch.ones(1, 1, 9, 7, dtype=torch.bool))
    assert counts.active.tolist() == [[0, 0]]
    below = torch.nextafter(torch.tensor(0.1), torch.tensor(0.0))
    assert overlap(maps, below.reshape(1, 1), torch.ones(1, 1, 9, 7, dtype=torch.bool)).active.item() == 63


def test_a_negative_level_leaves_nothing_outside():
    counts = overlap(torch.zeros(2, 1, 3, 4), torch.tensor([[-1.0]]), torch.rand(2, 3, 9, 5) < 0.5)
    assert counts.active.item() == counts.pixels
    assert torch.equal(counts.both[0, 0, 0], counts.marked)


def test_no_number_exceeds_and_is_exceeded_by_nothing():
    masks = torch.ones(1, 1, 6, 8, dtype=torch.bool)
    assert (
        overlap(torch.full((1, 1, 3, 2), torch.nan), torch.tensor([[-torch.inf]]), masks).active.item() == 0
    )
    assert overlap(torch.ones(1, 1, 3, 2), torch.tensor([[torch.nan]]), masks).active.item() == 0


@pytest.mark.parametrize("concepts", [1, 8, 9, 40])
@pytest.mark.parametrize("apart", [True, False])
def test_any_number_of_concepts_is_counted_exactly(concepts, apart):
    dice = torch.Generator().manual_seed(concepts)
    masks = torch.rand(4, concepts, 24, 20, generator=dice) < 0.2
    if apart:
        masks = torch.randint(concepts, (4, 1, 24, 20), generator=dice) == torch.arange(concepts).reshape(
            -1, 1, 1
        )
    maps = torch.randn(4, 5, 3, 5, generator=dice)
    levels = torch.tensor([0.2, 0.9, 1.5]).expand(5, 3)
    assert_equals_dense(maps, levels[:, 1:2], masks, shifts=(1,))
    assert_equals_dense(maps, levels, masks, shifts=(1,))


@given(st.permutations(range(4)), st.sampled_from([1, 5]))
def test_sums_do_not_depend_on_the_batches(order, levels):
    dice = torch.Generator().manual_seed(0)
    maps = torch.randn(4, 6, 4, 5, generator=dice)
    masks = torch.rand(4, 3, 12, 9, generator=dice) < 0.4
    t = torch.randn(6, levels, generator=dice).sort(1).values
    whole = overlap(maps, t, masks)
    parts = [overlap(maps[i : i + 1], t, masks[i : i + 1]) for i in order]
    assert torch.equal(whole.both, sum(part.both for part in parts))
    assert torch.equal(whole.active, sum(part.active for part in parts))


@given(KINDS)
def test_maps_are_read_as_float32_and_left_as_they_were(kind):
    maps = kinds(torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1)))[kind].half()
    before = maps.clone()
    masks = torch.rand(2, 2, 8, 9) < 0.5
    assert torch.equal(
        overlap(maps, torch.full((3, 1), 0.5), masks).both,
        overlap(maps.double().requires_grad_(), torch.full((3, 1), 0.5).double(), masks).both,
    )
    assert torch.equal(maps.nan_to_num(), before.nan_to_num())


def test_maps_may_lie_in_memory_as_they_like():
    maps = torch.randn(3, 4, 5, 6).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        masks = (torch.rand(3, 9, 7, 2) < 0.5).permute(0, 3, 1, 2)
        assert_equals_dense(maps, torch.full((4, 1), 0.7), masks)
        assert_equals_dense(maps, torch.tensor([0.1, 0.7]).expand(4, 2), masks)


GOOD = {"maps": torch.zeros(2, 3, 4, 5), "levels": torch.zeros(3, 2), "masks": torch.zeros(2, 1, 8, 9).bool()}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"maps": torch.zeros(2, 3)}, r"\(n, units, h, w\)"),
        ({"maps": torch.zeros(2, 3, 4, 5).int()}, "torch.int32"),
        ({"maps": torch.zeros(0, 3, 4, 5)}, "none of them 0"),
        ({"masks": torch.zeros(2, 1, 8, 9)}, "torch.float32"),
        ({"masks": torch.zeros(3, 1, 8, 9).bool()}, "for 2 images"),
        ({"masks": torch.zeros(2, 0, 8, 9).bool()}, "one concept at least"),
        ({"levels": torch.zeros(3)}, "for 3 units"),
        ({"levels": torch.zeros(2, 1)}, "for 3 units"),
        ({"levels": torch.zeros(3, 0)}, "one level at least"),
        ({"levels": torch.tensor([[1.0, 0.0]]).expand(3, 2)}, "ascend"),
        ({"levels": torch.tensor([[0.0, torch.nan]]).expand(3, 2)}, "ascend"),
        ({"shifts": ()}, "one at least"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(wrong, words):
    with pytest.raises(DissectionError, match=words) as caught:
        overlap(**GOOD | wrong)
    assert all(f"\n  {part}: " in str(caught.value) for part in ("got", "allowed", "next"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@settings(deadline=None, max_examples=50)
@given(problems(most_levels=5))
def test_a_gpu_counts_the_same(problem):
    maps, levels, masks, shifts = problem
    here, there = (
        overlap(maps, levels, masks, shifts),
        overlap(maps.cuda(), levels.cuda(), masks.cuda(), shifts),
    )
    assert torch.equal(here.both, there.both.cpu())
    assert torch.equal(here.active, there.active.cpu())
    assert torch.equal(here.marked, there.marked.cpu())
