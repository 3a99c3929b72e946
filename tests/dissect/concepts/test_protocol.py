"""The door: what is let in, and the words with which the rest is turned away."""

import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.concepts.protocol import check_images, checked_names, spread

IMAGES = torch.zeros(3, 1, 4, 6)


class Own:
    """A segmenter that is no class of ours."""

    names = ("lit", "dark")
    categories = ("light", "light")

    def __call__(self, images):
        return torch.cat([images > 0, images < 0], 1)


def giving(masks, names=("lit", "dark"), **options):
    return gw.concepts.from_function(lambda images: masks, names, **options)


def test_any_callable_with_names_and_categories_will_do():
    masks = gw.concepts.checked(Own(), torch.tensor([[[[1.0, -1.0]]]]))
    assert masks.tolist() == [[[[True, False]], [[False, True]]]]


def test_masks_may_have_a_grid_of_their_own():
    assert gw.concepts.checked(giving(torch.zeros(3, 2, 2, 3, dtype=torch.bool)), IMAGES).shape == (
        3,
        2,
        2,
        3,
    )


@pytest.mark.parametrize(
    ("masks", "said", "got"),
    [
        ([[True]], "are no tensor", "list"),
        (torch.zeros(3, 2, 4, 6), "are not bool", "torch.float32 (3, 2, 4, 6)"),
        (torch.zeros(3, 2, 4, dtype=torch.bool), "have not four axes", "torch.bool (3, 2, 4)"),
        (torch.zeros(3, 2, 0, 6, dtype=torch.bool), "have not four axes", "torch.bool (3, 2, 0, 6)"),
        (torch.zeros(2, 2, 4, 6, dtype=torch.bool), "another number of images", "torch.bool (2, 2, 4, 6)"),
        (torch.zeros(3, 1, 4, 6, dtype=torch.bool), "another number of concepts", "torch.bool (3, 1, 4, 6)"),
        (torch.zeros(3, 2, 4, 6, dtype=torch.bool, device="meta"), "another device", "(3, 2, 4, 6) on meta"),
    ],
)
def test_masks_of_another_form_are_refused_with_what_was_got_and_what_is_allowed(masks, said, got):
    with pytest.raises(DissectionError) as error:
        gw.concepts.checked(giving(masks), IMAGES)
    what, was, allowed, step = str(error.value).split("\n")
    assert what.startswith("the masks of from_function(f='<lambda>') ")
    assert said in what
    assert was.endswith(got)
    assert allowed == "  allowed: torch.bool (3, 2, H, W) on cpu"
    assert step.startswith("  next: ")


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(3, 4, 6),
        torch.zeros(3, 1, 4, 6, dtype=torch.uint8),
        torch.zeros(0, 1, 4, 6),
        torch.zeros(3, 1, 0, 6),
        "images",
    ],
)
def test_what_are_no_images_is_refused(images):
    with pytest.raises(DissectionError, match=r"no images(.|\n)*floating \(n, ch, H, W\)"):
        gw.concepts.checked(Own(), images)
    with pytest.raises(DissectionError, match="no images"):
        check_images(images)


@pytest.mark.parametrize("segmenter", [None, lambda images: images > 0, "strokes"])
def test_what_is_no_segmenter_is_refused(segmenter):
    with pytest.raises(DissectionError, match=r"no segmenter(.|\n)*from_function"):
        gw.concepts.checked(segmenter, IMAGES)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("ink", "a sequence of names"),
        ([], "a sequence of names"),
        (None, "a sequence of names"),
        ({"ink", "hole"}, "a sequence of names"),
        (["ink", 3], "is a text"),
        (["ink", " "], "is a text"),
        (["ink", "hole", "ink"], "two concepts have one name(.|\n)*'ink'"),
    ],
)
def test_names_are_unique_texts(names, said):
    with pytest.raises(DissectionError, match=said):
        checked_names(names)


@pytest.mark.parametrize("categories", [["part"], ["part", ""], [1, 2], 7, ""])
def test_there_is_one_category_per_name(categories):
    with pytest.raises(DissectionError, match=r"one category(.|\n)*2 texts"):
        spread(categories, ["top", "left"])


def test_names_of_any_segmenter_are_checked_at_the_door():
    class Twice(Own):
        names = ("lit", "lit")

    with pytest.raises(DissectionError, match="two concepts have one name"):
        gw.concepts.checked(Twice(), IMAGES)


def test_an_error_of_the_segmenter_passes_unchanged():
    def broken(images):
        raise KeyError("its own")

    with pytest.raises(KeyError, match="its own"):
        gw.concepts.checked(gw.concepts.from_function(broken, ["lit"]), IMAGES)


def test_no_gradient_is_recorded():
    seen = []

    def marks(images):
        seen.append(torch.is_grad_enabled())
        return images > 0

    gw.concepts.checked(gw.concepts.from_function(marks, ["lit"]), IMAGES)
    assert seen == [False]
    assert torch.is_grad_enabled()


def test_image_level_masks_are_whole():
    whole = torch.tensor([True, False, True])[:, None, None, None].expand(3, 1, 4, 6)
    segmenter = giving(whole, ["day"], image_level=True)
    assert gw.concepts.checked(segmenter, IMAGES).equal(whole)
    part = whole.clone()
    part[0, 0, 1, 2] = False
    with pytest.raises(DissectionError, match=r"image-level concepts are not whole(.|\n)*day: parts"):
        gw.concepts.checked(giving(part, ["day"], image_level=True), IMAGES)


def test_image_level_is_false_where_nothing_is_said_and_one_bool_per_concept_otherwise():
    assert gw.concepts.image_level(Own()) == (False, False)
    own = Own()
    own.image_level = [True, False]
    assert gw.concepts.image_level(own) == (True, False)
    for wrong in ([True], [1, 0], True, 1):
        own.image_level = wrong
        with pytest.raises(DissectionError, match="one bool per concept"):
            gw.concepts.image_level(own)


def test_a_foreign_segmenter_is_described_by_its_class():
    assert gw.concepts.description(Own()) == {
        "kind": "Own",
        "names": ["lit", "dark"],
        "categories": ["light", "light"],
        "parameters": {},
    }
