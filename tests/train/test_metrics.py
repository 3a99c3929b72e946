import json
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.errors import ImageError
from gan_widgets.core.latents import normal
from gan_widgets.train import data, metrics
from gan_widgets.train.features import of_reals, of_samples
from gan_widgets.train.measured import Difference, Distance
from gan_widgets.train.pretrained import digit_classifier
from tests.train.small import random_states, small_pair


class Blurred(nn.Module):
    """A generator whose samples are those of another one, blurred."""

    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def forward(self, z):
        return nn.functional.avg_pool2d(self.generator(z), 3, 1, 1)


@pytest.fixture(scope="module")
def shipped():
    G, _, latents = gw.pretrained("dcgan-mnist")
    return G, latents


@pytest.fixture(scope="module")
def digits(mnist_folder):
    return data.load("mnist", mnist_folder)


def rows(seed, n, width=4):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, width)))


def test_features_are_those_of_the_last_layer_but_one_of_the_shipped_classifier():
    images = torch.rand(300, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    net = digit_classifier()
    found = metrics.features(images)
    assert found.shape == (300, net.head.in_features)
    assert not found.requires_grad
    assert torch.allclose(net.head(found), net(images), atol=1e-5)
    assert metrics.features(images.flatten(1)).equal(found)


@pytest.mark.parametrize("shape", [(3, 1, 8, 8), (3, 3, 28, 28), (3, 64)])
def test_features_of_other_images_are_refused_with_what_to_do(shape):
    with pytest.raises(ImageError, match=r"[Rr]esize"):
        metrics.features(torch.zeros(shape))


def test_samples_and_real_images_are_a_function_of_the_seed(shipped, digits):
    G, latents = shipped
    assert of_samples(G, latents, n=30, seed=1).equal(of_samples(G, latents, n=30, seed=1))
    assert not of_samples(G, latents, n=30, seed=1).equal(of_samples(G, latents, n=30, seed=2))
    assert of_reals(digits, n=30, seed=1).equal(of_reals(digits, n=30, seed=1))
    assert not of_reals(digits, n=30, seed=1).equal(of_reals(digits, n=30, seed=2))


def test_samples_of_a_generator_in_half_precision_are_those_of_latents_cast_by_hand(shipped):
    G, latents = shipped
    half = deepcopy(G).half()
    found = of_samples(half, latents, n=30, seed=1)
    assert found.equal(of_samples(half, latents.to(dtype=torch.float16), n=30, seed=1))
    assert found.dtype == torch.float32
    assert (found - of_samples(G, latents, n=30, seed=1)).abs().max() < 0.1


def test_no_real_image_is_drawn_twice(few):
    found = of_reals(few, n=100, seed=0)
    assert len(found) == len(few)
    assert len(found.unique(dim=0)) == len(metrics.features(few.scaled()).unique(dim=0))


def test_measuring_leaves_the_generator_and_the_random_states_as_they_were():
    G, _ = small_pair()
    before = {name: tensor.clone() for name, tensor in G.state_dict().items()}
    states = random_states()
    of_samples(G, normal(5), n=20, seed=0)
    assert G.training
    assert all(tensor.equal(before[name]) for name, tensor in G.state_dict().items())
    assert random_states() == states


def test_a_better_generator_is_nearer_and_the_difference_says_so(shipped, digits):
    G, latents = shipped
    near = metrics.distance(G, latents, digits, n=200, blocks=10)
    far = metrics.distance(Blurred(G), latents, digits, n=200, blocks=10)
    assert near.frechet_ci[1] < far.frechet_ci[0]
    apart = metrics.difference(G, Blurred(G), latents, digits, n=200, blocks=10)
    assert (apart.first, apart.second) == (near, far)
    assert apart.frechet == pytest.approx(near.frechet - far.frechet)
    assert apart.kid == pytest.approx(near.kid - far.kid)
    assert apart.verdict == "the first is nearer"
    assert (
        metrics.difference(Blurred(G), G, latents, digits, n=200, blocks=10).verdict == "the second is nearer"
    )


def test_a_generator_does_not_differ_from_itself(shipped, digits):
    G, latents = shipped
    apart = metrics.difference(G, G, latents, digits, n=200, blocks=10)
    assert (apart.frechet, apart.frechet_ci, apart.kid, apart.kid_ci) == (0, (0, 0), 0, (0, 0))
    assert apart.verdict == "no difference shown"


def test_an_interval_of_a_difference_is_narrower_because_the_shared_part_cancels():
    shared = rows(0, 400)
    apart = metrics.estimate_difference(shared + 1, shared + 1.1, rows(1, 400), blocks=20)
    own = [np.ptp(one.frechet_ci) for one in (apart.first, apart.second)]
    assert np.ptp(apart.frechet_ci) < 0.3 * min(own)
    assert apart.verdict == "the first is nearer"


def test_intervals_of_a_difference_hold_the_truth():
    held = []
    for k in range(60):
        shared, real = rows(2 * k, 200), rows(2 * k + 1, 200)
        mixed = shared * torch.tensor(
            [1.0, -1.0, 1.0, 1.0]
        )  # as far from the real ones as those it comes from
        apart = metrics.estimate_difference(shared + 0.5, mixed + 0.5, real, blocks=15)
        held.append(apart.frechet_ci[0] <= 0 <= apart.frechet_ci[1])
    assert np.mean(held) >= 0.9


def test_the_order_of_the_samples_hardly_matters_because_blocks_are_drawn():
    x, y = rows(0, 500), rows(1, 500) + 0.5
    ordered, drawn = metrics.estimate(x[x[:, 0].argsort()], y), metrics.estimate(x, y)
    assert ordered.frechet == pytest.approx(drawn.frechet, rel=0.05)
    assert np.ptp(ordered.frechet_ci) == pytest.approx(np.ptp(drawn.frechet_ci), rel=0.3)


def test_a_higher_confidence_gives_a_wider_interval_about_the_same_estimate():
    one, more = (metrics.estimate(rows(0, 90), rows(1, 90), confidence=c) for c in (0.8, 0.99))
    assert one.frechet == more.frechet
    assert more.frechet_ci[0] < one.frechet_ci[0] < one.frechet < one.frechet_ci[1] < more.frechet_ci[1]
    assert "intervals of 99 %" in repr(more)


def test_a_generator_that_gives_nan_is_refused(digits):
    broken = nn.Linear(5, 784)
    with torch.no_grad():
        broken.bias[300] = torch.nan
    with pytest.raises(metrics.DistanceError, match="200 of 200 rows with NaN"):
        metrics.distance(broken, normal(5), digits, n=200)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": -5}, {"n": 90.0}, {"seed": -1}, {"seed": 1.5}])
def test_counts_and_seeds_that_draw_nothing_are_refused(shipped, few, wrong):
    G, latents = shipped
    (name, value), *_ = wrong.items()
    for measured in (metrics.distance, lambda G, *given, **w: metrics.difference(G, G, *given, **w)):
        with pytest.raises(metrics.DistanceError, match=rf"(?s)got: {name}={value}\n.*allowed: .*next: "):
            measured(G, latents, few, **wrong)


@pytest.mark.parametrize("n", [1, 87])
def test_too_few_samples_are_refused_with_how_many_it_takes(shipped, digits, n):
    G, latents = shipped
    with pytest.raises(
        metrics.DistanceError, match=f"got: {n} samples of 84 features\n  allowed: 88 or more"
    ):
        metrics.distance(G, latents, digits, n=n)
    assert metrics.distance(G, latents, digits, n=88).n == 88


@pytest.mark.parametrize("wrong", [{"blocks": 1}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_blocks_and_confidence_must_make_an_interval(wrong):
    with pytest.raises(metrics.DistanceError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
        metrics.estimate(rows(0, 90), rows(1, 90), **wrong)


def test_a_difference_needs_as_many_samples_of_both():
    with pytest.raises(metrics.DistanceError, match="90 and 91 samples"):
        metrics.estimate_difference(rows(0, 90), rows(1, 91), rows(2, 90))


def test_facts_are_json_values():
    one = Distance(1 / 3, (0.0, 1.0), 0.5, (0.25, 0.75), 100, 90, plain=2.0)
    said = json.loads(json.dumps(Difference(-0.5, (-1.0, 0.0), 0.0, (0.0, 0.0), one, one).facts()))
    assert said["first"] == {
        "frechet": 0.333333,
        "frechet_ci": [0.0, 1.0],
        "kid": 0.5,
        "kid_ci": [0.25, 0.75],
        "n": 100,
        "reals": 90,
        "plain": 2.0,
        "confidence": 0.95,
    }
    assert said["frechet_ci"] == [-1.0, 0.0]


def test_the_public_name_holds_everything_there_is_to_measure():
    assert gw.metrics is metrics
    assert all(hasattr(gw.metrics, name) for name in metrics.__all__)
    assert gw.metrics.quality is gw.train.quality.quality
