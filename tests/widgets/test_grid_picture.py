import io

import numpy as np
import pytest
from PIL import Image

from gan_widgets.core.pixels import NAN_COLOR
from gan_widgets.widgets._grid_picture import LARGEST, LEAST, picture_of, shrunk


def image(maps):
    return np.asarray(Image.open(io.BytesIO(picture_of(maps, 0.0, 1.0))))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 3), (5, 2), (5, 7), (4, 6)])
def test_shrunk_maps_are_means_over_values_of_their_own(rows, columns):
    maps = np.random.default_rng(0).normal(size=(3, 5, 7)).astype(np.float32)
    found = shrunk(maps, rows, columns)
    for row in range(rows):
        for column in range(columns):
            part = maps[
                :,
                row * 5 // rows : (row + 1) * 5 // rows,
                column * 7 // columns : (column + 1) * 7 // columns,
            ]
            assert found[:, row, column] == pytest.approx(part.mean(axis=(1, 2)), abs=1e-6)


def test_what_is_not_finite_shows_through():
    maps = np.zeros((1, 4, 4), np.float32)
    maps[0, 0, 0], maps[0, 3, 3] = np.nan, np.inf
    assert np.array_equal(shrunk(maps, 2, 2)[0], [[np.nan, 0], [0, np.inf]], equal_nan=True)


def test_large_values_do_not_overflow_on_the_way():
    assert shrunk(np.full((1, 2, 2), 3e38, np.float32), 1, 1).item() == pytest.approx(3e38)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((4, 600, 300), (LARGEST, LARGEST // 2)),
        ((4, 1, 5000), (LEAST, LARGEST)),
        ((4, 3, 1), (48, 16)),
        ((4, 1, 1), (48, 48)),
        ((4, 100, 112), (100, 112)),
    ],
)
def test_a_picture_is_no_larger_for_larger_maps(shape, size):
    assert image(np.zeros(shape, np.float32)).shape == (2 * (size[0] + 1), 2 * (size[1] + 1), 3)


def test_one_bad_value_among_many_is_seen():
    maps = np.zeros((1, 1120, 1120), np.float32)
    maps[0, 555, 1115] = np.nan
    assert image(maps)[55, 111].tolist() == list(NAN_COLOR)
