"""Strokes by law, and against slow loops written from the definitions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.morphology import skeletonize

import gan_widgets as gw
from gan_widgets.dissect.concepts import skeleton
from tests.dissect.concepts.pictures import blots, rendered

PLAIN = gw.concepts.strokes()
NAMES = list(PLAIN.names)
STEPS = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]


def index(*names):
    return [NAMES.index(name) for name in names]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(3, 19), st.integers(3, 19))
def test_the_masks_of_an_image_are_its_own_to_the_bit(seed, n, H, W):
    images = blots(seed, n, H, W)
    together = PLAIN(images)
    assert together.shape == (n, 13, H, W)
    assert together.equal(torch.cat([PLAIN(image[None]) for image in images]))


def test_a_batch_larger_than_one_canvas_is_the_same_as_its_parts():
    images = torch.cat([blots(k, 50, 28, 20) for k in range(12)])
    assert PLAIN(images).equal(torch.cat([PLAIN(part) for part in images.split(7)]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_mirrored_images_have_mirrored_masks(seed):
    images = blots(seed)
    masks, mirrored = PLAIN(images), PLAIN(images.flip(3)).flip(3)
    names = (
        "ink",
        "background",
        "hole",
        "top",
        "bottom",
        "horizontal",
        "rising",
        "vertical",
        "falling",
        "left",
    )
    swapped = (*names[:6], "falling", "vertical", "rising", "right")
    same = masks[:, index(*names)] == mirrored[:, index(*swapped)]
    assert same.float().mean() > 0.999  # directions on the edge of a bin may fall to either side


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_transposed_images_have_transposed_masks(seed):
    images = blots(seed)
    masks, turned = PLAIN(images), PLAIN(images.mT).mT
    names = ("ink", "background", "hole", "top", "bottom", "horizontal", "rising", "falling")
    swapped = ("ink", "background", "hole", "left", "right", "vertical", "rising", "falling")
    same = masks[:, index(*names)] == turned[:, index(*swapped)]
    assert same.float().mean() > 0.999


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_ink_and_background_divide_the_image_and_directions_divide_part_of_the_ink(seed):
    masks = PLAIN(blots(seed))
    assert (masks[:, :2].sum(1) == 1).all()
    assert (masks[:, 2:6].sum(1) <= masks[:, 0]).all()
    assert not (masks[:, index("hole")] & masks[:, :1]).any()


@pytest.mark.parametrize("seed", range(6))
def test_directions_are_those_of_the_structure_tensor(seed):
    image = blots(seed, 1)[0, 0].double().numpy() / 2 + 0.5
    padded = np.pad(image, 12)
    down, right = ndimage.sobel(padded, 0), ndimage.sobel(padded, 1)
    rr, rc, cc = (ndimage.gaussian_filter(p, 1.5) for p in (down * down, down * right, right * right))
    got = PLAIN(blots(seed, 1))[0].numpy()
    checked = 0
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            at = (r + 12, c + 12)
            values, vectors = np.linalg.eigh([[rr[at], rc[at]], [rc[at], cc[at]]])
            along = vectors[:, 0]  # of the smaller eigenvalue: the direction of the stroke
            degrees = np.rad2deg(np.arctan2(-along[0], along[1])) % 180
            coherence = (values[1] - values[0]) / max(values.sum(), 1e-300)
            bin_, rest = divmod((degrees + 22.5) % 180, 45)
            if min(rest, 45 - rest) < 0.01 or abs(coherence - 0.3) < 1e-4 or abs(image[r, c] - 0.5) < 1e-6:
                continue
            want = [image[r, c] > 0.5 and coherence > 0.3 and bin_ == k for k in range(4)]
            assert got[2:6, r, c].tolist() == want, (r, c, degrees, coherence)
            checked += 1
    assert checked > 0.95 * image.size


def slow_points(lines):
    ends, junctions = set(), set()
    leaving = {}
    for r, c in zip(*lines.nonzero(), strict=True):
        ring = [bool(lines[r + down, c + right]) for down, right in STEPS]
        leaving[r, c] = sum(ring[k - 1] < ring[k] for k in range(8))
        if leaving[r, c] <= 1 and sum(ring) <= 2:
            ends.add((r, c))
        if leaving[r, c] >= 3:
            junctions.add((r, c))
    for r, c in leaving:
        square = [(r, c), (r, c + 1), (r + 1, c), (r + 1, c + 1)]
        if all(place in leaving for place in square) and sum(leaving[p] >= 2 for p in square) >= 3:
            junctions |= set(square)
    return ends, junctions


@pytest.mark.parametrize("seed", range(8))
def test_ends_and_junctions_are_discs_around_the_points_of_the_skeleton(seed):
    images = torch.cat(
        [blots(seed, 3, 14, 28), torch.nn.functional.pad(rendered(str(seed))[..., 7:21, :], (4, 0))]
    )
    source = gw.concepts.strokes(spur=0, radius=1.5, speck=0)
    got = source(images)[:, index("end", "junction")].numpy()
    for image, (end, junction) in zip(images[:, 0].numpy(), got, strict=True):
        points = slow_points(skeletonize(np.pad(image > 0, 2)))
        for mask, places in zip((end, junction), points, strict=True):
            want = np.zeros_like(mask)
            for r in range(want.shape[0]):
                for c in range(want.shape[1]):
                    want[r, c] = any((r + 2 - y) ** 2 + (c + 2 - x) ** 2 <= 1.5**2 for y, x in places)
            np.testing.assert_array_equal(mask, want)


@pytest.mark.parametrize("seed", range(8))
def test_holes_are_what_a_flood_from_outside_does_not_reach(seed):
    images = blots(seed, 3, 14, 22)
    got = gw.concepts.strokes(hole=3)(images)[:, NAMES.index("hole")].numpy()
    for image, holes in zip(images[:, 0].numpy(), got, strict=True):
        ink = np.pad(image > 0, 1)
        reached, edge = np.zeros_like(ink), [(0, 0)]
        while edge:
            r, c = edge.pop()
            if not (0 <= r < ink.shape[0] and 0 <= c < ink.shape[1]) or ink[r, c] or reached[r, c]:
                continue
            reached[r, c] = True
            edge += [(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
        labels, count = ndimage.label(~ink & ~reached)
        want = np.isin(labels, [k for k in range(1, count + 1) if (labels == k).sum() >= 3])
        np.testing.assert_array_equal(holes, want[1:-1, 1:-1])


def test_without_spurs_a_skeleton_keeps_its_loops_and_its_long_branches():
    lines = np.zeros((12, 20), bool)
    lines[5, 1:18] = True  # a long line
    lines[3:5, 9] = True  # with a spur of two pixels
    kept = skeleton.pruned(lines, 4)
    np.testing.assert_array_equal(kept[:5], False)
    np.testing.assert_array_equal(kept[5], lines[5])
    np.testing.assert_array_equal(skeleton.pruned(lines, 2), lines)


def test_a_fork_at_the_end_of_a_stroke_becomes_one_end():
    lines = np.zeros((9, 20), bool)
    lines[4, 1:14] = True
    lines[[3, 2, 5, 6], [14, 15, 14, 15]] = True
    assert len(skeleton.points(lines)[0]) == 3
    ends, junctions = skeleton.points(skeleton.pruned(lines, 4))
    assert (len(ends), len(junctions)) == (2, 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30))
def test_without_spurs_a_skeleton_has_as_many_pieces_and_loops(seed, spur):
    for image in blots(seed, 2, 14, 28)[:, 0].numpy():
        lines = skeletonize(np.pad(image > 0, 2))
        kept = skeleton.pruned(lines, spur)
        assert not (kept & ~lines).any()
        assert ndimage.label(kept, [[1] * 3] * 3)[1] == ndimage.label(lines, [[1] * 3] * 3)[1]
        assert ndimage.label(~kept)[1] == ndimage.label(~lines)[1]
