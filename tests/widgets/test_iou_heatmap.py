import io
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

import gan_widgets as gw
from gan_widgets.widgets._heatmap_picture import picture_of
from gan_widgets.widgets._ranking import SORTS, by_category, clustered, order
from tests.widgets.found import STROKES, Found, found
from tests.widgets.messages import buffers, plain


@pytest.fixture
def dissected(lab):
    lab._land(found=found(states={2: "dead", 5: "tied"}))
    return lab


@pytest.fixture
def heatmap(dissected):
    return gw.IoUHeatmap(dissected)


def planes(view):
    return np.frombuffer(view.values, "<f4").reshape(view.shape)


def test_all_numbers_are_sent_once(heatmap, dissected):
    there = dissected.found
    iou, low, high, p, q, family_wise = planes(heatmap)
    assert iou.shape == (8, 11)
    for sent, known in (
        (iou, there.iou),
        (low, there.ci[..., 0]),
        (high, there.ci[..., 1]),
        (p, there.p_values),
        (q, there.q_values),
        (family_wise, there.family_wise),
    ):
        assert np.array_equal(sent, known.astype(np.float32))
    assert heatmap.concepts == [[name, category] for name, category in STROKES.items()]
    assert heatmap.rows["labels"] == there.labels.tolist()
    assert heatmap.rows["states"][2] == "dead"
    chances = heatmap.rows["chances"]
    assert chances[2] is chances[5] is None
    assert chances[0] == pytest.approx(there.label_p[0], rel=1e-3)
    assert heatmap.info["threshold"] == "quantile"
    assert heatmap.info["images"] == 600


def test_a_real_dissection_has_all_that_the_made_up_one_has_and_is_shown(lab):
    bright = gw.concepts.from_function(lambda images: images[:, :1] > 0, ["bright"], ["colour"])
    real = lab.dissect(bright, images=60, progress=False)
    assert {field.name for field in fields(Found)} <= set(dir(real))
    view = gw.IoUHeatmap(lab, sort="cluster")
    assert view.concepts == [["bright", "colour"]]
    assert np.array_equal(planes(view)[0], real.iou.astype(np.float32), equal_nan=True)
    assert np.array_equal(planes(view)[4], real.q_values.astype(np.float32), equal_nan=True)
    assert np.array_equal(planes(view)[5], real.family_wise.astype(np.float32), equal_nan=True)
    known = [np.nan if chance is None else chance for chance in view.rows["chances"]]
    assert np.allclose(known, real.label_p, rtol=1e-3, equal_nan=True)
    assert sorted(view.rows["clustered"]) == list(range(8))
    assert view.picture() is not None
    assert f"interpretable={real.summary(0.05).units} at 0.05" in repr(view)


def test_without_a_null_neither_p_nor_q_is_sent(lab):
    lab._land(found=found(null=False))
    view = gw.IoUHeatmap(lab)
    assert (view.shape, view.rows["chances"]) == ([3, 8, 11], [])


def test_without_a_dissection_it_says_how_to_dissect(lab, page):
    view = gw.IoUHeatmap(lab)
    assert (view.values, view.shape, view.concepts) == (b"", [], [])
    assert "'3' has not been dissected yet. Run lab.dissect(" in view.info["why"]
    assert view.picture() is None
    assert "not dissected" in repr(view)
    lab._land(found=found())
    (state,) = page.updates(view)
    assert state.keys() == {"info", "concepts", "rows", "values", "shape"}
    assert view.info["why"] == ""


def test_a_dissection_of_another_layer_is_not_shown(heatmap, dissected):
    dissected.layer = "5"
    assert heatmap.values == b""
    assert heatmap.info["why"].startswith("'5' has not been dissected yet. Run lab.dissect(")
    dissected.layer = "3"
    dissected._land(found=found(seed=1))
    assert heatmap.shape == [6, 8, 11]


def test_a_dissection_of_another_model_with_the_same_layer_name_is_not_shown(lab):
    lab._land(found=found(units=9))
    assert gw.IoUHeatmap(lab).values == b""


def test_edits_and_seeds_leave_it_alone(heatmap, dissected, page):
    page.sent.clear()
    dissected.edits = [gw.Ablate("3", units=[0])]
    dissected.seeds = [5, 6]
    assert page.updates(heatmap) == []


def test_a_click_selects_its_unit_and_its_concept_everywhere(heatmap, dissected, page):
    grid = gw.ActivationGrid(dissected)
    page.sent.clear()
    page.write(heatmap, selection=[4], concept=8)
    assert (dissected.selection, dissected.concept) == ((4,), "hole")
    assert grid.selection == [4]
    dissected.selection, dissected.concept = [2, 1], "ink"
    assert (heatmap.selection, heatmap.concept) == ([1, 2], 0)
    page.write(heatmap, concept=-1, selection=[])
    assert (dissected.selection, dissected.concept) == ((), "")


def test_a_concept_that_was_not_looked_for_is_none_here(heatmap, dissected):
    dissected.concept = "window"
    assert heatmap.concept == -1
    dissected._land(found=found(concepts={"wall": "building", "window": "building"}))
    assert heatmap.concept == 1


def test_the_clustering_is_worked_out_when_it_is_asked_for(heatmap, dissected, page):
    assert heatmap.rows["clustered"] == []
    page.sent.clear()
    page.write(heatmap, sort="cluster")
    (state,) = page.updates(heatmap)
    assert state.keys() == {"rows"}
    assert sorted(heatmap.rows["clustered"]) == list(range(8))
    assert heatmap.rows["clustered"][-2:] == [2, 5]
    page.write(heatmap, sort="iou")
    page.write(heatmap, sort="cluster")
    assert page.updates(heatmap) == []
    dissected._land(found=found(seed=4))
    assert sorted(heatmap.rows["clustered"]) == list(range(8))


def test_as_many_units_as_concepts_are_clustered_without_a_warning():
    alike = np.array([[0.0, 0.2, 0.0], [0.2, 0.0, 0.2], [0.0, 0.2, 0.0]])  # as distances would be
    assert clustered(alike, np.ones(3, bool)) == [0, 2, 1]


def test_clusters_stay_together():
    kinds = np.array([[0.5, 0.0, 0.1], [0.0, 0.4, 0.0], [0.0, 0.1, 0.6]])
    which = np.array([2, 0, 1, 1, 0, 2, 0, 1, 2])
    scale = np.linspace(0.3, 1.0, 9)
    places = clustered(kinds[which] * scale[:, None], np.ones(9, bool))
    assert np.count_nonzero(np.diff(which[places])) == 2


@pytest.mark.parametrize("sort", SORTS)
@given(data=st.data())
def test_every_order_has_each_unit_once_and_ranks_only_what_can_be(sort, data):
    units, concepts = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4))
    values = st.sampled_from([0.0, 0.2, 0.2, 0.7, np.nan])
    iou = np.array(data.draw(st.lists(values, min_size=units * concepts, max_size=units * concepts)))
    labels = np.array(
        data.draw(st.lists(st.integers(-1, concepts - 1), min_size=units, max_size=units)), dtype=np.int64
    )
    states = data.draw(st.lists(st.sampled_from(["ok", "tied", "nan"]), min_size=units, max_size=units))
    categories = data.draw(st.lists(st.sampled_from("ab"), min_size=concepts, max_size=concepts))
    iou = iou.reshape(units, concepts)
    places = order(sort, iou, labels, states, categories)
    assert sorted(places) == list(range(units))
    able = [states[unit] == "ok" and labels[unit] >= 0 for unit in places]
    if sort in ("concept", "category", "iou"):
        assert able == sorted(able, reverse=True)
        shown = by_category(categories)
        keys = {
            "concept": lambda unit: shown.index(labels[unit]),
            "category": lambda unit: categories.index(categories[labels[unit]]),
            "iou": lambda unit: 0,
        }[sort]
        ranked = [
            (keys(unit), -np.nan_to_num(iou[unit, labels[unit]], nan=-1), unit)
            for unit, yes in zip(places, able, strict=True)
            if yes
        ]
        assert ranked == sorted(ranked)


def test_the_state_beside_the_numbers_stays_small(page):
    model = nn.Sequential(nn.Linear(4, 512 * 6), nn.Unflatten(1, (512, 2, 3)), nn.Conv2d(512, 1, 1))
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=2) as lab:
        concepts = {f"a concept with a long name, number {k}": "category" for k in range(400)}
        lab._land(found=found("1", 512, (2, 3), concepts))
        view = gw.IoUHeatmap(lab, sort="cluster")
        state = {name: value for name, value in view.get_state().items() if not name.startswith("_")}
        assert len(state.pop("values")) == 4 * 6 * 512 * 400
        assert len(repr(state)) < 64_000


def test_long_names_are_cut_and_strange_ones_are_kept_as_they_are(dissected):
    names = {"<img src=x onerror=alert(1)>" * 40: "c" * 500, "=1+1\u202e\n": "ink"}
    dissected._land(found=found(concepts=names))
    view = gw.IoUHeatmap(dissected)
    assert [len(text) for text in view.concepts[0]] == [120, 120]
    assert view.concepts[1] == ["=1+1\u202e\n", "ink"]
    assert view.picture() is not None


def test_the_picture_has_each_shown_unit_in_the_order_shown(heatmap):
    every = Image.open(io.BytesIO(heatmap.picture()))
    heatmap.interpretable, heatmap.threshold = True, 0.2
    few = Image.open(io.BytesIO(heatmap.picture()))
    shown = int(repr(heatmap).split("interpretable=")[1].split()[0])
    assert 0 < shown < 8
    assert every.height - few.height == (8 - shown) * 16
    heatmap.threshold = 1.0
    assert heatmap.picture() is not None


@pytest.mark.parametrize("sort", SORTS)
def test_a_picture_can_be_taken_in_every_order(dissected, sort):
    assert gw.IoUHeatmap(dissected, sort=sort).picture()[1:4] == b"PNG"


def test_cells_below_the_threshold_are_grey_in_the_picture_and_the_largest_is_darkest():
    there = found(units=2, concepts={"a": "x", "b": "x"})
    there.iou[:] = [[0.6, 0.01], [0.02, 0.3]]
    pixels = np.asarray(Image.open(io.BytesIO(picture_of(there, [0, 1], 0.05)))).astype(int)
    grey = (pixels == [233, 235, 238]).all(axis=2)
    top, left = np.argwhere(grey)[0]  # of the cell of unit 0 and concept b: 26 wide and 16 high
    assert grey[top + 18, left - 20]
    assert pixels[top + 2, left - 20].sum() < pixels[top + 18, left + 3].sum() < 3 * 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sort", "index"),
        ("sort", ["iou"]),
        ("show", "both"),
        ("interpretable", 1),
        ("interpretable", "yes"),
        ("threshold", -0.1),
        ("threshold", 1.1),
        ("threshold", float("nan")),
        ("threshold", True),
        ("threshold", "0.1"),
        ("selection", [8]),
        ("selection", [True]),
        ("concept", 11),
        ("concept", -2),
        ("concept", True),
        ("concept", "hole"),
        ("values", b"1234"),
        ("rows", {}),
        ("info", {"why": "<b>"}),
    ],
)
def test_values_outside_their_domain_are_refused(heatmap, page, name, value):
    before = heatmap.get_state()
    page.write(heatmap, **{name: value})
    assert heatmap.error
    assert {**heatmap.get_state(), "error": ""} == before


def test_no_concept_can_be_chosen_before_there_are_any(lab, page):
    view = gw.IoUHeatmap(lab)
    page.write(view, concept=0)
    assert "there is no such concept" in view.error
    page.write(view, concept=-1, threshold=0.2)
    assert (view.error, view.threshold) == ("", 0.2)


states = st.dictionaries(
    st.sampled_from([*gw.IoUHeatmap.writable, "values", "rows", "info", "_esm"]), plain, max_size=4
)
updates = st.fixed_dictionaries({"method": st.just("update"), "state": states})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(updates, st.lists(buffers, max_size=1))
def test_no_message_escapes_or_leaves_its_domain(heatmap, dissected, page, data, parts):
    source, values = heatmap._esm, heatmap.values
    page.send(heatmap, data, parts)
    assert (heatmap._esm, heatmap.values) == (source, values)
    for name in heatmap.writable:
        heatmap._checked(name, getattr(heatmap, name))
    assert dissected.concept in ("", *STROKES)
    assert all(0 <= unit < 8 for unit in dissected.selection)
