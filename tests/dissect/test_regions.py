import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gan_widgets.core.errors import DissectionError
from gan_widgets.core.pixels import upsample
from gan_widgets.dissect.regions import regions

from . import slow

SIDE = st.integers(1, 7)


@settings(deadline=None, max_examples=60)
@given(h=SIDE, w=SIDE, H=st.integers(1, 15), W=st.integers(1, 15), seed=st.integers(0, 999))
def test_regions_are_where_the_formula_puts_them(h, w, H, W, seed):
    dice = torch.Generator().manual_seed(seed)
    maps, levels = torch.randn(2, 3, h, w, generator=dice), torch.randn(3, generator=dice)
    by_loop = slow.pictures(maps, H, W)
    assume(np.abs(by_loop - levels.numpy()[:, None, None]).min() > 1e-5)  # else the last bit decides
    found = regions(maps, levels, (H, W))
    assert found.dtype == torch.bool
    np.testing.assert_array_equal(found, by_loop > levels.numpy()[:, None, None])


@pytest.mark.parametrize("size", [(64, 48), (20, 33), (3, 2), (1, 1), (8, 6)])
def test_regions_agree_with_interpolate_but_for_its_last_bit(size):
    maps, level = torch.randn(4, 5, 8, 6), torch.tensor(0.37)
    picture = F.interpolate(maps, size, mode="bilinear", align_corners=False)
    clear = (picture - level).abs() > 1e-5
    assert torch.equal(regions(maps, level.expand(5), size)[clear], (picture > level)[clear])


def test_every_unit_has_its_own_level():
    maps = torch.ones(1, 3, 2, 4)
    found = regions(maps, torch.tensor([0.5, 1.0, -1.0]), (3, 5))
    assert found.flatten(2).float().mean(2).tolist() == [[1.0, 0.0, 1.0]]


def test_no_number_exceeds_nothing_and_infinity_everything_finite():
    maps = torch.tensor([torch.nan, torch.inf, -torch.inf]).reshape(1, 3, 1, 1)
    for level, lit in ((0.0, [False, True, False]), (3.4e38, [False, True, False]), (torch.nan, [False] * 3)):
        assert regions(maps, torch.full((3,), level), (1, 1)).flatten().tolist() == lit


def test_the_region_that_is_drawn_does_not_depend_on_its_neighbours():
    maps = torch.randn(3, 4, 5, 6)
    levels = torch.randn(4)
    whole = regions(maps, levels, (17, 23))
    assert torch.equal(regions(maps[1:2, 2:3], levels[2:3], (17, 23)), whole[1:2, 2:3])
    maps[0, 0] = torch.inf
    assert torch.equal(regions(maps, levels, (17, 23))[1:], whole[1:])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_maps_of_any_precision_are_read_as_float32(dtype):
    maps, levels = torch.randn(2, 3, 4, 5).to(dtype), torch.randn(3)
    assert torch.equal(regions(maps, levels, (9, 7)), upsample(maps.float(), (9, 7)) > levels[:, None, None])


@pytest.mark.parametrize(
    ("maps", "levels"),
    [
        (torch.zeros(3, 4, 5), torch.zeros(4)),
        (torch.zeros(2, 3, 4, 5).long(), torch.zeros(3)),
        (torch.zeros(2, 3, 4, 5), torch.zeros(3, 1)),
        (torch.zeros(2, 3, 4, 5), torch.zeros(4)),
    ],
)
def test_maps_and_levels_that_do_not_fit_are_refused_in_words(maps, levels):
    with pytest.raises(DissectionError, match="next: Pass"):
        regions(maps, levels, (8, 9))
