"""One float32 prior on the CPU serves a model of any device and dtype, everywhere it is asked for."""

from copy import deepcopy

import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.edits import Ablate, Insert
from gan_widgets.core.errors import LatentsError, RefusedModelError
from gan_widgets.core.fitting import fitting
from gan_widgets.core.intervene import dry_run, intervene
from gan_widgets.core.latents import from_function, normal
from gan_widgets.core.reference import Reference
from gan_widgets.core.split import split
from tests.generators import generator

LATENTS, SEEDS = normal(6), (4, 0, 7)
EDITS = [Ablate("3", units=[1, 2]), Insert("5", units=[0], value=0.5), Ablate("3", units=[4], value="mean")]


@pytest.fixture(params=[torch.float16, torch.bfloat16, torch.float64], ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def model(dtype):
    return generator().to(dtype)


def images(model, edits, inputs, **keywords):
    with torch.no_grad(), intervene(model, edits, **keywords):
        return model(inputs)


def test_a_model_that_they_fit_already_gets_the_same_object():
    custom = from_function(lambda seed: torch.full((6,), float(seed)))
    for latents in (LATENTS, normal((6, 1, 1)), custom):
        assert fitting(latents, generator()) is latents
        assert fitting(latents, nn.DataParallel(generator())) is latents
        assert fitting(latents, nn.Tanh()) is latents
    with gw.attach(generator(), latents=LATENTS) as lab:
        assert lab.latents is LATENTS


def test_mixed_dtypes_and_those_of_8_bits_leave_the_dtype_as_it_is():
    mixed = generator()
    mixed[4].half()
    assert fitting(LATENTS, mixed) is LATENTS
    assert fitting(LATENTS, nn.Linear(6, 2).to(torch.float8_e4m3fn)) is LATENTS


def test_a_custom_prior_keeps_its_dtype_unless_it_was_given_one(dtype, model):
    custom = from_function(lambda seed: (torch.full((6,), float(seed)), torch.tensor(seed)))
    assert fitting(custom, model) is custom
    z, label = fitting(custom.to(dtype=torch.float32), model)([3])
    assert (z.dtype, label.dtype) == (dtype, torch.int64)


def test_the_device_follows_the_model_also_where_the_dtype_stays():
    there = nn.Linear(6, 2, device="meta")
    labels = from_function(lambda seed: torch.tensor([seed]))
    for latents in (LATENTS, labels):
        assert fitting(latents, there).device == torch.device("meta")
        assert fitting(latents, there).dtype is latents.dtype
    assert fitting(labels, there)([1]).device.type == "meta"
    apart = nn.Sequential(nn.Linear(6, 2, device="meta"), nn.Linear(2, 2))
    assert fitting(LATENTS, apart) is LATENTS


def test_what_are_no_latents_or_no_model_is_refused():
    with pytest.raises(LatentsError, match=r"no latents\.\n  got: 64"):
        fitting(64, generator())
    with pytest.raises(RefusedModelError, match="PyTorch module"):
        fitting(LATENTS, len)


def test_layers_and_the_dry_run_take_them(model):
    assert gw.layers(model, LATENTS).names == gw.layers(generator(), LATENTS).names
    dry_run(model, ["3", "5"], LATENTS)


def test_latents_of_another_size_are_refused_with_what_the_model_was_given(dtype, model):
    for ask in (gw.layers, gw.attach):
        with pytest.raises(LatentsError, match="The model fails on these latents") as caught:
            ask(model, normal(7))
        text = str(caught.value)
        assert f"got: (2, 7) {dtype} on cpu" in text
        assert all(part in text for part in ("\n  allowed: ", "\n  next: "))


@pytest.mark.parametrize("layer", ["1", "3", "5"])
def test_a_split_is_that_of_latents_cast_by_hand(dtype, model, layer):
    by_hand = LATENTS.to(dtype=dtype)
    parts, expected = split(model, layer, LATENTS), split(model, layer, by_hand)
    assert repr(parts) == repr(expected)
    assert parts.error == 0
    one, other = (each.prefix(by_hand(SEEDS)) for each in (parts, expected))
    assert one.activation.equal(other.activation)
    assert parts.suffix(one).equal(model(by_hand(SEEDS)))


def test_measured_values_are_those_of_latents_cast_by_hand(dtype, model):
    one, other = Reference(model, LATENTS), Reference(model, LATENTS.to(dtype=dtype))
    assert one.mean("3").equal(other.mean("3"))
    assert one.mean("3").dtype == dtype
    assert one.resample("3", [2, 0], SEEDS).equal(other.resample("3", [2, 0], SEEDS))


def test_edits_give_what_they_give_for_latents_cast_by_hand(dtype, model):
    by_hand = LATENTS.to(dtype=dtype)
    shown = images(model, EDITS, by_hand(SEEDS), latents=LATENTS)
    assert shown.equal(images(model, EDITS, by_hand(SEEDS), latents=by_hand))
    assert not shown.equal(images(model, [], by_hand(SEEDS)))


def test_a_controller_shows_what_it_shows_for_latents_cast_by_hand(dtype, model):
    by_hand = LATENTS.to(dtype=dtype)
    with gw.attach(model, LATENTS, samples=3) as one, gw.attach(deepcopy(model), by_hand, samples=3) as other:
        assert one.latents == other.latents == by_hand
        assert f"dtype {str(dtype).removeprefix('torch.')}" in repr(one)
        for edits in ([], EDITS):
            one.edits = other.edits = edits
            for name in ("images", "baseline", "activations"):
                assert getattr(one, name).equal(getattr(other, name))
        assert one.activations.dtype == dtype
        assert one.recipe() == other.recipe()
        segmenter = gw.concepts.from_function(lambda x: x > 0, ["lit"])
        one.dissect(segmenter, images=16, progress=False)
        assert one.found.provenance["latents"]["dtype"] == one.recipe().latents["dtype"]
        assert len(one.examples.of(one.found, units=[0], count=2)) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_on_a_gpu_takes_latents_of_the_cpu(dtype, model):
    there = model.cuda()
    drawn = fitting(LATENTS, there)(SEEDS)
    assert (drawn.device, drawn.dtype) == (next(there.parameters()).device, dtype)
    with gw.attach(there, LATENTS, samples=3) as lab:
        lab.edits = EDITS
        assert lab.images.isfinite().all()
