"""Labels of whole images."""

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from tests.dissect.concepts.nets import Giving, Output

C = gw.concepts
IMAGES = torch.zeros(2, 1, 4, 6)


def test_an_image_shows_the_class_that_its_softmax_finds_probable():
    # softmax of (1, 0, 0) is (0.576, 0.212, 0.212), of (0.5, 0, 0) is (0.452, 0.274, 0.274)
    source = C.classifier(Giving(torch.tensor([[1.0, 0, 0], [0.5, 0, 0]])), ["cat", "dog", "owl"], "animal")
    masks = C.checked(source, IMAGES)
    assert masks.shape == (2, 3, 4, 6)
    assert masks[:, :, 0, 0].tolist() == [[True, False, False], [False, False, False]]
    assert masks.float().mean((2, 3)).tolist() == [[1, 0, 0], [0, 0, 0]]
    assert source.image_level == (True, True, True)
    assert source.categories == ("animal",) * 3


def test_the_level_is_an_argument():
    logits = torch.tensor([[1.0, 0, 0], [0.5, 0, 0]])
    names = ["cat", "dog", "owl"]
    assert C.classifier(Giving(logits), names, at=0.45)(IMAGES)[:, :, 0, 0].sum(1).tolist() == [1, 1]
    assert C.classifier(Giving(logits), names, at=0.2)(IMAGES)[0, :, 0, 0].tolist() == [True, True, True]


def test_several_labels_are_each_judged_by_their_sigmoid():
    source = C.classifier(Giving(torch.tensor([[1.0, 2.0], [-1.0, 0.1]])), ["day", "snow"], several=True)
    assert source(IMAGES)[:, :, 1, 2].tolist() == [[True, True], [False, True]]
    assert C.classifier(Giving(torch.ones(2, 1)), ["day"], several=True)(IMAGES).all()


def test_masks_take_no_memory_of_their_own():
    masks = C.classifier(Giving(torch.zeros(2, 2)), ["a", "b"])(IMAGES)
    assert masks.untyped_storage().nbytes() == 4


def test_logits_are_found_in_an_object_too():
    class Net(nn.Module):
        def forward(self, images):
            return Output(images.mean((1, 2, 3))[:, None] * torch.tensor([1.0, -1.0]))

    source = C.classifier(Net(), ["bright", "dark"], range=(0, 1))
    assert source(torch.ones(1, 1, 4, 6))[0, :, 0, 0].tolist() == [True, False]


def test_not_a_number_is_no_label():
    assert not C.classifier(Giving(torch.full((2, 2), torch.nan)), ["a", "b"])(IMAGES).any()


def test_digit_classes_are_those_of_the_shipped_classifier():
    data = gw.data.load("digits", size=28)
    images, labels = data.scaled()[:300], data.labels[:300]
    masks = C.checked(C.digit_classes(), images)
    net = gw.train.pretrained.digit_classifier()
    probable = net(images).softmax(1) > 0.5
    assert masks[:, :, 3, 4].equal(probable)
    right = masks[torch.arange(300), labels, 0, 0].float().mean()
    assert right > 0.6  # digits of another hand than those it was trained on


def test_digits_of_another_size_and_range_are_brought_to_the_classifiers():
    data = gw.data.load("digits", size=28)
    images = data.scaled()[:50]
    large = torch.nn.functional.interpolate(images, (56, 56), mode="bilinear")
    masks = C.digit_classes(range=(0, 1))((large + 1) / 2)
    assert masks.shape == (50, 10, 56, 56)
    same = masks[:, :, 0, 0] == C.digit_classes()(images)[:, :, 0, 0]
    assert same.float().mean() > 0.95


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"names": ["a"]}, r"single logit is always 1(.|\n)*several=True"),
        ({"names": ["a", "a"]}, "two concepts have one name"),
        ({"at": 1.1}, "at is out"),
    ],
)
def test_wrong_arguments_are_refused_at_once(options, said):
    with pytest.raises(DissectionError, match=said):
        C.classifier(Giving(torch.zeros(2, 2)), **({"names": ["a", "b"]} | options))


@pytest.mark.parametrize("shape", [(2, 3), (1, 2), (2, 2, 4, 6)])
def test_logits_that_do_not_fit_the_names_are_refused(shape):
    with pytest.raises(DissectionError, match=r"do not fit its names(.|\n)*allowed: \(2, 2\)"):
        C.classifier(Giving(torch.zeros(shape)), ["a", "b"])(IMAGES)


def test_images_of_another_range_than_declared_are_refused():
    digits = gw.concepts.digit_classes()
    bytes_given = torch.full((1, 1, 28, 28), 255.0)
    with pytest.raises(DissectionError, match="not of the declared range"):
        digits(bytes_given)
