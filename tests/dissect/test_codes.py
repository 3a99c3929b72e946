import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_widgets.dissect.bands import Bands
from gan_widgets.dissect.codes import coded, marked
from gan_widgets.dissect.overlap import overlap


@settings(deadline=None)
@given(
    concepts=st.integers(1, 30),
    room=st.integers(2, 300),
    share=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    seed=st.integers(0, 999),
)
def test_codes_say_what_the_masks_say_and_have_room(concepts, room, share, seed):
    masks = torch.rand(2, concepts, 5, 7, generator=torch.Generator().manual_seed(seed)) < share
    codes = coded(masks, room)
    again = torch.zeros_like(masks)
    for some in codes:
        assert len(some.table) <= room
        assert torch.equal(some.pixels, torch.bincount(some.code.flatten()))
        again[:, list(some.concepts)] = some.table[some.code].permute(0, 3, 1, 2).bool()
    assert torch.equal(again, masks)
    order = [concept for some in codes for concept in some.concepts]
    assert torch.equal(marked(codes), masks.sum((0, 2, 3))[order])


def test_concepts_that_never_overlap_share_one_code():
    masks = torch.randint(200, (2, 1, 40, 50)) == torch.arange(200).reshape(-1, 1, 1)
    assert len(coded(masks, room=256)) == 1


@pytest.mark.parametrize("even", [True, False])
@given(seed=st.integers(0, 999), depth=st.integers(1, 70))
def test_bands_count_the_levels_below_a_value(even, seed, depth):
    dice = torch.Generator().manual_seed(seed)
    levels = torch.randn(3, depth, generator=dice).sort(1).values
    if even:
        levels = levels[:, :1] + torch.rand(3, 1, generator=dice) * torch.arange(depth)
    near = levels.repeat_interleave(3, 1)
    near[:, 1::3] = torch.nextafter(near[:, 1::3], torch.tensor(torch.inf))
    values = torch.cat(
        [near[:, 1:], torch.full((3, 1), torch.inf)], 1
    )  # the lowest level itself is not exceeded
    values = values.where(values > levels[:, :1], torch.inf)
    rounds = torch.stack([values, values.flip(1)])
    place = Bands(levels).place(rounds.flatten(), 0, torch.full((2, 3), values.shape[1]))
    expected = (rounds[..., None] > levels[:, None]).sum(3) + torch.arange(3)[:, None] * depth
    assert torch.equal(place.long(), expected.flatten())


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 2, 3, 0), (0, 3, 2, 1)])
def test_masks_may_lie_in_memory_in_any_order(order):
    masks = torch.rand(4, 9, 5, 7, generator=torch.Generator().manual_seed(0)) < 0.3
    inverse = [order.index(axis) for axis in range(4)]
    other = masks.permute(order).contiguous().permute(inverse)
    assert torch.equal(other, masks)
    maps, levels = torch.rand(4, 3, 2, 3), torch.full((3, 1), 0.5)
    assert torch.equal(overlap(maps, levels, other).both, overlap(maps, levels, masks).both)
