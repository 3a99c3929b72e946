"""What a still of the gallery makes of images and of the regions that were scored."""

import numpy as np
import pytest

from gan_widgets.widgets._gallery_picture import _lit


@pytest.mark.parametrize(("at", "side"), [(p, s) for p in range(30, 40) for s in ("left", "top")])
def test_a_line_one_pixel_wide_is_seen_in_a_picture_that_is_made_smaller(at, side):
    image = np.zeros((80, 80, 3), np.uint8)
    if side == "left":
        image[:, at] = 255
    else:
        image[at] = 255
    small = np.asarray(_lit(image, None))
    assert small.shape == (56, 56, 3)
    assert small.max() >= 70
    assert small.mean() == pytest.approx(255 / 80, rel=0.1)


@pytest.mark.parametrize("at", range(30, 40))
def test_a_region_one_pixel_wide_is_lit_along_its_whole_length(at):
    region = np.zeros((80, 80), bool)
    region[at, 10:70] = region[10:70, at] = True
    small = np.asarray(_lit(np.zeros((80, 80, 1), np.uint8), region))
    dark = (small == 0).all(2)
    assert dark[:, 8:48].any(0).all()
    assert dark[8:48].any(1).all()


def test_an_enlarged_picture_has_its_pixels_and_its_region_as_they_are():
    image = np.arange(28 * 28 * 3, dtype=np.uint32).astype(np.uint8).reshape(28, 28, 3)
    region = np.zeros((7, 7), bool)
    region[2, 3] = True
    large = np.asarray(_lit(image, region))
    assert np.array_equal(large[16:24, 24:32], image.repeat(2, 0).repeat(2, 1)[16:24, 24:32])
    outside = np.ones((56, 56), bool)
    outside[16:24, 24:32] = False
    assert abs(large.astype(int)[outside] - 128).max() < 0.3 * 128 + 2
