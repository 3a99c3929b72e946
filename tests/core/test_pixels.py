"""Pictures that do not lie."""

import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from gan_widgets.core.errors import ImageError
from gan_widgets.core.pixels import (
    INF_COLOR,
    NAN_COLOR,
    NEGATIVE_INF_COLOR,
    as_images,
    colorize,
    colormap,
    mosaic,
    png,
    to_uint8,
    upsample,
)


@pytest.mark.parametrize(
    ("shape", "images"),
    [
        ((2, 3, 4, 5), (2, 3, 4, 5)),
        ((2, 1, 4, 5), (2, 1, 4, 5)),
        ((2, 4, 5), (2, 1, 4, 5)),
        ((2, 784), (2, 1, 28, 28)),
        ((2, 3072), (2, 3, 32, 32)),
        ((2, 1), (2, 1, 1, 1)),
    ],
)
def test_outputs_are_read_as_images(shape, images):
    output = torch.rand(shape)
    assert as_images(output).shape == images
    assert torch.equal(as_images(output).flatten(), output.flatten())


def test_images_are_found_inside_structured_and_half_outputs():
    images = as_images({"images": torch.rand(2, 3, 4, 5).half().requires_grad_(), "step": 3})
    assert images.dtype == torch.float32
    assert not images.requires_grad


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (torch.zeros(2, 50), r"got: \(2, 50\)"),
        (torch.zeros(2, 6, 5, 3), r"permute\(0, 3, 1, 2\)"),
        (torch.zeros(2, 64, 4, 5), r"1, 3 or 4 channels"),
        (torch.zeros(2, 1, 3, 4, 5), r"got: \(2, 1, 3, 4, 5\)"),
        ("nothing", "got: str without a floating tensor"),
        ((), "got: tuple without a floating tensor"),
        (torch.zeros(2, 1, 3, 4, dtype=torch.int64), "got: Tensor without a floating tensor"),
        (torch.zeros(5), "got: Tensor without a floating tensor"),
    ],
)
def test_what_is_no_image_is_refused(output, text):
    with pytest.raises(ImageError, match=f"cannot be read as images[^$]*{text}"):
        as_images(output)


def test_bytes_are_rounded_clipped_and_channels_last():
    images = torch.tensor([[-3.0, -1.0, -0.996], [0.0, 0.5, 1.5]]).reshape(1, 1, 2, 3)
    assert to_uint8(images)[0, :, :, 0].tolist() == [[0, 0, 1], [128, 191, 255]]
    planes = torch.arange(24.0).reshape(1, 3, 2, 4)
    assert to_uint8(planes, 0, 255)[0, 1, 2].tolist() == [6, 14, 22]
    assert to_uint8(planes, 0, 255).flags.c_contiguous


def test_bytes_survive_the_way_there_and_back():
    levels = torch.arange(256.0).reshape(1, 1, 8, 32)
    assert to_uint8(levels / 127.5 - 1).ravel().tolist() == list(range(256))
    assert to_uint8((levels / 255).double(), 0, 1).ravel().tolist() == list(range(256))


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_broken_pixels_show_in_grey_and_in_colour(broken):
    grey = torch.zeros(2, 1, 3, 4)
    grey[1, 0] = broken
    shown = to_uint8(grey)
    assert (shown[0] == 128).all()
    assert shown[1, :, :, 0].tolist() == [[0, 255, 0, 255], [255, 0, 255, 0], [0, 255, 0, 255]]
    for channels, color in ((3, [255, 0, 255]), (4, [255, 0, 255, 255])):
        picture = torch.zeros(1, channels, 3, 4)
        picture[0, 1, 2, 0] = broken
        assert to_uint8(picture)[0, 2, 0].tolist() == color
        assert (to_uint8(picture)[0, :2] == 128).all()


def test_a_range_without_an_inside_and_wrong_images_are_refused():
    with pytest.raises(ImageError, match="two finite ends"):
        to_uint8(torch.zeros(1, 1, 2, 3), 1, 1)
    with pytest.raises(ImageError, match=r"as_images\(output\) first"):
        to_uint8(torch.zeros(2, 3))
    with pytest.raises(ImageError, match="two finite ends"):
        colorize(torch.zeros(2, 3), float("nan"), 1)


def test_upsampling_is_the_bilinear_form_worked_out_by_hand():
    # one axis, 2 to 4: centres at −0.25, 0.25, 0.75, 1.25 of the small grid, clamped at its ends
    row = torch.tensor([0.0, 0.25, 0.75, 1.0])
    corner = torch.tensor([[0.0, 4.0], [8.0, 12.0]])
    by_hand = 4 * row[None, :] + 8 * row[:, None]
    assert torch.equal(upsample(corner, (4, 4)), by_hand)


def test_upsampling_agrees_with_interpolate_for_any_leading_axes():
    maps = torch.randn(2, 5, 3, 4, 7, dtype=torch.float64)
    expected = F.interpolate(maps.flatten(0, 2)[None], (9, 10), mode="bilinear", align_corners=False)
    torch.testing.assert_close(upsample(maps, (9, 10)), expected.reshape(2, 5, 3, 9, 10))
    assert upsample(maps[0, 0, 0], (8, 7)).shape == (8, 7)


def test_a_one_by_one_map_is_the_same_everywhere():
    assert torch.equal(upsample(torch.tensor([[[2.5]]]), (3, 5)), torch.full((1, 3, 5), 2.5))


def test_upsampling_to_the_same_size_changes_nothing():
    maps = torch.rand(2, 3, 4)
    assert torch.equal(upsample(maps, (3, 4)), maps)


@pytest.mark.parametrize(
    ("maps", "size"),
    [(torch.zeros(3), (2, 2)), (torch.zeros(2, 3).int(), (4, 4)), (torch.zeros(2, 3), (0, 4))],
)
def test_what_cannot_be_resized_is_refused(maps, size):
    with pytest.raises(ImageError, match="to a positive size"):
        upsample(maps, size)


def luminance(table):
    srgb = table / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_the_sequential_colours_grow_in_luminance_and_never_jump():
    table = colormap("sequential").astype(float)
    assert (np.diff(luminance(table)) > 0).all()
    assert np.abs(np.diff(table, axis=0)).max() <= 8
    assert luminance(table)[0] < 0.02
    assert luminance(table)[-1] > 0.8


def test_the_diverging_colours_are_lightest_in_the_middle_and_balanced():
    light = luminance(colormap("diverging").astype(float))
    assert (np.diff(light[:128]) > 0).all()
    assert (np.diff(light[128:]) < 0).all()
    assert abs(light[0] - light[-1]) < 0.02
    middle = colormap("diverging")[127:129].astype(int)
    assert np.ptp(middle) < 12
    assert np.abs(np.diff(colormap("diverging").astype(int), axis=0)).max() <= 8


@pytest.mark.parametrize("name", ["sequential", "diverging", "gray"])
def test_the_colours_of_broken_values_are_far_from_every_colormap_and_each_other(name):
    marks = np.array([NAN_COLOR, INF_COLOR, NEGATIVE_INF_COLOR], float)
    table = colormap(name)
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert not table.flags.writeable
    others = np.concatenate([table, marks])
    for mark in marks:
        assert np.sort(np.linalg.norm(others - mark, axis=1))[1] > 60


def test_an_unknown_colormap_is_refused():
    with pytest.raises(ImageError, match=r"got: 'jet'\n  allowed: 'sequential', 'diverging' or 'gray'"):
        colormap("jet")


def test_colours_span_the_range_and_broken_values_stand_out():
    inf = float("inf")
    maps = torch.tensor([[[-9.0, 0.0, 2.0], [9.0, float("nan"), inf]], [[1.0, -inf, 0.5], [0.0, 0.0, 0.0]]])
    shown = colorize(maps, 0.0, 2.0, "gray")
    assert shown.shape == (2, 2, 3, 3)
    assert shown[0, 0].tolist() == [[0, 0, 0], [0, 0, 0], [255, 255, 255]]
    assert shown[0, 1].tolist() == [[255, 255, 255], list(NAN_COLOR), list(INF_COLOR)]
    assert shown[1, 0].tolist() == [[127, 127, 127], list(NEGATIVE_INF_COLOR), [63, 63, 63]]


def test_a_constant_map_is_coloured_without_dividing_by_zero():
    assert (colorize(torch.full((2, 3), 4.0), 4.0, 4.0) == colormap("sequential")[0]).all()


def test_a_mosaic_runs_row_by_row():
    images = np.stack([np.full((2, 3, 1), k, np.uint8) for k in (1, 2, 3)])
    assert mosaic(images, 2)[:, :, 0].tolist() == [[1, 1, 1, 2, 2, 2]] * 2 + [[3, 3, 3, 0, 0, 0]] * 2
    assert mosaic(images, 9).shape == (2, 9, 1)
    with pytest.raises(ImageError, match="0 columns"):
        mosaic(images, 0)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4)])
def test_png_keeps_every_byte(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    read = np.asarray(Image.open(io.BytesIO(png(pixels))))
    assert (read == pixels.reshape(read.shape)).all()


@pytest.mark.parametrize("bad", [np.zeros((4, 5)), np.zeros((4, 5, 2), np.uint8), np.zeros((0, 5), np.uint8)])
def test_what_is_no_image_of_bytes_is_no_png(bad):
    with pytest.raises(ImageError, match="image of bytes"):
        png(bad)


@pytest.mark.parametrize(
    "output",
    [
        {"w": torch.zeros(2, 16), "image": torch.ones(2, 3, 4, 5)},
        (torch.zeros(2, 16), torch.zeros(2, 7, 4, 5), torch.ones(2, 3, 4, 5)),
    ],
)
def test_of_several_tensors_the_first_that_looks_like_images_is_shown(output):
    assert as_images(output).equal(torch.ones(2, 3, 4, 5))
