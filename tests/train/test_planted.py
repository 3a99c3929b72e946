"""The planted generator is what it says: its truth against slow loops that know only the definitions."""

import numpy as np
import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError

SEEDS = range(40)
SIZE = (40, 80)


@pytest.fixture(scope="module")
def G():
    return gw.nets.planted_generator()


@pytest.fixture(scope="module")
def masks(G):
    return G.segmenter(G(G.latents(SEEDS))).numpy()


def maps_of(G, layer):
    with gw.capture(G, [layer]) as acts:
        G(G.latents(SEEDS))
    return acts[layer].double().numpy()


def level(values, share):
    """Midway between the k-th and the (k+1)-th largest value."""
    ordered, k = np.sort(values, axis=None)[::-1], round(share * values.size)
    return (ordered[k - 1] + ordered[k]) / 2


def upsampled(maps, size):
    """Bilinear, `align_corners=False`, from its definition: (n, h, w) → (n, H, W)."""
    for axis, length in ((1, size[0]), (2, size[1])):
        short = maps.shape[axis]
        place = np.clip((np.arange(length) + 0.5) * short / length - 0.5, 0, short - 1)
        low = np.floor(place).astype(int)
        high, part = np.minimum(low + 1, short - 1), place - low
        part = part.reshape([-1 if k == axis else 1 for k in range(3)])
        maps = np.take(maps, low, axis) * (1 - part) + np.take(maps, high, axis) * part
    return maps


@pytest.mark.parametrize("layer", ["cells", "lit"])
def test_every_unit_has_the_level_and_the_overlap_that_were_planted(G, masks, layer):
    maps = maps_of(G, layer)
    assert maps.shape[1] == len(G.truth[layer])
    assert [truth.unit for truth in G.truth[layer]] == list(range(maps.shape[1]))
    for truth in G.truth[layer]:
        unit = maps[:, truth.unit]
        t = level(unit, 0.01)
        assert t == truth.level
        region = upsampled(unit, SIZE) > t
        for k, concept in enumerate(G.segmenter.names):
            union = (region | masks[:, k]).sum()
            iou = (region & masks[:, k]).sum() / union
            if concept == truth.concept:
                assert iou == pytest.approx(truth.iou, abs=1e-12), truth
            elif truth.concept:
                assert iou == 0, (truth, concept)
            else:
                assert iou < 0.05, (truth, concept)


def test_overlaps_of_one_are_exact(G):
    assert [truth.plants for truth in G.truth["lit"] if truth.iou == 1] == [
        "disc", "bar", "frame", "frame once more", "tee", "shadow of the tee",
    ]  # fmt: skip


@pytest.mark.parametrize("layer", ["cells", "lit"])
def test_ablating_a_unit_takes_away_what_its_truth_says_and_nothing_else(G, masks, layer):
    before = masks.sum((0, 2, 3))
    for truth in G.truth[layer]:
        with gw.intervene(G, [gw.Ablate(layer, units=[truth.unit])]):
            after = G.segmenter(G(G.latents(SEEDS))).sum((0, 2, 3)).numpy()
        gone = dict(zip(G.segmenter.names, 1 - after / before, strict=True))
        expected = dict.fromkeys(G.segmenter.names, 0.0)
        if truth.concept:
            expected[truth.concept] = truth.effect
        assert gone == expected, truth


def test_the_frame_goes_only_when_both_of_its_units_are_ablated(G, masks):
    with gw.intervene(G, [gw.Ablate("lit", units=[2, 3])]):
        after = G.segmenter(G(G.latents(SEEDS))).sum((0, 2, 3)).tolist()
    before = masks.sum((0, 2, 3)).tolist()
    assert after[2] == 0
    assert [after[k] for k in (0, 1, 3, 4, 5)] == [before[k] for k in (0, 1, 3, 4, 5)]


def test_the_block_is_found_whole_at_any_level_below_one(G, masks):
    unit = maps_of(G, "lit")[:, 6]
    for t in (0.0, 0.5, 0.99):
        np.testing.assert_array_equal(unit > t, masks[:, 4])


def test_every_image_holds_every_shape_once_and_they_never_overlap(masks):
    assert masks.sum((2, 3)).tolist() == [[32, 32, 32, 32, 128, 64]] * len(SEEDS)
    assert masks.sum(1).max() == 1


def test_shapes_are_at_places_that_follow_from_the_seed(G, masks):
    disc = masks[:, 0]
    assert len({mask.tobytes() for mask in disc}) > 15
    again = G.segmenter(G(G.latents([7]))).numpy()[0]
    np.testing.assert_array_equal(again, masks[7])


def test_every_shape_comes_to_every_tile(G):
    place = G.place(G.latents(range(300)))
    tiles = place.unflatten(2, (2, 5)).unflatten(4, (4, 5)).amax((3, 5))  # (n, 7, 2, 4)
    assert (tiles.sum(0) > 10).all()
    assert tiles.sum((2, 3)).eq(1).all()


def test_dead_and_constant_units_are_that(G):
    maps = maps_of(G, "lit")
    states = {truth.state: maps[:, truth.unit] for truth in G.truth["lit"]}
    assert not states["dead"].any()
    assert (states["constant"] == 0.75).all()


def test_a_share_of_a_hundredth_is_a_whole_number_of_positions_in_every_image(G):
    for layer in G.truth:
        h, w = maps_of(G, layer).shape[2:]
        assert h * w % 100 == 0


def test_colors_are_within_range_and_survive_half_precision(G):
    images = G(G.latents(SEEDS))
    assert images.abs().max() <= 1
    half = gw.nets.planted_generator().half()(G.latents(SEEDS).half())
    np.testing.assert_array_equal(G.segmenter(half).numpy(), G.segmenter(images).numpy())


def test_it_is_the_same_every_time_and_leaves_the_global_random_state(G):
    before = torch.get_rng_state()
    other = gw.nets.planted_generator()
    assert torch.get_rng_state().equal(before)
    z = G.latents([3])
    assert other(z).equal(G(z))
    assert not other.training


def test_a_controller_attaches_to_it_and_looks_at_the_known_layer(G):
    with gw.attach(G, latents=G.latents, samples=2) as lab:
        assert lab.layer == "lit"
        assert lab.images.shape == (2, 3, 40, 80)
        assert lab.activations.shape == (2, 12, 40, 80)


def test_the_segmenter_is_that_of_the_generator_and_says_what_it_is(G):
    assert G.segmenter == gw.nets.planted_segmenter()
    assert repr(G.segmenter) == "planted_segmenter()"
    assert G.segmenter.categories == ("solid", "solid", "outline", "solid", "solid", "outline")
    assert gw.concepts.checked(G.segmenter, G(G.latents([0]))).shape == (1, 6, 40, 80)


def test_a_pixel_that_is_no_number_shows_no_shape(G):
    images = G(G.latents([0])).clone()
    images[0, 1] = torch.nan
    assert not G.segmenter(images).any()


def test_pictures_without_three_channels_are_refused(G):
    with pytest.raises(DissectionError, match=r"no pictures of the planted generator(.|\n)*\(n, 3, H, W\)"):
        G.segmenter(torch.zeros(2, 1, 40, 80))
