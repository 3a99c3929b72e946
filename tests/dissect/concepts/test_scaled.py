"""Images of a declared range become numbers from 0 to 1."""

import numpy as np
import pytest
import torch

from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.concepts.scaled import grey, scaled


def test_the_range_is_brought_to_zero_and_one_and_clipped():
    values, finite = scaled(torch.tensor([[[[-3.0, 2.0, 4.5, 7.0, 9.0]]]]), (2.0, 7.0))
    assert values.dtype == np.float32
    assert values.tolist() == [[[[0.0, 0.0, 0.5, 1.0, 1.0]]]]
    assert finite.all()


def test_a_pixel_is_finite_when_all_its_channels_are():
    images = torch.zeros(2, 3, 1, 2)
    images[1, 2, 0, 1] = -torch.inf
    values, finite = scaled(images, (-1.0, 1.0))
    assert finite.tolist() == [[[True, True]], [[True, False]]]
    assert values[1, :, 0, 1].tolist() == [0, 0, 0]
    assert (values[0] == 0.5).all()


def test_a_value_ten_widths_away_is_clipped_and_one_further_is_refused():
    assert scaled(torch.tensor([[[[-21.0, 21.0]]]]), (-1.0, 1.0))[0].tolist() == [[[[0.0, 1.0]]]]
    for far in (-21.1, 21.1):
        with pytest.raises(DissectionError, match="not of the declared range"):
            scaled(torch.tensor([[[[0.0, far]]]]), (-1.0, 1.0))


def test_the_images_themselves_stay():
    images = torch.tensor([[[[torch.nan, 3.0]]]])
    scaled(images, (0.0, 1.0))
    assert images[0, 0, 0, 1] == 3
    assert images[0, 0, 0, 0].isnan()


@pytest.mark.parametrize(("channels", "mean"), [(1, 0.25), (2, 0.5), (3, 0.75), (4, 0.75)])
def test_grey_is_the_mean_of_the_colours_without_the_fourth_channel(channels, mean):
    colors = np.array([0.25, 0.75, 1.25, 9.0], np.float32)[:channels].reshape(1, -1, 1, 1)
    assert grey(colors).tolist() == [[[mean]]]
