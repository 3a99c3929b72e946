"""Concepts by a segmentation network, with random weights and without the packages they come from."""

import numpy as np
import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError, RefusedModelError
from tests.dissect.concepts.nets import Giving, Segmenting

C = gw.concepts
NAMES = ["sky", "tree", "door"]
IMAGES = torch.rand(4, 1, 8, 14, generator=torch.Generator().manual_seed(0)) * 2 - 1


def expected(net):
    net.eval()
    logits = net.net((IMAGES + 1) / 2)
    up = torch.nn.functional.interpolate(logits, (8, 14), mode="bilinear", align_corners=False)
    return torch.nn.functional.one_hot(up.argmax(1), 3).permute(0, 3, 1, 2).bool()


@pytest.mark.parametrize("form", ["tensor", "torchvision", "transformers", "dict", "tuple"])
def test_each_pixel_has_the_class_of_its_largest_logit_after_upsampling(form):
    source = C.network(Segmenting(form), NAMES)
    masks = C.checked(source, IMAGES)
    assert masks.shape == (4, 3, 8, 14)
    assert masks.equal(expected(Segmenting()))
    assert source.categories == ("segment",) * 3


@pytest.mark.parametrize("training", [True, False])
def test_the_network_runs_in_eval_mode_without_gradients_and_is_left_as_it_was(training):
    net = Segmenting().train(training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    random = torch.get_rng_state()
    C.network(net, NAMES)(IMAGES)
    assert [(mode, grad) for _, mode, grad in net.seen] == [(False, False)]
    assert all(module.training is training for module in net.modules())
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert torch.get_rng_state().equal(random)


def test_the_network_is_left_as_it_was_when_it_fails():
    net = Segmenting("text").train()
    with pytest.raises(DissectionError):
        C.network(net, NAMES)(IMAGES)
    assert net.training


def test_a_mapping_names_the_channels_that_are_concepts():
    every = C.network(Segmenting(), NAMES)(IMAGES)
    some = C.network(Segmenting(), {2: "door", 0: "sky"}, ["part", "ground"])
    assert (some.names, some.categories) == (("door", "sky"), ("part", "ground"))
    assert some(IMAGES).equal(every[:, [2, 0]])


def test_with_a_level_a_pixel_may_have_several_labels_or_none():
    logits = torch.tensor([[[[2.0, -2.0]], [[0.1, -0.1]], [[-1.0, 3.0]]]])
    masks = C.network(Giving(logits), NAMES, at=0.5)(torch.zeros(1, 1, 1, 2))
    assert masks.tolist() == [[[[True, False]], [[True, False]], [[False, True]]]]
    # the sigmoid of 0.1 is 0.525
    assert C.network(Giving(logits), NAMES, at=0.53)(torch.zeros(1, 1, 1, 2))[0, 1].tolist() == [
        [False, False]
    ]


def test_equal_logits_are_both_marked_and_a_pixel_with_nan_is_not():
    logits = torch.tensor([[[[1.0, 1.0]], [[1.0, torch.nan]], [[0.0, 5.0]]]])
    masks = C.network(Giving(logits), NAMES)(torch.zeros(1, 1, 1, 2))
    assert masks.tolist() == [[[[True, False]], [[True, False]], [[False, False]]]]


def test_images_are_normalised_repeated_and_resized_as_the_network_wants_them():
    net = Giving(torch.zeros(1, 3, 4, 5))
    source = C.network(net, NAMES, range=(0, 10), mean=(0.5, 0.25, 0), std=(0.5, 1, 2), size=(4, 5))
    masks = source(torch.full((1, 1, 8, 10), 7.5))  # 0.75 of the range
    assert masks.shape == (1, 3, 8, 10)
    assert net.seen[0].shape == (1, 3, 4, 5)
    want = torch.tensor([(0.75 - 0.5) / 0.5, 0.75 - 0.25, 0.75 / 2])
    torch.testing.assert_close(net.seen[0][0, :, 2, 3], want)
    C.network(net, NAMES, size=6)(torch.zeros(1, 3, 4, 5))
    assert net.seen[1].shape == (1, 3, 6, 6)
    assert (net.seen[1] == 0.5).all()


@pytest.mark.parametrize("kind", [np.asarray, list, torch.tensor, lambda v: torch.tensor(v).bfloat16()])
def test_mean_std_and_size_may_be_arrays_tensors_or_lists(kind):
    mean, std = (0.5, 0.25, 0.0), (0.5, 1.0, 2.0)
    source = C.network(Segmenting(), NAMES, mean=kind(mean), std=kind(std), size=list(np.array([4, 5])))
    assert source.description == C.network(Segmenting(), NAMES, mean=mean, std=std, size=(4, 5)).description
    one = C.network(Segmenting(), NAMES, mean=np.float64(0.5), std=torch.tensor([2]), size=np.int64(6))
    assert one.description == C.network(Segmenting(), NAMES, mean=0.5, std=2.0, size=6).description
    assert one(IMAGES).shape == (4, 3, 8, 14)


def test_the_keys_of_a_mapping_may_be_digits_as_a_json_file_gives_them():
    some = C.network(Segmenting(), {"2": "door", "0": "sky"})
    same = C.network(Segmenting(), {2: "door", np.int64(0): "sky"})
    assert some.description == same.description
    assert some.channels == same.channels == (2, 0)
    assert some(IMAGES).equal(same(IMAGES))


def test_a_half_precision_network_gets_its_own_dtype():
    net = Segmenting("transformers").to(torch.bfloat16)
    masks = C.network(net, NAMES)(IMAGES)
    assert net.seen[0][0].dtype == torch.bfloat16
    assert (masks == expected(Segmenting())).float().mean() > 0.9


@pytest.mark.parametrize(
    ("form", "said"),
    [("text", r"no logits that can be found(.|\n)*got: str"), ("other", "dict with 'masks'")],
)
def test_an_output_without_logits_is_refused(form, said):
    with pytest.raises(DissectionError, match=said):
        C.network(Segmenting(form), NAMES)(IMAGES)


@pytest.mark.parametrize(
    ("names", "shape", "allowed"),
    [
        (NAMES, (4, 2, 4, 7), r"\(n, 3, h, w\)"),
        (NAMES, (4, 3), r"\(n, 3, h, w\)"),
        (NAMES, (3, 3, 4, 7), r"\(n, 3, h, w\)"),
        ({5: "sky"}, (4, 5, 4, 7), r"\(n, more than 5, h, w\)"),
    ],
)
def test_logits_that_do_not_fit_the_names_are_refused(names, shape, allowed):
    with pytest.raises(DissectionError, match=rf"do not fit its names(.|\n)*allowed: {allowed}"):
        C.network(Giving(torch.zeros(shape)), names)(IMAGES)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"names": {-1: "sky"}}, "counted from 0"),
        ({"names": {"sky": "0"}}, "counted from 0"),
        ({"names": {0.5: "sky"}}, "counted from 0"),
        ({"names": {True: "sky"}}, "counted from 0"),
        ({"names": {"1": "sky", 1: "tree"}}, "counted from 0"),
        ({"names": {}}, "a sequence of names"),
        ({"names": 3}, "a sequence of names"),
        ({"names": ["sky", "sky"]}, "two concepts have one name"),
        ({"at": 2}, "at is out"),
        ({"size": (4,)}, "size is that of"),
        ({"size": 0}, "size is that of"),
        ({"size": 22.5}, r"size is that of(.|\n)*got: 22.5"),
        ({"size": (4, 5.5)}, "size is that of"),
        ({"size": "224"}, "size is that of"),
        ({"size": True}, "size is that of"),
        ({"std": 0}, "mean and std normalise"),
        ({"std": float("nan")}, "mean and std normalise"),
        ({"mean": "0.5"}, "mean and std normalise"),
        ({"mean": None}, "mean and std normalise"),
        ({"mean": [[0.5, 0.5], [0.5]]}, "mean and std normalise"),
        ({"mean": np.zeros((3, 1, 1))}, "mean and std normalise"),
        ({"mean": torch.zeros(2), "std": np.ones(3)}, "mean and std normalise"),
        ({"mean": (0.5, 0.5), "std": (1, 1, 1)}, "mean and std normalise"),
        ({"range": (0, 0)}, "black and of white"),
    ],
)
def test_wrong_arguments_are_refused_at_once(options, said):
    with pytest.raises(DissectionError, match=said):
        C.network(Segmenting(), **({"names": NAMES} | options))


def test_images_with_other_channels_than_mean_and_std_are_refused():
    source = C.network(Segmenting(), NAMES, mean=(0.5,) * 3, std=(0.5,) * 3)
    with pytest.raises(DissectionError, match=r"number of channels(.|\n)*2 channels(.|\n)*3 channels, or 1"):
        source(torch.zeros(1, 2, 4, 6))


def test_what_is_no_module_is_refused():
    with pytest.raises(RefusedModelError, match="PyTorch module"):
        C.network(lambda images: images, NAMES)


def test_the_description_names_the_weights_and_the_repr_does_not():
    source = C.network(Segmenting(), NAMES)
    said = source.description["parameters"]
    assert (said["module"], len(said["weights"])) == ("Segmenting", 64)
    assert said["weights"] not in repr(source)
    other = Segmenting()
    other.net[3].bias.data += 1
    assert C.network(other, NAMES).description["parameters"]["weights"] != said["weights"]
