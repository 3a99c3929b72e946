"""What a dissection says: rankings, tables, texts, files and sums."""

import numpy as np
import pytest
import torch

from gan_widgets.core import store
from gan_widgets.core.errors import DissectionError, StoreError
from gan_widgets.dissect.compare import compare
from gan_widgets.dissect.regions import regions
from gan_widgets.dissect.result import Dissection
from gan_widgets.dissect.run import dissect
from tests.dissect.slowly import ranges
from tests.dissect.tabled import random_tables, tabled

NAMES = ("left", "<b>top</b>", "rare")


def run(model, latents, segmenter, layer="first", **keywords):
    keywords = {"images": 96, "share": 0.05, "progress": False, **keywords}
    return dissect(model, layer, latents=latents, segmenter=segmenter, **keywords)


def planted(seeds=96):
    """Units 0 and 1 are where concepts 0 and 1 are, unit 2 half of concept 0; concept 2 never occurs."""
    maps, masks = random_tables(seeds, 4, 3, (4, 6), 1, marked=0.06)
    masks[:, 2] = False
    lit = 10000.0 * masks.float()
    maps[:, 0] += lit[:, 0]
    maps[:, 1] += lit[:, 1]
    maps[:, 2] += lit[:, 0] * (torch.arange(6) < 3)
    return tabled(maps, masks, names=NAMES, categories=("place", "place", "odd"))


@pytest.fixture(scope="module")
def found():
    return run(*planted(), share=0.0601)


def test_planted_units_are_found_with_the_iou_they_were_made_for():
    model, latents, segmenter = planted()
    found = run(model, latents, segmenter, threshold="iqr", levels=64)
    assert found.labels.tolist()[:3] == [0, 1, 0]
    assert found.iou[0, 0] == found.iou[1, 1] == 1.0
    third = list(ranges(96)[2])
    marked = segmenter.masks[third, 0]
    assert found.iou[2, 0] == (marked & (torch.arange(6) < 3)).sum() / marked.sum()
    assert found.ci[0, 0].tolist() == [1, 1]
    assert (found.family_wise[[0, 1, 2], [0, 1, 0]] <= 0.01).all()
    assert (found.label_p[:3] <= 0.01).all()
    assert found.p_values[3].min() > 0.01
    assert [best.unit for best in found.best()[:3]] == [0, 1, 2]


def test_rankings_fall_and_name_what_they_rank(found):
    best = found.best()
    assert [one.iou for one in best] == sorted((one.iou for one in best), reverse=True)
    assert {one.unit for one in best} == set(range(4))
    for one in best + found.units_for("left", at_least=0):
        column = NAMES.index(one.concept)
        assert one.category == found.categories[column]
        assert one.iou == found.iou[one.unit, column]
        np.testing.assert_equal([one.low, one.high], found.ci[one.unit, column])
        tables = (found.p_values, found.family_wise, found.q_values)
        assert [one.p, one.family_wise, one.q] == [table[one.unit, column] for table in tables]
        assert one.low <= one.iou <= one.high or np.isnan(one.low)
    assert [one.unit for one in found.units_for("left", at_least=0.25)] == [0, 2]
    assert found.units_for("rare") == []
    with pytest.raises(DissectionError, match=r"not looked for.\n  got: 'lift'(.|\n)*nearest: 'left'"):
        found.units_for("lift")


def test_a_summary_counts_each_unit_once_by_its_best_concept(found):
    summary = found.summary(at_least=0.25)
    assert summary.per_concept == {"left": 2, "<b>top</b>": 1}
    assert summary.per_category == {"place": 3}
    assert (summary.units, summary.unique, summary.of, summary.ranked) == (3, 2, 4, 4)
    assert found.summary(at_least=1.01).per_concept == {}
    assert "none" not in repr(found.summary(at_least=1.01))


def test_a_concept_that_never_occurs_has_an_iou_of_nothing(found):
    assert (found.iou[:, 2] == 0).all()
    assert not (found.labels == 2).any()
    assert (found.p_values[:, 2] == 1).all()


def test_a_frame_has_a_row_per_unit_and_concept(found):
    frame = found.to_frame()
    columns = "unit concept category iou low high threshold p family_wise q label label_p state"
    assert list(frame.columns) == columns.split()
    row = frame[(frame.unit == 2) & (frame.concept == "left")].iloc[0]
    assert row.iou == found.iou[2, 0]
    assert row.threshold == found.thresholds[2]
    assert row.label_p == found.label_p[2]
    assert row.label
    assert row.state == "ok"
    assert frame.label.sum() == 4
    without = run(*planted(), share=0.06, null=None)
    assert without.p_values is without.family_wise is without.q_values is without.label_p is None
    assert without.to_frame()[["p", "family_wise", "q", "label_p"]].isna().all(axis=None)
    assert without.best()[0].p is None


def test_texts_are_stable_and_escaped(found):
    assert (
        repr(found) == "Dissection('first': 4 units at 4×6, 3 concepts, 96 images; 3 units with IoU ≥ 0.05)"
    )
    html = found._repr_html_()
    assert "&lt;b&gt;top&lt;/b&gt;" in html
    assert "<b>" not in html
    assert f"{found.iou[0, 0]:.3f}" in html
    low, high = found.ci[0, 0]
    assert f"{low:.3f} to {high:.3f}" in html


def test_the_level_that_is_told_is_the_one_that_was_scored(found):
    model, _, segmenter = planted()
    third = list(ranges(96)[2])
    for one, concept in ((found, None), (run(*planted(), threshold="iqr", levels=9), "left")):
        levels = torch.tensor([one.level(unit, concept) for unit in range(4)])
        above = regions(model.first.table[third], levels, (4, 6))
        marked = segmenter.masks[third, 0][:, None]
        iou = (above & marked).sum((0, 2, 3)) / (above | marked).sum((0, 2, 3))
        np.testing.assert_allclose(one.iou[:, 0], iou.numpy(), rtol=1e-6)
    assert one.level(0, 0) == one.level(0, "left") == one.level(0)


@pytest.mark.parametrize("unit", [99, 4, -1, 0.5, True, "0", None])
def test_a_unit_that_is_not_there_has_no_level(found, unit):
    with pytest.raises(DissectionError, match=r"'first' has no such unit(.|\n)*from 0 to 3") as caught:
        found.level(unit)
    assert f"got: {unit!r}\n" in str(caught.value)
    assert found.level(np.int64(3)) == found.level(3)


@pytest.mark.parametrize("concept", ["lft", 3, -1, 0.5, True, [0]])
def test_a_concept_that_was_not_looked_for_has_no_level(concept):
    iqr = run(*planted(), threshold="iqr", levels=9)
    with pytest.raises(DissectionError, match=r"not looked for(.|\n)*one of 3; the nearest: 'left'"):
        iqr.level(0, concept)
    assert iqr.level(0, np.int64(1)) == iqr.level(0, NAMES[1])


@pytest.mark.parametrize("concept", ["zzz", 99])
def test_a_concept_is_checked_also_where_all_share_a_level(found, concept):
    with pytest.raises(DissectionError, match="not looked for"):
        found.level(0, concept)


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
def test_there_is_no_level_before_any_is_known(threshold):
    nothing = run(*planted(), threshold=threshold, cancel=lambda: True)
    assert nothing.images == 0
    assert [nothing.level(0), nothing.level(0, "left")] == [np.inf, np.inf]
    with pytest.raises(DissectionError, match="not looked for"):
        nothing.level(0, "zzz")


@pytest.mark.parametrize("wrong", ["x", None, True])
def test_the_iou_to_be_reached_is_a_number(found, wrong):
    for ask in (
        lambda: found.units_for("left", wrong),
        lambda: found.summary(wrong),
        lambda: compare(found, found, wrong),
    ):
        with pytest.raises(DissectionError, match=rf"at_least(.|\n)*got: {wrong!r}\n"):
            ask()
    assert found.units_for("left", np.float32(0.25)) == found.units_for("left", 0.25)


def test_levels_are_found_by_numbers_of_any_library(found):
    assert np.array_equal(found.iou_at(np.int64(0)), found.iou_at(0))


def test_top_images_are_those_of_the_report_with_the_largest_values(found):
    model, _, _ = planted()
    third = list(ranges(96)[2])
    largest = model.first.table[third].amax((2, 3))
    for unit in range(4):
        order = sorted(range(len(third)), key=lambda k: (-largest[k, unit], k))[:8]
        assert found.top.seeds[unit].tolist() == [third[k] for k in order]
        assert found.top.values[unit].tolist() == largest[order, unit].tolist()
    assert run(*planted(), share=0.06, top=0).top.seeds.shape == (4, 0)


def test_a_result_cannot_be_changed(found):
    arrays = [found.iou, found.ci, found.thresholds, found.labels, found.levels, *found.top]
    arrays += [found.p_values, found.family_wise, found.q_values, found.label_p]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    before = found.counts.total()
    found.counts.both.zero_()
    found.label_counts.both.zero_()
    found.provenance["seeds"]["report"].clear()
    assert np.array_equal(found.counts.total().both, before.both)
    assert found.provenance["seeds"]["report"]
    with pytest.raises(AttributeError):
        found.iou = 3


def test_provenance_says_where_it_comes_from(found):
    said = found.provenance
    assert said["seeds"] == {"thresholds": [[0, 24]], "labels": [[24, 48]], "report": [[48, 96]]}
    assert said["latents"]["prior"] == "custom"
    wanted = {"mode": "eval", "threshold": "quantile", "share": 0.0601, "null": "permutation"}
    assert {name: said[name] for name in wanted} == wanted
    assert said["segmenter"]["kind"] == "Marks"
    assert said["weights"] == store.weight_hash(planted()[0])


@pytest.mark.parametrize(
    "keywords", [{}, {"threshold": "iqr", "levels": 5}, {"null": "untrained"}, {"null": None}]
)
def test_a_saved_result_is_read_back_equal(small, tmp_path, keywords):
    model, latents, segmenter = small
    found = run(model, latents, segmenter, **keywords)
    found.save(tmp_path / "found.safetensors")
    again = Dissection.load(tmp_path / "found.safetensors")
    assert again == found
    assert hash(again) == hash(found)
    assert again.best() == found.best()
    assert again.provenance == found.provenance
    assert found != run(model, latents, segmenter, start=0, images=80, **keywords)


def test_another_file_is_refused(tmp_path):
    store.save(tmp_path / "other.safetensors", {}, kind="levels", metadata={})
    with pytest.raises(StoreError, match="holds 'levels'"):
        Dissection.load(tmp_path / "other.safetensors")
    store.save(tmp_path / "broken.safetensors", {}, kind="dissection", metadata={"trained": {}})
    with pytest.raises(StoreError, match="no dissection that can be read"):
        Dissection.load(tmp_path / "broken.safetensors")
