"""Dissection against loops written from the formulas, whatever the batch and the layers beside it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gan_widgets as gw
from gan_widgets.core.errors import DissectionError
from gan_widgets.dissect.run import dissect
from tests.dissect.running import run
from tests.dissect.slowly import dissected, ranges
from tests.dissect.tabled import Marks, random_tables, tabled


@settings(max_examples=8, deadline=None)
@given(
    size=st.sampled_from([(1, 1), (2, 3), (3, 2)]),
    scale=st.sampled_from([1, 2, 4]),
    units=st.integers(1, 3),
    concepts=st.integers(1, 3),
    images=st.integers(17, 34),
    start=st.integers(0, 5),
    marked=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 99),
)
def test_quantiles_equal_the_slow_loop(size, scale, units, concepts, images, start, marked, seed):
    maps, masks = random_tables(40, units, concepts, size, scale, seed, marked)
    found = run(*tabled(maps, masks), images=images, start=start, share=0.26)
    levels, labels, iou = dissected(maps.numpy(), masks.numpy(), images, share=0.26, start=start)
    np.testing.assert_array_equal(found.thresholds, levels[:, 0].astype(np.float32))
    np.testing.assert_allclose(found.iou, iou, rtol=1e-15)
    np.testing.assert_array_equal(found.labels, labels)


@settings(max_examples=5, deadline=None)
@given(
    size=st.sampled_from([(2, 3), (3, 2)]),
    scale=st.sampled_from([1, 2]),
    concepts=st.integers(1, 3),
    images=st.integers(20, 40),
    marked=st.sampled_from([0.0, 0.3, 0.8]),
    seed=st.integers(0, 99),
)
def test_information_quality_equals_the_slow_loop(size, scale, concepts, images, marked, seed):
    maps, masks = random_tables(40, 2, concepts, size, scale, seed, marked)
    found = run(*tabled(maps, masks), images=images, threshold="iqr", levels=6)
    levels, labels, iou = dissected(maps.numpy(), masks.numpy(), images, count=6)
    np.testing.assert_allclose(found.thresholds, levels, rtol=1e-6)
    np.testing.assert_allclose(found.iou, iou, rtol=1e-15)
    np.testing.assert_array_equal(found.labels, labels)


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
@pytest.mark.parametrize("batch", [1, 7, 64])
def test_the_batch_does_not_show(small, threshold, batch):
    assert run(*small, threshold=threshold, levels=5, batch=batch) == run(
        *small, threshold=threshold, levels=5
    )


def test_each_image_is_segmented_once_and_the_thresholds_need_none(small):
    model, latents, segmenter = small
    run(model, latents, segmenter, batch=7)
    first, second, third = ranges(96)
    assert sorted(segmenter.seen) == [*second, *third]
    assert not set(first) & set(segmenter.seen)


def test_a_layer_is_dissected_alone_as_beside_others():
    maps, masks = random_tables()
    flat = torch.linspace(-1, 1, 96 * 4).reshape(96, 4)[:, torch.randperm(4)]
    model, latents, segmenter = tabled({"first": maps, "second": maps.flip(1, 3), "flat": flat}, masks)
    together = run(model, latents, segmenter, ["flat", "first", "second"])
    assert list(together) == ["flat", "first", "second"]
    assert sorted(segmenter.seen) == sorted(set(segmenter.seen))
    for name, found in together.items():
        assert run(model, latents, segmenter, name) == found


def test_fully_connected_units_are_held_against_presence_in_images():
    draw = np.random.default_rng(3)
    values = torch.from_numpy(draw.permutation(96 * 4).reshape(96, 4)).float()
    masks = torch.from_numpy(draw.random((96, 2, 3, 5)) < 0.05)
    found = run(*tabled(values, masks))
    anywhere = masks.flatten(2).any(2)[:, :, None, None]
    _, labels, iou = dissected(values[:, :, None, None].numpy(), anywhere.numpy(), 96, share=0.05)
    assert found.size == ()
    np.testing.assert_allclose(found.iou, iou, rtol=1e-15)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.auc.shape == found.correlation.shape == (4, 2)


def test_an_image_level_concept_is_scored_by_its_mask(small):
    model, latents, _ = small
    whole = torch.rand(96, 2, 1, 1) < 0.5
    masks = whole.expand(96, 2, 12, 20).clone()
    found = run(model, latents, Marks(masks, image_level=(True, True)))
    assert found.provenance["image_level"] == [True, True]
    _, _, iou = dissected(model.first.table.numpy(), masks.numpy(), 96, share=0.05)
    np.testing.assert_allclose(found.iou, iou, rtol=1e-15)


def test_a_floor_of_agreement_leaves_cells_without_a_level(small):
    free = run(*small, threshold="iqr", levels=5)
    bound = run(*small, threshold="iqr", levels=5, agreement=0.7)
    none = run(*small, threshold="iqr", levels=5, agreement=0.99)
    assert np.isnan(none.thresholds).all()
    assert np.isnan(none.iou).all()
    assert (none.labels == -1).all()
    kept = ~np.isnan(bound.thresholds)
    assert kept.any()
    total = bound.label_counts.total()
    agree = (total.pixels - total.active - total.marked + 2 * total.both) / total.pixels
    at = np.array(
        [
            [np.flatnonzero(bound.levels[u] == t)[0] if k else -1 for t, k in zip(row, keep, strict=True)]
            for u, (row, keep) in enumerate(zip(bound.thresholds, kept, strict=True))
        ]
    )
    for u, c in np.argwhere(kept):
        assert agree[u, at[u, c], c] > 0.7
    assert not np.array_equal(free.thresholds, bound.thresholds, equal_nan=True)


def test_every_level_of_the_table_gives_its_own_iou(small):
    model, latents, segmenter = small
    found = run(model, latents, segmenter, threshold="iqr", levels=5)
    third = list(ranges(96)[2])
    for k in (0, 4):
        at = found.iou_at(k)
        levels = torch.from_numpy(found.levels[:, k].copy())
        above = gw.dissect.regions.regions(model.first.table[third], levels, (12, 20))
        both = (above[:, :, None] & segmenter.masks[third][:, None]).sum((0, 3, 4))
        union = (above[:, :, None] | segmenter.masks[third][:, None]).sum((0, 3, 4))
        np.testing.assert_allclose(at, (both / union).numpy(), rtol=1e-6)
    with pytest.raises(DissectionError, match="this level was not counted"):
        found.iou_at(5)


def test_units_that_cannot_be_ranked_are_named():
    maps, masks = random_tables(units=7)
    maps[:, 0] = 0
    maps[:, 1] = 2.5
    maps[:, 2] = maps[:, 2].clamp(min=0) * (torch.arange(96)[:, None, None] > 90)
    maps[40, 3, 0, 0] = torch.nan
    maps[50, 4, 2, 1] = torch.inf
    maps[:, 5] = (maps[:, 5] > 600).float()
    found = run(*tabled(maps, masks))
    assert found.states == ("dead", "constant", "tied", "nan", "inf", "tied", "ok")
    assert found.labels.tolist()[:6] == [-1] * 6
    assert np.isnan(found.iou[:6]).all()
    assert {best.unit for best in found.best()} == {6}
    assert {best.unit for concept in found.concepts for best in found.units_for(concept, at_least=0)} == {6}
    assert found.level(0) == found.level(5) == np.inf
    alone = run(*tabled(maps[:, 6:], masks))
    assert np.array_equal(alone.iou[0], found.iou[6])
    assert np.array_equal(alone.p_values[0], found.p_values[6])
    odd = run(*tabled(maps, masks), threshold="iqr", levels=4)
    assert odd.states[:2] + odd.states[3:] == ("dead", "constant", "nan", "inf", "ok", "ok")


def test_the_levels_of_another_dissection_can_be_taken(small):
    first = run(*small, images=48)
    second = run(*small, images=48, start=48, threshold=first)
    assert np.array_equal(first.levels, second.levels)
    both = first.merge(second)
    assert both.complete
    assert both.images == 96
    for table in ("both", "active", "marked"):
        sums = getattr(first.counts.total(), table) + getattr(second.counts.total(), table)
        assert np.array_equal(getattr(both.counts.total(), table), sums)
    with pytest.raises(DissectionError, match=r"levels were found on seeds that are to be counted"):
        run(*small, images=48, start=4, threshold=first)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"images": 3}, "images is not legal"),
        ({"images": 20.0}, "images is not legal"),
        ({"threshold": "best"}, r"threshold is not legal(.|\n)*'quantile', 'iqr'"),
        ({"threshold": 0.5}, "threshold is no dissection"),
        ({"share": 0}, "share is not legal"),
        ({"images": 20, "share": 0.001}, "that share holds none"),
        ({"null": "shuffle"}, r"null is not legal(.|\n)*'permutation', 'untrained', None"),
        ({"mode": "training"}, "mode is not legal"),
        ({"part": (2, 2)}, "part is not legal"),
        ({"part": 2}, "part is not legal"),
        ({"images": True}, "images is not legal"),
        ({"share": True}, "share is not legal"),
        ({"part": (False, True)}, "part is not legal"),
        ({"part": (0.0, 2)}, "part is not legal"),
        ({"beside": 0.05}, "beside is not legal"),
        ({"beside": (0.05, 1)}, "beside is not legal"),
        ({"agreement": "x"}, "agreement is not legal"),
        ({"levels": 10**7}, "levels is not legal"),
        ({"cancel": 3}, "cancel is asked whether to end"),
        ({"batch": 0}, "batch is not legal"),
        ({"start": 2**32 - 4}, "a dissection needs images for three ranges of seeds"),
        ({"layer": []}, "each of them once"),
        ({"layer": ["first", "first"]}, "each of them once"),
        ({"layer": "fist"}, r"no such layer(.|\n)*'first'"),
        ({"segmenter": 3}, "this is no segmenter"),
    ],
)
def test_what_is_not_legal_is_refused_before_anything_runs(small, keywords, message):
    model, latents, segmenter = small
    arguments = {
        "model": model,
        "layer": "first",
        "latents": latents,
        "segmenter": segmenter,
        "progress": False,
    }
    with pytest.raises(gw.core.errors.GanWidgetsError, match=message):
        dissect(**{**arguments, **keywords})
    assert segmenter.seen == []


def test_the_package_is_the_function(small):
    model, latents, segmenter = small
    found = gw.dissect(
        model, "first", latents=latents, segmenter=segmenter, images=96, share=0.05, progress=False
    )
    assert isinstance(found, gw.Dissection)
    assert found == run(model, latents, segmenter)
    assert gw.dissect.__doc__ == dissect.__doc__


def test_other_shares_are_counted_along(small):
    found = run(*small, share=0.1, beside=(0.02, 0.25))
    assert found.shares == (0.25, 0.1, 0.02)
    plain = run(*small, share=0.1)
    np.testing.assert_array_equal(found.thresholds, found.levels[:, 1])
    for share in found.shares:
        other = run(*small, share=share)
        np.testing.assert_array_equal(found.iou_at(share), other.iou)
        np.testing.assert_array_equal(found.iou_at(found.shares.index(share)), other.iou)
    np.testing.assert_array_equal(found.p_values, plain.p_values)
    assert plain.shares == (0.1,)
    with pytest.raises(DissectionError, match=r"not counted.\n  got: 0.05(.|\n)*share out of \(0.1,\)"):
        plain.iou_at(0.05)


def test_numbers_of_other_libraries_are_taken_and_kept_as_plain_ones(small):
    plain = {
        "images": 64,
        "start": 8,
        "top": 3,
        "batch": 8,
        "part": (0, 2),
        "share": 0.0625,
        "beside": (0.125,),
    }
    others = {
        name: value if name in ("part", "beside") else np.array(value)[()] for name, value in plain.items()
    }
    others |= {"part": (np.int32(0), np.uint8(2)), "beside": np.float32([0.125]), "share": np.float32(0.0625)}
    one, other = (run(*small, **keywords) for keywords in (plain, others))
    assert other == one
    assert hash(other) == hash(one)
    assert type(other._state.scale.share) is float


@pytest.mark.parametrize("layer", [3, None, [], ["first", "first"], ["first", 3], ["first", ["second"]]])
def test_a_layer_is_named_by_a_text(small, layer):
    model, latents, segmenter = small
    with pytest.raises(DissectionError, match=r"needs layers(.|\n)*got: (.|\n)*next: Pass one of gw.layers"):
        dissect(model, layer, latents=latents, segmenter=segmenter)


def test_the_levels_of_another_layer_of_that_shape_are_refused():
    maps, masks = random_tables()
    model, latents, segmenter = tabled({"first": maps, "second": -maps}, masks)
    first = run(model, latents, segmenter, "first")
    with pytest.raises(
        DissectionError, match=r"levels are of another layer(.|\n)*got: 'first'(.|\n)*: 'second'"
    ):
        run(model, latents, segmenter, "second", threshold=first, start=96)
