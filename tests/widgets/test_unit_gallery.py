import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

import gan_widgets as gw
from gan_widgets.core.pixels import to_uint8
from gan_widgets.widgets import unit_gallery
from tests.widgets.found import found
from tests.widgets.messages import buffers, plain

EVERYTHING = {"at_least": None, "concept": False, "selected": False, "search": ""}


@pytest.fixture
def dissected(lab):
    lab._land(found=found(states={2: "dead", 5: "tied"}))
    return lab


@pytest.fixture
def gallery(dissected):
    return gw.UnitGallery(dissected)


def unpacked(view):
    """The images and the masks of `pictures`, as a page reads them: {unit: (images, masks)}."""
    sheet, data = view.sheet, np.frombuffer(view.pictures, np.uint8)
    count = int(np.prod(sheet["shape"]))
    images, rest, seen = data[:count].reshape(sheet["shape"]), data[count:], {}
    area = int(np.prod(sheet["grid"])) if sheet["grid"] else 0
    each = -(-area // 8)
    for unit, places in zip(sheet["units"], sheet["places"], strict=True):
        packed, rest = rest[: len(places) * each].reshape(len(places), each), rest[len(places) * each :]
        bits = np.unpackbits(packed, axis=1, bitorder="little")[:, :area].astype(bool)
        seen[unit] = images[places], bits.reshape(len(places), *sheet["grid"])
    return seen


def test_nothing_is_made_before_a_page_asks(gallery):
    assert (gallery.wanted, gallery.sheet, gallery.pictures) == ([], {}, b"")
    assert gallery.info["why"] == ""


def test_the_answer_holds_the_images_and_the_regions_of_just_these_units(gallery, dissected, page):
    page.sent.clear()
    page.write(gallery, wanted=[1, 6])
    (state,) = page.updates(gallery)
    assert state.keys() == {"sheet", "pictures"}
    assert gallery.sheet["units"] == [1, 6]
    assert gallery.sheet["grid"] == [14, 10]
    seen = unpacked(gallery)
    for example in dissected.examples.of(dissected.found, [1, 6], 8):
        images, masks = seen[example.unit]
        assert np.array_equal(images, to_uint8(example.images, -1, 1))
        assert np.array_equal(masks, example.regions)
        at = gallery.sheet["units"].index(example.unit)
        assert gallery.sheet["seeds"][at] == dissected.found.top.seeds[example.unit].tolist()


def test_a_seed_that_units_share_is_sent_once(dissected):
    dissected.found.top.seeds[3] = dissected.found.top.seeds[1][::-1]
    gallery = gw.UnitGallery(dissected, wanted=[1, 3])
    assert gallery.sheet["shape"] == [4, 14, 10, 1]
    assert gallery.sheet["places"][1] == gallery.sheet["places"][0][::-1]
    assert np.array_equal(unpacked(gallery)[3][0], unpacked(gallery)[1][0][::-1])


def test_what_was_shown_is_in_the_state_after_a_reload(gallery, page):
    page.write(gallery, wanted=[0, 4])
    state = gallery.get_state()
    assert state["wanted"] == state["sheet"]["units"] == [0, 4]
    assert len(state["pictures"]) > 65_536


def test_the_state_without_pictures_stays_small_for_512_units(page):
    model = nn.Sequential(nn.Linear(4, 512 * 6), nn.Unflatten(1, (512, 2, 3)), nn.Conv2d(512, 1, 1))
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=2) as lab:
        concepts = {f"a concept with a long name, number {k}": "category" for k in range(400)}
        lab._land(found=found("1", 512, (2, 3), concepts, states={5: "inf"}))
        state = gw.UnitGallery(lab).get_state()
        sent = {name: value for name, value in state.items() if not name.startswith("_")}
        assert len(repr(sent)) < 64_000


def test_scores_are_those_of_the_best_concept(gallery, dissected):
    label, iou, low, high = np.frombuffer(gallery.scores, "<f4").reshape(4, 8)
    for best in dissected.found.best():
        assert gallery.concepts[int(label[best.unit])] == [best.concept, best.category]
        said = np.array([iou[best.unit], low[best.unit], high[best.unit]])
        assert np.allclose(said, [best.iou, best.low, best.high])
    assert label[[2, 5]].tolist() == [-1, -1]
    assert np.isnan(iou[[2, 5]]).all()
    assert gallery.info["states"] == {"dead": [2], "tied": [5]}


def test_a_unit_without_top_images_has_none_and_does_not_stop_the_others(dissected):
    dissected.found.top.seeds[2] = -1
    gallery = gw.UnitGallery(dissected, wanted=[1, 2])
    assert gallery.sheet["seeds"][1] == gallery.sheet["places"][1] == []
    assert unpacked(gallery)[1][1].any()


def test_a_fully_connected_layer_has_images_without_regions(page):
    model = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 30), nn.Unflatten(1, (1, 6, 5)))
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=3) as lab:
        lab._land(found=found("1", 20, (), threshold="iqr"))
        gallery = gw.UnitGallery(lab, wanted=[3])
        assert gallery.info["size"] == gallery.sheet["grid"] == []
        assert gallery.sheet["shape"] == [4, 6, 5, 1]
        assert gallery.picture() is not None


def test_before_a_dissection_it_says_how_to_dissect_and_asks_for_nothing(lab, page):
    gallery = gw.UnitGallery(lab)
    assert "lab.dissect(" in gallery.info["why"]
    assert gallery.picture() is None
    page.write(gallery, wanted=[1, 2])
    assert gallery.sheet["units"] == []
    assert gallery.error == ""


def test_another_dissection_replaces_everything(gallery, dissected, page):
    page.write(gallery, wanted=[0])
    before = gallery.info["key"]
    dissected._land(found=found(seed=5))
    assert gallery.info["key"] > before
    assert (gallery.wanted, gallery.sheet, gallery.pictures) == ([], {}, b"")


def test_a_dissection_of_another_layer_is_not_shown(gallery, dissected):
    dissected._land(dissections={"3": dissected.found})
    dissected.layer = "5"
    assert gallery.scores == b""
    assert "'5' has not been dissected" in gallery.info["why"]
    dissected.layer = "3"
    assert gallery.info["why"] == ""


def test_sliders_and_seeds_leave_it_alone(gallery, dissected, page):
    page.write(gallery, wanted=[0])
    page.sent.clear()
    dissected.edits = [gw.Ablate("3", units=[0])]
    dissected.seeds = [5, 6]
    assert page.updates(gallery) == []


def test_selection_and_concept_are_shared_with_every_view(gallery, dissected, page):
    page.write(gallery, selection=[4, 1], concept=8)
    assert (dissected.selection, dissected.concept) == ((1, 4), "hole")
    dissected.selection, dissected.concept = [2], "ink"
    assert (gallery.selection, gallery.concept) == ([2], 0)
    dissected.concept = "no such thing"
    assert gallery.concept == -1
    page.write(gallery, concept=-1)
    page.write(gallery, concept=1)
    page.write(gallery, concept=-1)
    assert dissected.concept == ""


def test_changed_weights_are_refused_in_the_banner_and_the_page_is_told(model, dissected, page):
    dissected._land(found=found(seed=3))
    dissected.found.provenance["weights"] = "0" * 64
    gallery = gw.UnitGallery(dissected)
    page.sent.clear()
    page.write(gallery, wanted=[0, 3])
    assert "the weights have changed since this dissection" in gallery.error
    (state,) = page.updates(gallery)
    assert state["sheet"]["failed"] == [0, 3]
    assert state["wanted"] == gallery.wanted == []
    page.write(gallery, sort="number")
    assert gallery.error == ""


def test_the_same_units_can_be_asked_for_again_after_they_failed(gallery, model, page):
    hook = model[4].register_forward_pre_hook(lambda *_: 1 / 0)
    for _ in range(2):
        page.sent.clear()
        page.write(gallery, wanted=[1, 3])
        (state,) = page.updates(gallery)
        assert state["sheet"]["failed"] == [1, 3]
        assert state["wanted"] == []
        page.write(gallery, sort="number")
    hook.remove()
    page.write(gallery, wanted=[1, 3])
    assert gallery.error == ""
    assert (gallery.sheet["units"], gallery.sheet["failed"]) == ([1, 3], [])


def test_a_broken_model_is_told_and_what_was_there_stays(gallery, model, page):
    page.write(gallery, wanted=[0])
    before = gallery.pictures
    model[4].weight.data = model[4].weight.data[:, :, :1]
    model[4].register_forward_pre_hook(lambda *_: 1 / 0)
    page.write(gallery, wanted=[1])
    assert "ZeroDivisionError" in gallery.error
    assert gallery.pictures == before
    assert gallery.sheet["failed"] == [1]
    assert gallery.sheet["units"] == [0]


def test_the_picture_shows_ranked_units_only(gallery):
    picture = Image.open(io.BytesIO(gallery.picture()))
    rows, columns = 2, 3
    assert picture.size == (columns * 250 + 10, rows * 98 + 10)


def test_names_are_cut_and_never_trusted(dissected):
    names = {"<img src=x onerror=alert(1)>" * 40: "c" * 500, "\u202eleft\n": "ink"}
    dissected._land(found=found(concepts=names))
    gallery = gw.UnitGallery(dissected)
    assert max(len(text) for pair in gallery.concepts for text in pair) <= 120
    assert gallery.picture() is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sort", "index"),
        ("region", "on"),
        ("only", {"at_least": 2}),
        ("only", {"at_least": True}),
        ("only", {"search": 3}),
        ("only", {"search": "x" * 201}),
        ("only", {"concept": "hole"}),
        ("only", {"colour": True}),
        ("only", None),
        ("selection", [8]),
        ("concept", 11),
        ("concept", "hole"),
        ("wanted", [8]),
        ("wanted", [0] * 65),
        ("wanted", {"0": 1}),
    ],
)
def test_values_outside_their_domain_are_refused(gallery, page, name, value):
    before = gallery.get_state()
    page.write(gallery, **{name: value})
    assert gallery.error
    assert {**gallery.get_state(), "error": ""} == before


def test_keywords_are_checked_and_what_is_left_out_is_off(dissected):
    gallery = gw.UnitGallery(dissected, sort="category", region="light", only={"at_least": 0.1})
    assert gallery.only == {**EVERYTHING, "at_least": 0.1}
    assert "ranked=6, sort='category'" in repr(gallery)
    with pytest.raises(ValueError, match="64 at most"):
        gw.UnitGallery(dissected, wanted=[0] * 65)


names = st.sampled_from([*gw.UnitGallery.writable, "sheet", "pictures", "info", "_esm", "q"])
parts = st.dictionaries(st.sampled_from([*EVERYTHING, "x"]), plain, max_size=3)
updates = st.fixed_dictionaries(
    {"method": st.just("update"), "state": st.dictionaries(names, plain | parts, max_size=3)},
    optional={"buffer_paths": st.lists(st.lists(names | st.integers(0, 2), max_size=2), max_size=2)},
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(updates, st.lists(buffers, max_size=2))
def test_no_message_escapes_or_leaves_its_domain(dissected, page, data, buffers):
    view = next(iter(dissected._followers.values()), None) or gw.UnitGallery(dissected)
    source = view._esm, view.info, view.scores
    page.send(view, data, buffers)
    assert (view._esm, view.info, view.scores) == source
    for name in view.writable:
        view._checked(name, getattr(view, name))
    assert all(0 <= unit < 8 for unit in dissected.selection)
    assert dissected.concept in ("", *dissected.found.concepts)


def test_at_most_eight_images_of_a_unit_are_shown(dissected):
    dissected._land(found=found(top=12))
    gallery = gw.UnitGallery(dissected, wanted=[0])
    assert gallery.info["top"] == len(gallery.sheet["seeds"][0]) == unit_gallery.SHOWN == 8
