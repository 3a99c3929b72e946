"""What hands did on the sliders, in every order in which a page's messages may bring it."""

import numpy as np
import pytest

import gan_widgets as gw
from gan_widgets.core.errors import CallError
from tests.widgets.conftest import act


@pytest.fixture
def view(lab):
    return gw.AblationSliders(lab)


def ablated(lab):
    return [(edit.units, edit.strength) for edit in lab.edits]


def test_acts_that_waited_for_an_answer_are_done_in_the_order_of_the_hand(view, lab, page):
    page.write(view, preview={"units": [4], "strength": 0.2})
    commit, undo = act("commit", units=[4], strength=0.9), act("undo")
    # what the page wrote while the move was unanswered, the later value of each trait in place of the earlier
    page.write(view, _asked=[commit, undo], preview=None)
    assert (lab.edits, lab.pending) == ((), None)
    assert view.status["can_redo"]
    page.act(view, "redo")
    assert ablated(lab) == [((4,), 0.9)]


def test_an_act_that_the_page_asks_for_again_is_done_once(view, lab, page):
    acts = [act("commit", units=[unit], strength=0.5) for unit in range(3)]
    for count in (1, 2, 3):
        page.write(view, _asked=acts[:count], preview=None)
    undo = act("undo")
    page.write(view, _asked=[*acts, undo], preview=None)
    page.write(view, _asked=[acts[2], undo], preview=None)
    assert ablated(lab) == [((0, 1), 0.5)]
    assert view._taken == [one["id"] for one in (acts[0], acts[1], acts[2], undo)]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("back", ["undo", "reset"])
def test_a_commit_brings_nothing_back_that_was_undone_before_it(view, lab, page, back, at_once):
    acts = [act("commit", units=[3], strength=1), act(back), act("commit", units=[5], strength=1)]
    for given in [acts] if at_once else [acts[:1], acts[:2], acts[1:]]:
        page.write(view, _asked=given, preview=None)
    assert ablated(lab) == [((5,), 1.0)]
    assert view.strengths == np.eye(8, dtype="<f4")[5].tobytes()


def test_a_move_that_waited_with_an_act_is_shown_on_top_of_it(view, lab, page):
    page.write(
        view,
        preview={"units": [6], "strength": 0.3},
        _asked=[act("commit", units=[3], strength=1), act("undo"), act("commit", units=[5], strength=0.3)],
    )
    assert ablated(lab) == [((5,), 0.3)]
    assert lab.pending == (gw.Ablate("3", units=[5, 6], strength=0.3),)
    assert view.preview == {"units": [6], "strength": 0.3}


def test_an_act_that_was_done_may_name_units_that_another_layer_has_not(view, lab, page):
    commit = act("commit", units=[7], strength=1)
    page.write(view, _asked=[commit], preview=None)
    lab.layer = "5"
    page.write(view, _asked=[commit, act("commit", units=[0], strength=0.5)], preview=None)
    assert view.error == ""
    assert ablated(lab) == [((7,), 1.0), ((0,), 0.5)]


def test_an_act_that_fails_takes_those_after_it_along(view, lab, page, model):
    page.act(view, "commit", units=[1], strength=1)

    def fail(*_):
        raise ZeroDivisionError("no")

    handle = model[7].register_forward_hook(fail)
    acts = [act("commit", units=[2], strength=1), act("undo")]
    page.sent.clear()
    page.write(view, _asked=acts, preview=None)
    handle.remove()
    assert "ZeroDivisionError: no" in view.error
    assert ablated(lab) == [((1,), 1.0)]
    (state,) = page.updates(view)
    assert state["_taken"][-2:] == [one["id"] for one in acts]


def test_only_the_latest_acts_are_remembered(view, lab, page):
    for _ in range(70):
        page.act(view, "undo")
    assert len(view._taken) == 64
    assert view._taken[-1] == view._asked[-1]["id"]


@pytest.mark.parametrize(
    "given",
    [
        "undo",
        [{"id": 1}],
        [{"act": "undo"}],
        [{"id": True, "act": "undo"}],
        [{"id": 2**53, "act": "undo"}],
        [{"id": 1, "act": ["undo"]}],
        [{"id": 1, "act": "format"}],
        [{"id": 1, "act": "undo", "path": "x"}],
        [{"id": 1, "act": "become", "value": "gone"}],
        [{"id": 1, "act": "commit", "units": [8], "strength": 1}],
        [{"id": 1, "act": "commit", "units": "selection", "strength": 1}],
        [{"id": 1, "act": "commit", "units": [1], "strength": float("nan")}],
        [{"id": 1, "act": "commit", "units": [1]}],
        [{"id": k, "act": "undo"} for k in range(65)],
    ],
)
def test_what_is_no_act_is_refused_and_changes_nothing(view, lab, page, given):
    before = view.get_state()
    page.write(view, _asked=given)
    assert "got:" in view.error
    assert "allowed:" in view.error
    assert {**view.get_state(), "error": "", "status": before["status"]} == before
    assert (lab.edits, lab.pending) == ((), None)


def test_acts_are_no_keyword(lab):
    with pytest.raises(CallError, match="has no keyword '_asked'"):
        gw.AblationSliders(lab, _asked=[])
