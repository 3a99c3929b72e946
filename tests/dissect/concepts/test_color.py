"""Colours, brightness and edges."""

import numpy as np
import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError

C = gw.concepts


def patches(*colors):
    """A row of pixels (1, 3, 1, n) in [-1, 1] from texts #rrggbb."""
    rgb = [[int(color[i : i + 2], 16) / 127.5 - 1 for i in (1, 3, 5)] for color in colors]
    return torch.tensor(rgb).T[None, :, None]


def test_a_pixel_is_marked_with_its_nearest_basic_colour():
    names = C.colors(11).names
    pixels = patches("#fefefe", "#101010", "#c01020", "#20a030", "#f0e020", "#2040c0", "#704020", "#8030a0",
                     "#ffb0c0", "#ff9010", "#777777")  # fmt: skip
    masks = C.colors(11)(pixels)[0, :, 0]
    assert masks.sum(0).tolist() == [1] * 11
    assert [names[k] for k in masks.int().argmax(0)] == list(names)


def test_a_number_takes_the_first_basic_colours():
    assert C.colors(3).names == ("white", "black", "red")
    assert C.colors(3).categories == ("color",) * 3


def test_own_colours_are_read_as_hexadecimal_or_by_name():
    source = C.colors(["#ff8000", "black"])
    assert source(patches("#f07010", "#201010")).tolist() == [[[[True, False]], [[False, True]]]]


def test_nearness_is_that_of_ciel_ab():
    from skimage.color import rgb2lab

    names = ("#804020", "#3060c0", "#40c0a0", "#202020", "#e0e0a0")
    rgb = np.random.RandomState(0).randint(0, 64, (400, 3)) / 63
    images = torch.from_numpy(rgb.T.reshape(1, 3, 20, 20) * 2 - 1)
    centers = rgb2lab(np.array([[int(name[i : i + 2], 16) / 255 for i in (1, 3, 5)] for name in names]))
    for k, lab in enumerate(rgb2lab(rgb)):
        distances = [np.sqrt(((lab - center) ** 2).sum()) for center in centers]
        marked = C.colors(names)(images)[0, :, k // 20, k % 20]
        assert marked.nonzero().ravel().tolist() == [int(np.argmin(distances))]
        if k > 60:
            break


def test_clusters_of_images_are_found_and_ordered_from_light_to_dark():
    stripes = patches(*["#204080"] * 7, *["#f0d040"] * 5, *["#a01010"] * 3)
    source = C.colors(3, fit=stripes.expand(2, -1, 4, -1))
    assert source.names == ("#f0d040", "#a01010", "#204080")
    assert source(stripes)[0, :, 0].int().argmax(0).tolist() == [2] * 7 + [0] * 5 + [1] * 3


def test_clusters_are_a_function_of_the_images_and_the_seed():
    images = torch.rand(3, 3, 9, 14, generator=torch.Generator().manual_seed(1)) * 2 - 1
    assert C.colors(5, fit=images).names == C.colors(5, fit=images).names
    fitted = C.colors(5, fit=images)
    assert len(fitted.names) == 5
    assert C.colors(fitted.names) == fitted
    assert C.colors(fitted.names)(images).equal(fitted(images))


def test_grey_images_have_clusters_of_grey():
    grey = torch.tensor([-1.0, -1.0, 0.2, 1.0, 1.0, 0.2]).reshape(1, 1, 2, 3)
    source = C.colors(3, fit=grey)
    assert source.names == ("#ffffff", "#999999", "#000000")
    assert source(grey).equal(source(grey.expand(-1, 3, -1, -1)))


def test_every_finite_pixel_has_one_colour_and_another_has_none():
    images = torch.rand(2, 3, 4, 6, generator=torch.Generator().manual_seed(2))
    images[1, 0, 2, 3] = torch.nan
    want = torch.ones(2, 4, 6)
    want[1, 2, 3] = 0
    assert C.colors(4, range=(0, 1))(images).sum(1).equal(want.long())


@pytest.mark.parametrize(
    ("which", "options", "said"),
    [
        (0, {}, r"number of colours is out(.|\n)*1 to 11(.|\n)*fit=images"),
        (12, {}, r"1 to 11"),
        (True, {}, "number of colours"),
        (2.5, {}, "a sequence of names"),
        ("red", {}, "a sequence of names"),
        (["red", "red"], {}, "two concepts have one name"),
        (["red", "#FF0000"], {}, r"cannot be read(.|\n)*'#FF0000'(.|\n)*orange"),
        (["crimson"], {}, "cannot be read"),
        (3, {"fit": patches("#ff0000", "#00ff00")}, r"fewer colours(.|\n)*2 colours(.|\n)*3 or more"),
        (3, {"fit": torch.zeros(3, 4)}, "no images"),
        (3, {"range": (0, 0)}, "black and of white"),
    ],
)  # fmt: skip
def test_colours_that_cannot_be_are_refused(which, options, said):
    with pytest.raises(DissectionError, match=said):
        C.colors(which, **options)


def test_dark_and_bright_are_below_and_above_their_levels():
    images = torch.tensor([0.0, 0.24, 0.25, 0.75, 0.76, torch.nan]).reshape(1, 1, 2, 3)
    dark, bright = C.brightness(range=(0, 1))(images)[0].flatten(1).tolist()
    assert dark == [True, True, False, False, False, False]
    assert bright == [False, False, False, False, True, False]


def test_brightness_is_the_mean_of_the_channels():
    red = patches("#ff0000")
    assert C.brightness(dark=0.34, bright=0.9)(red)[0, :, 0, 0].tolist() == [True, False]
    assert C.brightness(dark=0.1, bright=0.33)(red)[0, :, 0, 0].tolist() == [False, True]


def test_edges_are_where_a_slow_sobel_says():
    images = torch.rand(2, 3, 7, 11, generator=torch.Generator().manual_seed(3))
    got = C.edges(range=(0, 1), level=0.3)(images)[:, 0].numpy()
    kernel = np.outer([-1, 0, 1], [1, 2, 1]) / 8
    for image, mask in zip(images.numpy(), got, strict=True):
        for r in range(7):
            for c in range(11):
                steep = []
                rows, columns = np.clip([r - 1, r, r + 1], 0, 6), np.clip([c - 1, c, c + 1], 0, 10)
                for channel in image:
                    near = channel[np.ix_(rows, columns)]
                    steep.append(np.hypot((kernel * near).sum(), (kernel.T * near).sum()))
                assert mask[r, c] == (max(steep) > 0.3)


def test_the_border_of_an_image_is_no_edge():
    assert not C.edges()(torch.full((1, 3, 4, 6), 0.9)).any()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: C.brightness(dark=-1), "dark is out"),
        (lambda: C.brightness(bright=2), "bright is out"),
        (lambda: C.edges(level=None), "level is out"),
        (lambda: C.edges(range=(1,)), "black and of white"),
    ],
)
def test_levels_out_of_their_domain_are_refused(make, said):
    with pytest.raises(DissectionError, match=said):
        make()
