"""Sources are values: they join, say what they are, travel, and compare."""

import json
import pickle

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError

C = gw.concepts
IMAGES = torch.rand(3, 1, 12, 17, generator=torch.Generator().manual_seed(0)) * 2 - 1


def lit(images):
    return images > 0


def sources():
    net = nn.Conv2d(1, 2, 1)
    return {
        "strokes": C.strokes(),
        "colors": C.colors(3),
        "brightness": C.brightness(),
        "edges": C.edges(),
        "from_function": C.from_function(lit, ["lit"]),
        "network": C.network(net, ["sky", "sea"]),
        "classifier": C.digit_classes(),
        "union": C.brightness() + C.edges(),
    }


@pytest.mark.parametrize("kind", sources())
def test_every_source_says_what_it_is(kind):
    source = sources()[kind]
    said = json.loads(json.dumps(C.description(source)))
    assert said["kind"] == kind
    assert said["names"] == list(source.names)
    assert said["categories"] == list(source.categories)
    assert len(source.image_level) == len(source.names)
    assert repr(source) == repr(sources()[kind])
    assert "0x" not in repr(source)


@pytest.mark.parametrize("kind", sources())
def test_every_source_travels_to_another_process(kind):
    source = sources()[kind]
    there = pickle.loads(pickle.dumps(source))
    assert there.description == source.description
    assert torch.equal(C.checked(there, IMAGES), C.checked(source, IMAGES))


@pytest.mark.parametrize("kind", sources())
def test_the_masks_of_an_image_do_not_depend_on_its_batch(kind):
    source = sources()[kind]
    together = C.checked(source, IMAGES)
    assert together.equal(torch.cat([C.checked(source, IMAGES[k : k + 1]) for k in range(3)]))
    assert together.flip(0).equal(C.checked(source, IMAGES.flip(0)))


@pytest.mark.parametrize("kind", sources())
def test_a_source_leaves_the_images_as_they_were(kind):
    images = IMAGES.clone().requires_grad_()
    before = images.detach().clone()
    masks = sources()[kind](images)
    assert images.detach().equal(before)
    assert not masks.requires_grad


def test_a_union_marks_what_its_parts_mark_in_their_order():
    a, b = C.brightness(), C.from_function(lit, ["lit"], "light")
    both = a + b
    assert both.names == ("dark", "bright", "lit")
    assert both.categories == ("brightness", "brightness", "light")
    assert both(IMAGES).equal(torch.cat([a(IMAGES), b(IMAGES)], 1))
    assert both == C.union(a, b)


def test_joining_is_associative():
    a, b, c = C.brightness(), C.edges(), C.from_function(lit, ["lit"])
    assert (a + b) + c == a + (b + c) == C.union(a, b, c)


def test_a_union_takes_any_segmenter_and_keeps_what_belongs_to_whole_images():
    class Own:
        names, categories = ("lit",), ("light",)

        def __call__(self, images):
            return images > 0

    both = C.digit_classes() + Own()
    assert both.image_level == (True,) * 10 + (False,)
    assert C.checked(both, IMAGES).shape == (3, 11, 12, 17)
    assert both.description["parameters"]["parts"][1]["kind"].endswith("Own")


def test_parts_of_a_union_do_not_share_a_name():
    with pytest.raises(DissectionError, match=r"two concepts have one name(.|\n)*'dark'"):
        C.brightness() + C.brightness(dark=0.1)


def test_parts_of_a_union_have_masks_of_one_size():
    small = C.from_function(lambda images: images[:, :, ::2, ::2] > 0, ["coarse"])
    with pytest.raises(DissectionError, match=r"differ in size(.|\n)*6×9, 12×17"):
        (C.edges() + small)(IMAGES)


def test_what_is_no_segmenter_cannot_be_joined():
    with pytest.raises(DissectionError, match="no segmenter"):
        C.edges() + lit
    with pytest.raises(DissectionError, match="a sequence of names"):
        C.union()
