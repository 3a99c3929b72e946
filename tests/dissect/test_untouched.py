"""Any model can be dissected and is left as it was; with noise it gives the same each time."""

import contextlib
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.edits import Ablate
from gan_widgets.core.errors import DissectionError
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import normal
from gan_widgets.core.locks import lock_of
from gan_widgets.dissect.concepts import from_function
from gan_widgets.dissect.run import dissect
from tests.core import nets
from tests.generators import generator

SEGMENTER = from_function(
    lambda images: torch.cat([images[:, :1] > 0, images[:, :1] < -0.1], 1), ["lit", "dark"]
)


def run(model, layer, latents=None, segmenter=SEGMENTER, **keywords):
    keywords = {"images": 64, "share": 0.1, "progress": False, **keywords}
    return dissect(model, layer, latents=latents or normal(6), segmenter=segmenter, **keywords)


class Grey(nn.Module):
    """Give images of one channel of whatever the model gives."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, *inputs, **named):
        output = self.model(*inputs, **named)
        return output if output.ndim == 2 else output.flatten(2).mean(1).reshape(len(output), 1, 1, -1)


@pytest.mark.parametrize("kind", nets.KINDS)
def test_every_kind_of_model_is_dissected_and_left_as_it_was(kind, assert_unchanged):
    inner, latents, layer = nets.make(kind)
    if kind == "DataParallel":
        inner = inner.module
    model = Grey(inner).eval()
    same = assert_unchanged(model)
    dimensions = {"one dimension": 1, "three dimensions": 3}.get(kind)
    refused = pytest.raises(DissectionError, match="no maps in two dimensions")
    with refused if dimensions else contextlib.nullcontext():
        found = run(model, f"model.{layer}", latents)
        assert found.complete
        assert found.units == (2 if kind == "second call" else 6)
        assert found.states.count("ok") > 0
    same()


@pytest.mark.parametrize("mode", ["eval", "train", "asis"])
@pytest.mark.parametrize("stop", ["cancel", "interrupt", "error"])
def test_a_run_that_is_cut_short_leaves_the_model_as_it_was(mode, stop, assert_unchanged):
    model = generator().train()
    same = assert_unchanged(model)
    calls = []

    def segment(images):
        calls.append(len(images))
        if len(calls) == 3 and stop != "cancel":
            raise KeyboardInterrupt if stop == "interrupt" else ValueError("no")
        return images > 0

    segmenter = from_function(segment, ["lit"])
    failing = pytest.raises(DissectionError) if stop == "error" else contextlib.nullcontext()
    with failing:
        run(
            model,
            "3",
            segmenter=segmenter,
            mode=mode,
            batch=8,
            cancel=lambda: stop == "cancel" and len(calls) > 2,
        )
    same()


def test_a_segmenter_that_draws_random_numbers_leaves_the_streams_as_they_were(assert_unchanged):
    model = generator()
    same = assert_unchanged(model)
    run(model, "3", segmenter=from_function(lambda images: torch.rand_like(images) > 0.5, ["noise"]))
    same()


def test_edits_and_captures_around_the_call_do_not_count():
    model = generator()
    plain = run(model, "3")
    with intervene(model, [Ablate("3", units=[0, 1])]):
        assert run(model, "3") == plain


class Noisy(nn.Module):
    """A generator that adds noise of its own."""

    def __init__(self):
        super().__init__()
        self.inner = generator()

    def forward(self, z):
        return self.inner(z + 0.3 * torch.randn_like(z))


class Centred(Noisy):
    """A generator that looks at the mean of its batch."""

    def forward(self, z):
        return self.inner(z - z.mean(0))


class Streaming(Noisy):
    """A generator that adds noise from a stream of its own."""

    def __init__(self):
        super().__init__()
        self.stream = torch.Generator()

    def forward(self, z):
        return self.inner(z + 0.01 * torch.randn(z.shape, generator=self.stream))


def without_statistics():
    model = generator()
    model[2] = nn.BatchNorm2d(8, track_running_stats=False)
    return model.eval()


@pytest.mark.parametrize(
    ("model", "mode", "layer"),
    [
        (generator(), "train", "3"),
        (Noisy(), "eval", "inner.3"),
        (Centred(), "eval", "inner.3"),
        (Streaming(), "eval", "inner.3"),
        (without_statistics(), "eval", "3"),
    ],
)
def test_images_that_depend_on_their_batch_are_the_same_each_time(model, mode, layer):
    torch.manual_seed(1)
    whole = run(model, layer, mode=mode, batch=8, images=100)
    torch.manual_seed(2)
    assert run(model, layer, mode=mode, batch=8, images=100) == whole
    asked = iter([False] * 6)
    partial = run(model, layer, mode=mode, batch=8, images=100, cancel=lambda: next(asked, True))
    assert run(model, layer, mode=mode, batch=8, images=100, resume=partial) == whole
    thirds = [run(model, layer, mode=mode, batch=8, images=100, part=(k, 3)) for k in range(3)]
    assert thirds[1].merge(thirds[0]).merge(thirds[2]) == whole
    assert whole.provenance["batch"] == 8
    assert run(model, layer, mode=mode, batch=16, images=100) != whole
    with pytest.raises(DissectionError, match=r"cannot be cut into groups of four(.|\n)*got: batch=6"):
        run(model, layer, mode=mode, batch=6)
    assert run(model, layer, mode=mode, batch=6, null=None).complete


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_batch_is_no_part_of_the_result_where_images_stand_by_themselves(dtype):
    assert run(generator().to(dtype), "3", batch=8).provenance["batch"] is None


def test_where_there_is_room_for_one_image_only_it_has_no_others_beside_it():
    model = generator()
    model.register_forward_pre_hook(
        lambda _, z: (_ for _ in ()).throw(MemoryError) if len(z[0]) > 1 else None
    )
    found = run(model, "3", batch=2)
    assert found.complete
    assert found.provenance["batch"] is None


def test_a_batch_that_is_part_of_the_result_is_not_halved():
    model = generator()
    model.register_forward_pre_hook(
        lambda _, z: (_ for _ in ()).throw(MemoryError) if len(z[0]) > 4 else None
    )
    with pytest.raises(DissectionError, match=r"got: batch=8: MemoryError(.|\n)*next: Pass a smaller batch="):
        run(model, "3", mode="train", batch=8)
    assert run(model, "3", mode="train", batch=4).complete


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_dtypes_are_read_as_float32_and_latents_follow_the_weights(dtype):
    plain = run(generator(), "3", images=400)
    found = run(generator().to(dtype), "3", images=400)
    assert found.levels.dtype == np.float32
    assert found.provenance["latents"]["dtype"] == str(dtype).removeprefix("torch.")
    close = {torch.float16: 1e-3, torch.bfloat16: 2e-2, torch.float64: 1e-5}[dtype]
    assert found.states == plain.states
    np.testing.assert_allclose(found.iou, plain.iou, rtol=0, atol=close)
    assert np.nanmax(plain.iou) > 0.05


@pytest.fixture(scope="module")
def shipped():
    """The generator in single and in half precision, its rectified layers, and how they are dissected."""
    G, _, latents = gw.pretrained("dcgan-mnist")
    rectified = [info.name for info in gw.layers(G, latents) if info.kind == "ReLU"]
    keywords = {"latents": latents, "segmenter": gw.concepts.strokes(), "null": None, "progress": False}
    return (G, deepcopy(G).half()), rectified, keywords


# in fewer images a hole or a junction that only one of both precisions draws weighs more
def test_a_generator_in_half_precision_has_the_units_of_the_one_in_single_precision(shipped):
    models, layers, keywords = shipped
    assert layers == ["net.3", "net.6", "net.9"]
    plain, found = (dissect(model, layers, images=1000, **keywords) for model in models)
    for layer in layers:
        assert plain[layer].states == found[layer].states == ("ok",) * plain[layer].units
        np.testing.assert_allclose(found[layer].iou, plain[layer].iou, rtol=0, atol=1e-3)


def test_at_each_level_of_iqr_half_precision_has_the_iou_of_single_precision(shipped):
    models, layers, keywords = shipped
    known = dissect(models[0], layers, threshold="iqr", images=400, **keywords)
    plain, found = (
        dissect(model, layers, threshold=known, start=1000, images=1000, **keywords) for model in models
    )
    for layer in layers:
        one, other = plain[layer], found[layer]
        assert one.states == other.states == ("ok",) * one.units
        assert one.levels.shape == (one.units, 64)
        np.testing.assert_array_equal(one.levels, other.levels)
        for k in range(64):
            np.testing.assert_allclose(other.iou_at(k), one.iou_at(k), rtol=0, atol=1e-3)


def test_the_lock_of_the_model_is_free_between_batches():
    model = generator()
    held = []

    def segment(images):
        held.append(lock_of(model)._is_owned())
        return images > 0

    run(model, "3", segmenter=from_function(segment, ["lit"]))
    assert held
    assert not any(held)
