import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from gan_widgets.core.sampling import places, stretch

SIZES = st.integers(1, 40)
FINITE = st.floats(-(2.0**125), 2.0**125, width=32)


@given(points=SIZES, pixels=SIZES)
def test_every_pixel_lies_where_the_half_pixel_rule_puts_it(points, pixels):
    lie = places(points, pixels)
    x = (torch.arange(pixels) + 0.5).double() * points / pixels - 0.5
    assert torch.allclose(lie.cell - 1 + lie.fraction, x, atol=1e-12)
    assert ((lie.fraction >= 0) & (lie.fraction < 1)).all()
    assert lie.before.tolist() == [max(cell - 1, 0) for cell in range(points + 1)]
    assert lie.after.tolist() == [min(cell, points - 1) for cell in range(points + 1)]


def test_pixels_that_lie_alike_have_the_same_fraction_bits():
    fractions = places(10, 70).fraction.float()[3:-4].reshape(9, 7)
    assert torch.equal(fractions, (torch.arange(7) / 7).expand(9, 7))


@given(a=FINITE, b=FINITE, pixels=st.integers(1, 3000))
def test_no_pixel_leaves_the_range_of_its_neighbours_not_even_by_rounding(a, b, pixels):
    stretched = stretch(torch.tensor([a, b]), 0, pixels)
    assert stretched.min() >= min(a, b)
    assert stretched.max() <= max(a, b)


@given(
    pair=st.sampled_from([(1.0, 1.0000001), (1e30, -1.0), (1e-45, 0.0), (-1.1754944e-38, 1e-45), (0.1, 0.1)]),
    pixels=st.integers(2**18, 2**20),
)
def test_the_finest_pictures_stay_in_range_too(pair, pixels):
    stretched = stretch(torch.tensor(pair), 0, pixels)
    low, high = torch.tensor(pair).aminmax()
    assert low <= stretched.min()
    assert stretched.max() <= high


def test_growing_pixels_of_a_growing_pair_never_fall():
    stretched = stretch(torch.tensor([0.1, 0.3]), 0, 9999)
    assert (stretched.diff() >= 0).all()


@pytest.mark.parametrize(("points", "pixels"), [(4, 9), (7, 28), (5, 3), (1, 6), (6, 1), (8, 8)])
def test_stretching_agrees_with_interpolate(points, pixels):
    maps = torch.randn(2, 3, points)
    expected = F.interpolate(maps, pixels, mode="linear", align_corners=False)
    torch.testing.assert_close(stretch(maps, 2, pixels), expected, rtol=1e-5, atol=1e-6)


def test_the_bits_do_not_depend_on_where_the_axis_lies():
    maps = torch.randn(5, 6, 7)
    moved = stretch(maps.permute(2, 0, 1).contiguous(), 1, 13).permute(1, 2, 0)
    assert torch.equal(stretch(maps, 0, 13), moved)
    assert torch.equal(stretch(maps, -3, 13), moved)


def test_not_a_number_next_door_changes_nothing_elsewhere():
    maps = torch.randn(3, 6)
    broken = torch.cat([maps, torch.full((1, 6), torch.nan)])
    assert torch.equal(stretch(broken, 1, 17)[:3], stretch(maps, 1, 17))


def test_what_has_no_weight_does_not_spread():
    maps = torch.tensor([1.0, torch.nan, 3.0, torch.inf, -torch.inf])
    assert torch.equal(stretch(maps, 0, 5).nan_to_num(7.0), maps.nan_to_num(7.0))
    middle = stretch(maps, 0, 15)[1::3]  # the pixels that lie on points
    assert torch.equal(middle.nan_to_num(7.0), maps.nan_to_num(7.0))


def test_infinity_wins_over_numbers_and_opposite_infinities_are_no_number():
    assert stretch(torch.tensor([1.0, -torch.inf]), 0, 4).tolist() == [1.0, *[-torch.inf] * 3]
    assert stretch(torch.tensor([torch.inf, 1.0]), 0, 4).tolist() == [*[torch.inf] * 3, 1.0]
    assert stretch(torch.tensor([torch.inf, -torch.inf]), 0, 4)[1:3].isnan().all()


def test_huge_numbers_do_not_overflow():
    assert stretch(torch.tensor([3e38, -3e38]), 0, 4).tolist() == pytest.approx(
        [3e38, 1.5e38, -1.5e38, -3e38]
    )


def test_gradients_pass_after_a_first_use_in_inference_mode():
    with torch.inference_mode():
        stretch(torch.randn(3), 0, 11)
    maps = torch.randn(3, requires_grad=True)
    stretch(maps, 0, 11).sum().backward()
    assert maps.grad.sum() == pytest.approx(11)
