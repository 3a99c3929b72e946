import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import gan_widgets as gw
from gan_widgets.core.pixels import colormap, to_uint8
from gan_widgets.widgets._change_picture import picture_of, seen
from tests.widgets.test_ablation_sliders import pixels


@pytest.fixture
def view(lab):
    return gw.AblationSliders(lab)


def test_the_picture_shows_before_after_and_difference(view, lab):
    lab.edits = [gw.Ablate("3", units=range(8))]
    picture = np.asarray(Image.open(io.BytesIO(view.picture())))
    assert picture.shape == (2 * 14, 3 * 3 * 10 + 2 * 4, 3)
    before, after = to_uint8(lab.baseline)[0, :, :, 0], to_uint8(lab.images)[0, :, :, 0]
    assert np.array_equal(picture[:14, :10], before[..., None].repeat(3, 2))
    assert np.array_equal(picture[:14, 34:44], after[..., None].repeat(3, 2))
    signed = after.astype(float) - before
    ends = next(ends for ends in (16, 32, 64, 128, 255) if np.abs(changes(lab)).max() <= ends)
    place = 127.5 + signed * 127.5 / ends
    assert np.abs(place - 127.5).max() > 10
    assert np.array_equal(picture[:14, 68:78], colormap("diverging")[np.floor(place + 0.5).astype(int)])


def changes(lab):
    return to_uint8(lab.images).astype(float) - to_uint8(lab.baseline)


def test_the_picture_of_no_edit_has_the_middle_colour_in_its_difference(view):
    picture = np.asarray(Image.open(io.BytesIO(view.picture())))
    assert np.array_equal(picture[:14, :10], picture[:14, 34:44])
    assert (picture[:14, 68:78] == colormap("diverging")[128]).all()


def test_the_picture_lays_transparent_images_on_white_and_leaves_empty_places_white():
    images = np.full((3, 2, 4, 4), 100, np.uint8)
    images[0, ..., 3], images[1:, ..., 3] = 0, 255
    picture = np.asarray(Image.open(io.BytesIO(picture_of(images, images))))
    assert picture.shape == (4, 3 * 8 + 2 * 4, 3)
    assert (picture[:2, :4] == 255).all()
    assert (picture[:2, 4:8] == 100).all()
    assert (picture[2:, 4:8] == 255).all()


def test_images_are_sent_no_larger_than_they_are_shown(page):
    model = nn.Sequential(nn.Unflatten(1, (4, 1, 1)), nn.ConvTranspose2d(4, 3, (300, 200)), nn.Hardtanh())
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=5) as lab:
        view = gw.AblationSliders(lab)
        assert view.shape == [5, 150, 100, 3]  # three side by side have room for 172 each: half of 300
        whole = (lab.baseline.double() + 1) * 127.5
        means = whole.reshape(5, 3, 150, 2, 100, 2).mean((3, 5)).permute(0, 2, 3, 1).numpy()
        assert np.abs(pixels(view, view.before) - means).max() <= 0.501
        page.write(view, strengths=np.ones(3, "<f4").tobytes())
        assert (pixels(view, view.after) == 128).all()
        assert Image.open(io.BytesIO(view.picture())).size == (3 * 3 * 100 + 2 * 4, 2 * 150)
        assert lab.images.shape == (5, 3, 300, 200)
        lab.seeds = [7]
        assert view.shape == [1, 300, 200, 3]


def test_large_images_are_clipped_before_they_are_shrunk_and_bad_pixels_show():
    images = torch.zeros(1, 1, 1041, 521)
    images[0, 0, ::3], images[0, 0, 0, 0], images[0, 0, 1040, 520] = 5.0, torch.nan, torch.inf
    found = seen(images, -1.0, 1.0)
    assert found.shape == (1, 1, 347, 174)
    bad = ~found.isfinite()
    assert bad.nonzero().tolist() == [[0, 0, 0, 0], [0, 0, 346, 173]]
    assert found[~bad].numpy() == pytest.approx(1 / 3)
