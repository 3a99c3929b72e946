"""Seeds name latents: one stream, whatever surrounds it."""

import json
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_widgets.core.errors import LatentsError
from gan_widgets.core.latents import Latents, as_latents, from_function, normal, uniform


def test_the_stream_of_normal_latents_is_pinned():
    pinned = [
        [1.764052391052246, 0.40015721321105957, 0.978738009929657],
        [1.6243454217910767, -0.6117563843727112, -0.5281717777252197],
    ]
    assert normal(3)([0, 1]).tolist() == pinned


def test_the_stream_of_uniform_latents_is_pinned():
    pinned = [
        [0.09762700647115707, 0.4303787350654602, 0.20552675426006317],
        [-0.16595599055290222, 0.44064897298812866, -0.999771237373352],
    ]
    assert uniform(3)([0, 1]).tolist() == pinned


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6))
def test_a_seed_gives_its_latent_whatever_the_batch_and_order(seeds):
    for latents in (normal((3, 1, 2)), uniform(5, low=-2, high=0.5)):
        batch = latents(seeds)
        assert batch.shape == (len(seeds), *latents.shape)
        alone = torch.cat([latents([seed]) for seed in seeds])
        assert torch.equal(batch, alone)
        assert torch.equal(batch.flip(0), latents(seeds[::-1]))


def test_every_dtype_starts_from_the_same_float32_numbers():
    z = normal(7)
    assert torch.equal(z.to(dtype=torch.float64)([5]), z([5]).double())
    assert torch.equal(z.to(dtype=torch.float16)([5]), z([5]).half())
    there_and_back = z.to(dtype=torch.float16).to(dtype=torch.float32)
    assert torch.equal(there_and_back([5]), z([5]))


def test_another_device_is_asked_for_after_the_draw():
    far = normal((2, 3)).to("meta")
    assert far([1]).device.type == "meta"
    assert torch.equal(far.to("cpu")([1]), normal((2, 3))([1]))


def test_uniform_stays_between_its_ends():
    drawn = uniform((40, 30), low=0.25, high=0.5)(range(10))
    assert drawn.min() >= 0.25
    assert drawn.max() <= 0.5
    assert abs(float(drawn.mean()) - 0.375) < 0.003


def test_drawing_leaves_every_global_random_state_alone():
    states = torch.get_rng_state(), str(np.random.get_state()), random.getstate()  # noqa: NPY002

    def seeded(seed):
        torch.manual_seed(seed)
        return torch.randn(3)

    normal(3)(range(4))
    from_function(seeded)(range(4))
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == str(np.random.get_state())  # noqa: NPY002
    assert states[2] == random.getstate()


@pytest.mark.parametrize(
    "seeds", [[], 3, [1.5], [-1], [2**32], [True], ["7"], None, torch.tensor([0.5]), [0, np.bool_(1)]]
)
def test_what_is_no_seed_is_refused_with_four_parts(seeds):
    with pytest.raises(LatentsError, match=r"whole numbers\.\n  got: .*\n  allowed: .*\n  next: .*"):
        normal(3)(seeds)


def test_seeds_of_any_integer_type_name_the_same_latent():
    expected = normal(3)([2, 3])
    for seeds in (range(2, 4), np.arange(2, 4), torch.tensor([2, 3]), (s for s in (2, 3)), (np.uint32(2), 3)):
        assert torch.equal(normal(3)(seeds), expected)


@pytest.mark.parametrize("shape", [0, -4, (), (3, 0), 2.5, "64", None])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(LatentsError, match="one or more positive sizes"):
        normal(shape)


NO_ENDS = [(0, "a"), (None, 1), (0, [1, 2]), (0, 10**400), (torch.zeros(2), 1)]


@pytest.mark.parametrize("ends", [(1, 1), (2, -2), (float("nan"), 1), (0, float("inf")), *NO_ENDS])
def test_a_uniform_prior_without_an_inside_is_refused(ends):
    with pytest.raises(LatentsError, match="two finite ends"):
        uniform(3, *ends)


@pytest.mark.parametrize("dtype", [torch.int64, "float32", int, np.float32])
def test_what_is_no_floating_dtype_is_refused(dtype):
    with pytest.raises(LatentsError, match="floating dtype") as raised:
        normal(3).to(dtype=dtype)
    assert f"got: {dtype!r}\n" in str(raised.value)


def test_sample_wants_one_seed_per_sample():
    assert torch.equal(normal(3).sample(2, [4, 5]), normal(3)([4, 5]))
    with pytest.raises(LatentsError, match="n=3 with 2 seeds"):
        normal(3).sample(3, [4, 5])


def test_a_description_is_json_and_gives_equal_latents():
    import json

    for latents in (normal((3, 2)), uniform(5, -2, 1).to(dtype=torch.float16), normal(4).to("meta")):
        again = Latents.from_description(json.loads(json.dumps(latents.describe())))
        assert again == latents
        assert repr(again) == repr(latents)


@pytest.mark.parametrize("broken", [{}, {"prior": "cauchy", "shape": [3]}, {"prior": "normal", "shape": "x"}])
def test_a_broken_description_is_refused(broken):
    with pytest.raises(LatentsError, match="next: "):
        Latents.from_description(broken)


def test_a_custom_prior_is_only_named_by_its_description():
    latents = from_function(lambda seed: torch.full((3,), float(seed)), name="levels")
    assert latents.describe()["name"] == "levels"
    with pytest.raises(LatentsError, match=r"custom\('levels'\)[^$]*latents="):
        Latents.from_description(latents.describe())


def test_a_description_tells_custom_priors_of_one_name_apart():
    def said(f):
        return from_function(f).describe()

    pair = said(lambda seed: (torch.arange(3.0), torch.tensor(seed)))
    assert pair == said(lambda seed: (torch.arange(3.0), torch.tensor(seed)))
    assert pair == said(lambda seed: (torch.arange(3.0) * (1 + 1e-7), torch.tensor(seed)))  # it is rounded
    assert pair != said(lambda seed: (torch.arange(3.0), torch.tensor(seed + 1)))
    assert pair != said(lambda seed: (torch.arange(3.0) * 1.01, torch.tensor(seed)))
    assert json.loads(json.dumps(pair)) == pair


class Conditional:
    """z and a label that the seed decides, as a label-conditional generator wants them."""

    def sample(self, n, seeds):
        labels = torch.tensor([seed % 10 for seed in seeds])
        return {"z": normal(6)(seeds), "label": labels}


def test_an_adapter_gives_every_input_of_a_conditional_generator():
    latents = as_latents(Conditional())
    assert (latents.prior, latents.shape) == ("custom", (6,))
    drawn = latents.to(dtype=torch.float64)([13, 24])
    assert drawn["z"].dtype == torch.float64
    assert drawn["label"].tolist() == [3, 4]
    assert repr(latents) == "from_function(Conditional)"


def test_latents_are_taken_as_they_are_and_functions_are_stacked():
    z = normal(3)
    assert as_latents(z) is z
    pair = as_latents(lambda seed: (z([seed])[0], torch.tensor(seed)))
    first, second = pair([8, 9])
    assert first.shape == (2, 3)
    assert second.tolist() == [8, 9]


def test_a_sampler_that_looks_at_its_batch_is_refused():
    class Centred:
        def sample(self, n, seeds):
            z = normal(4)(seeds)
            return z - z.mean(0)

    with pytest.raises(LatentsError, match=r"whatever the batch[^$]*Centred"):
        as_latents(Centred())


def test_a_function_without_a_seeded_stream_is_refused():
    with pytest.raises(LatentsError, match="manual_seed"):
        from_function(lambda seed: torch.randn(4))


NO_TENSORS = [3.0, (), {"z": [1.0]}, np.zeros(3), [0.0, 1.0]]


@pytest.mark.parametrize("sample", NO_TENSORS, ids=repr)
def test_a_function_that_gives_no_tensors_is_refused_in_one_message(sample):
    with pytest.raises(LatentsError, match=r"^latents are tensors\.\n  got: ") as raised:
        from_function(lambda seed: sample)
    assert str(raised.value).count("got: ") == 1


def test_samples_of_different_shapes_are_refused():
    with pytest.raises(LatentsError, match="must have one shape"):
        from_function(lambda seed: torch.zeros(seed + 1))


def test_what_cannot_be_latents_is_refused():
    with pytest.raises(LatentsError, match=r"no latents\.\n  got: 64"):
        as_latents(64)


def test_a_function_that_seeds_every_global_stream_moves_none_of_them():
    def draw(seed):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        return torch.tensor([random.random(), np.random.rand(), float(torch.rand(()))])  # noqa: NPY002

    streams = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    latents = from_function(draw)
    assert latents([5, 2]).equal(latents([2, 5]).flip(0))
    assert random.getstate() == streams[0]
    assert np.random.get_state()[1].tolist() == streams[1]  # noqa: NPY002
    assert torch.get_rng_state().equal(streams[2])


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (torch.distributions.Normal(torch.zeros(3), 1.0), "got: Normal: TypeError: "),
        (lambda z: z.shape, "got: <lambda>: AttributeError: "),
    ],
)
def test_latents_that_cannot_be_drawn_are_refused_with_the_reason(given, got):
    with pytest.raises(LatentsError, match="drawing latents for the seeds 0, 1 and 2 failed") as caught:
        as_latents(given)
    assert got in str(caught.value)
    assert all(part in str(caught.value) for part in ("\n  got: ", "\n  allowed: ", "\n  next: "))
    assert caught.value.__cause__ is not None
