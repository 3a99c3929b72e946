import base64
import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ipywidgets import Layout
from ipywidgets.widgets import widget as live

import gan_widgets as gw
from gan_widgets.control import cells
from gan_widgets.core.errors import CallError, FrontEndError
from tests.widgets.messages import buffers, messages

VIEWS = [gw.ActivationGrid, gw.AblationSliders, gw.LayerPicker, gw.IoUHeatmap, gw.UnitGallery]
WIDGET = "application/vnd.jupyter.widget-view+json"


def synced(view):
    """Every synced trait but those that tell of messages, as a value that can be compared."""
    told = ("error", "status", "answers")
    return {key: value for key, value in view.get_state().items() if key not in told}


@pytest.mark.parametrize("kind", VIEWS)
def test_an_unknown_keyword_is_named_with_those_that_are_known(lab, kind):
    with pytest.raises(CallError) as raised:
        kind(lab, colour="red")
    text = str(raised.value)
    assert f"{kind.__name__} has no keyword 'colour'" in text
    assert "layout" in text
    assert "next:" in text
    assert all((name in text) != name.startswith("_") for name in kind.writable)


@pytest.mark.parametrize("kind", VIEWS)
def test_a_view_wants_a_controller(model, kind):
    with pytest.raises(CallError, match=r"shows a controller(.|\n)*got: Sequential(.|\n)*gw.attach"):
        kind(model)


@pytest.mark.parametrize("kind", VIEWS)
def test_a_missing_bundle_says_what_to_run(lab, kind, bundles):
    (bundles / f"{kind.stem}.css").unlink()
    with pytest.raises(FrontEndError) as raised:
        kind(lab)
    assert f"no {kind.stem}.css" in str(raised.value)
    assert "make build" in str(raised.value)
    assert "npm --prefix js ci && npm --prefix js run build" in str(raised.value)


@pytest.mark.parametrize("kind", VIEWS)
def test_a_view_has_at_most_twelve_synced_traits_of_its_own(lab, kind):
    own = [key for key in kind(lab).keys if not key.startswith("_")]
    assert len(set(own) - {"layout", "tabbable", "tooltip"}) <= 12


@pytest.mark.parametrize("kind", VIEWS)
def test_a_view_opens_with_all_of_its_state_in_one_message(lab, page, kind):
    page.sent.clear()
    view = kind(lab)
    mine = [data for comm, _, data, _ in page.sent if comm == view.model_id]
    assert len(mine) == 1
    assert mine[0]["state"]["_esm"] == f"export default {{ /* {kind.stem} */ }}"
    assert mine[0]["state"]["_css"] == f".{kind.stem} {{}}"


@pytest.mark.parametrize("kind", VIEWS)
def test_closing_gives_back_the_view_its_layout_and_its_place(lab, kind):
    before = set(live._instances)
    view = kind(lab)
    assert len(set(live._instances) - before) == 1
    assert view.layout.width is None
    assert len(set(live._instances) - before) == 2
    view.close()
    view.close()
    assert set(live._instances) == before
    assert lab._followers == {}
    lab.edits = [gw.Ablate("3", units=[1])]
    assert "closed" in repr(view)


def test_a_layout_is_made_and_sent_when_it_is_asked_for(lab, page):
    view = gw.LayerPicker(lab)
    assert view.get_state()["layout"] is None
    page.updates(view)
    view.layout.width = "50%"
    known = f"IPY_MODEL_{view.layout.model_id}"
    assert page.updates(view) == [{"layout": known}]
    assert view.get_state()["layout"] == known
    given = gw.LayerPicker(lab, layout={"width": "20em"})
    assert given.get_state()["layout"] == f"IPY_MODEL_{given.layout.model_id}"


def test_closing_the_controller_closes_its_views(lab):
    views = [kind(lab) for kind in VIEWS]
    lab.close()
    assert all(view.comm is None for view in views)


def test_a_layout_of_the_users_is_left_open(lab):
    layout = Layout(width="50%")
    gw.LayerPicker(lab, layout=layout).close()
    assert layout.comm is not None
    layout.close()
    gw.LayerPicker(lab, layout={"width": "50%"}).close()


def test_a_view_that_cannot_be_made_leaves_nothing(lab):
    before = set(live._instances)
    with pytest.raises(ValueError, match="not one of the choices"):
        gw.ActivationGrid(lab, sort="colour")
    gc.collect()
    assert set(live._instances) == before
    assert lab._followers == {}


def test_a_closed_view_is_collected(lab, page):
    view = gw.AblationSliders(lab)
    view.close()
    page.comms.clear()
    gone = weakref.ref(view)
    del view
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("kind", VIEWS)
def test_the_mimebundle_holds_the_view_a_true_picture_and_a_stable_text(lab, kind):
    view = kind(lab)
    data, _ = view._repr_mimebundle_()
    assert data[WIDGET]["model_id"] == view.model_id
    assert data["text/plain"] == repr(view)
    assert "0x" not in repr(view)
    assert "layer='3'" in repr(view)
    if kind in (gw.LayerPicker, gw.IoUHeatmap, gw.UnitGallery):  # nothing to show before a dissection
        assert "image/png" not in data
    else:
        assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_drawn_does_not_hide_the_view(lab, monkeypatch):
    view = gw.ActivationGrid(lab)
    monkeypatch.setattr(type(view), "picture", lambda self: 1 / 0)
    data, _ = view._repr_mimebundle_()
    assert WIDGET in data
    assert "image/png" not in data
    assert "ZeroDivisionError" in view.error


def test_running_a_cell_again_replaces_its_view_of_the_same_kind(lab, monkeypatch):
    monkeypatch.setattr(cells, "_made", {})
    where = iter([("a", "1"), ("a", "1"), ("b", "2"), ("a", "3"), ("a", "3")])
    views = []
    for kind in (gw.LayerPicker, gw.LayerPicker, gw.LayerPicker, gw.ActivationGrid, gw.LayerPicker):
        here = next(where)
        monkeypatch.setattr(cells, "running_cell", lambda here=here: here)
        views.append(kind(lab))
    assert [view.comm is None for view in views] == [True, True, False, False, False]


def test_a_misspelt_trait_is_refused_with_the_nearest(lab):
    with pytest.raises(AttributeError, match=r"has no 'smaple'(.|\n)*sample"):
        gw.ActivationGrid(lab).smaple = 2


@pytest.mark.parametrize("kind", VIEWS)
def test_a_closed_controller_gets_no_views(lab, kind):
    lab.close()
    with pytest.raises(ValueError, match="this controller is closed"):
        kind(lab)


def test_an_observer_that_fails_on_a_front_ends_write_is_shown(lab, page):
    def fail(change):
        raise KeyError("mine")

    view = gw.AblationSliders(lab)
    lab.observe(fail, "edits")
    page.write(view, strengths=np.ones(8, "<f4").tobytes())
    assert view.error == "KeyError: 'mine'"
    assert len(lab.edits) == 1
    assert view.strengths == np.ones(8, "<f4").tobytes()


def test_a_failing_redraw_is_shown_and_other_views_still_follow(lab, monkeypatch):
    broken, whole = gw.ActivationGrid(lab), gw.LayerPicker(lab)
    monkeypatch.setattr(type(broken), "draw", lambda self, names: 1 / 0)
    lab.layer = "5"
    assert broken.error == "ZeroDivisionError: division by zero"
    assert whole.layer == "5"
    assert whole.error == ""


def test_a_refused_write_changes_nothing_says_why_and_sends_the_truth_again(lab, page):
    view = gw.ActivationGrid(lab, sample=2)
    page.sent.clear()
    page.write(view, sample=99, sort="max")
    (state,) = page.updates(view)
    assert (view.sample, view.sort) == (2, "index")
    assert (state["sample"], state["sort"]) == (2, "index")
    assert "there is no such sample" in state["error"]
    assert "from 0 to 4" in state["error"]
    page.write(view, sample=3)
    assert view.error == ""
    assert view.sample == 3


@pytest.mark.parametrize(
    "name", ["_esm", "_css", "maps", "info", "error", "layout", "_view_module", "comm", "nonsense"]
)
def test_a_front_end_cannot_write_what_is_not_its_own(lab, page, name):
    view = gw.ActivationGrid(lab)
    before = synced(view)
    page.write(view, **{name: "alert(1)"})
    assert synced(view) == before
    assert "a front end may not write this" in view.error


@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        [],
        {"method": "update"},
        {"method": "update", "state": None},
        {"method": "update", "state": {"sample": 1}, "buffer_paths": [["sample", "deep"]]},
        {"method": "backdoor"},
        {"method": ["update"]},
        {"method": "custom"},
        {"method": "custom", "content": {"intent": "format"}},
        {"method": "custom", "content": {"intent": ["undo"]}},
        {"method": "custom", "content": [1]},
    ],
)
def test_a_malformed_message_is_shown_and_never_raised(lab, page, data):
    view = gw.ActivationGrid(lab)
    before = synced(view)
    page.send(view, data, buffers=[b"1234"])
    page.comms[view.model_id].handle_msg({})
    assert synced(view) == before
    assert view.error


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(VIEWS) - 1), messages, st.lists(buffers, max_size=2))
def test_no_message_escapes_or_leaves_its_domain(lab, page, which, data, buffers):
    if not lab._followers:
        for kind in VIEWS:
            kind(lab)
    views = list(lab._followers.values())
    view = views[which]
    source = view._esm, view._css
    page.send(view, data, buffers)
    assert (view._esm, view._css) == source
    for view in views:
        for name in view.writable:
            view._checked(name, getattr(view, name))
    assert len(lab.seeds) == 5
    assert all(0 <= unit < lab.info.units for unit in lab.selection)
    assert len(lab.edits) <= 2


def test_threads_on_one_view_agree_with_the_controller(lab, page):
    view, picker = gw.AblationSliders(lab), gw.LayerPicker(lab)
    failures = []

    def guarded(action):
        def run():
            try:
                for k in range(30):
                    action(k)
            except Exception as error:
                failures.append(error)

        return run

    actions = [
        lambda k: page.write(view, preview={"units": [k % 4], "strength": 0.5}),
        lambda k: page.write(picker, layer="35"[k % 2]),
        lambda k: page.act(view, ["undo", "new samples", "reset"][k % 3]),
        lambda k: setattr(lab, "selection", [k % 4]),
    ]
    threads = [threading.Thread(target=guarded(action)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert view.info["name"] == picker.layer == lab.layer
    assert len(view.strengths) == 4 * lab.info.units
    assert view.selection == list(lab.selection)
