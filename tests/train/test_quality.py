from concurrent.futures import ThreadPoolExecutor, wait
from math import log2

import pytest
import torch
from torch import nn

from gan_widgets.core.errors import ImageError
from gan_widgets.core.latents import from_function, normal
from gan_widgets.core.locks import lock_of
from gan_widgets.train import nets
from gan_widgets.train.features import DistanceError
from gan_widgets.train.quality import Quality, quality


class Says(nn.Module):
    """A judge that reads the first ten pixels of an image as its logits."""

    def forward(self, images):
        return images.flatten(1)[:, :10]


class Echo(nn.Module):
    """A generator that puts z into its first pixels: (n, 10) → (n, 1, 28, 28)."""

    def forward(self, z):
        return nn.functional.pad(z, (0, 774)).view(-1, 1, 28, 28)


def sure(seed):
    """Even seeds are surely the digit seed mod 10; odd ones are divided between it and its neighbour."""
    z = torch.full((10,), -50.0)
    z[seed % 10] = 0.0
    if seed % 2:
        z[seed % 10 - 1] = -0.1
    return z


def test_shares_and_histogram_are_counted_over_all_samples():
    found = quality(Echo(), from_function(sure), n=600, classifier=Says())
    assert found.n == 600
    assert found.confident == 0.5
    assert found.histogram == (60,) * 10
    assert found.entropy == pytest.approx(log2(10))


def test_seeds_start_where_they_are_told_to():
    assert quality(Echo(), from_function(sure), n=1, first_seed=4, classifier=Says()).histogram[4] == 1


def test_one_digit_alone_has_no_entropy():
    assert Quality(8, 1.0, (0, 8, 0, 0, 0, 0, 0, 0, 0, 0)).entropy == 0.0


def test_flat_images_are_judged_too():
    class Flat(Echo):
        def forward(self, z):
            return super().forward(z).flatten(1)

    assert quality(Flat(), from_function(sure), n=10, classifier=Says()).histogram == (1,) * 10


def test_the_generator_is_left_as_it_was():
    G, _ = nets.dcgan(seed=0)
    before = {name: tensor.clone() for name, tensor in G.state_dict().items()}
    random_state = torch.get_rng_state()
    quality(G, normal(64), n=7, classifier=Says())
    assert G.training
    assert all(tensor.equal(before[name]) for name, tensor in G.state_dict().items())
    assert torch.get_rng_state().equal(random_state)


def test_a_generator_in_half_precision_takes_the_same_latents():
    G, _ = nets.dcgan(seed=0)
    by_hand = normal(64).to(dtype=torch.bfloat16)
    G.bfloat16()
    assert quality(G, normal(64), n=20) == quality(G, by_hand, n=20)


class Never(nn.Module):
    """A generator that must not be run."""

    def forward(self, z):
        raise AssertionError


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"n": -1}, {"n": 2.0}, {"n": "4"}, {"first_seed": -1}, {"first_seed": 0.5}]
)
def test_counts_and_seeds_that_draw_nothing_are_refused_before_anything_is_run(wrong):
    (name, value), *_ = wrong.items()
    with pytest.raises(DistanceError, match=rf"(?s)got: {name}={value!r}\n.*allowed: .*next: "):
        quality(Never(), from_function(sure), **wrong)


class Bad(Echo):
    """A generator whose sample of seed 300 has one wrong pixel, which the judge of these tests never sees."""

    def __init__(self, pixel):
        super().__init__()
        self.pixel = pixel

    def forward(self, z):
        images = super().forward(z)
        images[z[:, 0] == -3.0, 0, 20, 20] = self.pixel
        return images


def at_300(seed):
    return torch.full((10,), -3.0) if seed == 300 else sure(seed)


@pytest.mark.parametrize("pixel", [torch.nan, torch.inf])
def test_samples_that_are_not_finite_are_no_digits(pixel):
    with pytest.raises(DistanceError, match=r"1 of 250 samples with NaN or beyond, first of seed 300"):
        quality(Bad(pixel), from_function(at_300), n=600, classifier=Says())
    assert quality(Bad(pixel), from_function(at_300), n=300, classifier=Says()).n == 300


def test_samples_so_large_that_the_classifier_overflows_are_no_digits_either():
    class Large(Echo):
        def forward(self, z):
            return super().forward(z) * 0 + 3e38 * torch.linspace(-1, 1, 784).view(28, 28)

    with pytest.raises(DistanceError, match="5 of 5 samples with NaN or beyond, first of seed 7"):
        quality(Large(), from_function(sure), n=5, first_seed=7)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (64,)])
def test_images_of_another_shape_are_refused_with_what_to_do(shape):
    class Other(nn.Module):
        def forward(self, z):
            return torch.zeros(len(z), *shape)

    with pytest.raises(ImageError, match=r"(?s)judged as grey images of 28×28.*got: .*allowed: .*next: "):
        quality(Other(), from_function(sure), n=3)


def test_judging_waits_for_a_step_that_trains_the_generator():
    G = Echo()
    with ThreadPoolExecutor(1) as beside:
        with lock_of(G):
            judging = beside.submit(quality, nn.DataParallel(G), from_function(sure), n=4, classifier=Says())
            assert not wait([judging], 0.1).done
            assert G.training
        assert judging.result(60).n == 4


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [(0.5, 100, 0.4038, 0.5962), (0.0, 20, 0.0, 0.1611), (1.0, 20, 0.8389, 1.0)],
)
def test_the_interval_of_a_share_is_wilsons(share, n, low, high):
    found = Quality(n, share, (n,) + (0,) * 9).interval()
    assert found == pytest.approx((low, high), abs=1e-4)


def test_facts_are_json_values():
    facts = Quality(3, 2 / 3, (1, 2, 0, 0, 0, 0, 0, 0, 0, 0)).facts()
    assert facts == {
        "n": 3,
        "confident": 0.6667,
        "histogram": [1, 2, 0, 0, 0, 0, 0, 0, 0, 0],
        "level": 0.9,
        "entropy_bits": 0.9183,
    }
