import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw
from gan_widgets.core.pixels import to_uint8


@pytest.fixture
def view(lab):
    return gw.AblationSliders(lab)


def vector(**strengths):
    values = np.zeros(8, "<f4")
    for unit, strength in strengths.items():
        values[int(unit[1:])] = strength
    return values.tobytes()


def pixels(view, data):
    return np.frombuffer(data, np.uint8)[: np.prod(view.shape)].reshape(view.shape)


def test_before_and_after_are_the_pixels_of_the_controller(view, lab):
    assert view.shape == [5, 14, 10, 1]
    assert np.array_equal(pixels(view, view.before), to_uint8(lab.baseline))
    lab.edits = [gw.Ablate("3", units=[0, 1, 2, 3])]
    assert np.array_equal(pixels(view, view.after), to_uint8(lab.images))
    assert not np.array_equal(pixels(view, view.after), pixels(view, view.before))


def test_after_is_padded_only_where_the_server_waits(lab, monkeypatch):
    monkeypatch.setenv("GAN_WIDGETS_NODELAY", "1")
    assert len(gw.AblationSliders(lab).after) == 5 * 14 * 10
    monkeypatch.delenv("GAN_WIDGETS_NODELAY")
    view = gw.AblationSliders(lab)
    assert len(view.after) > 65536
    assert len(view.before) == 5 * 14 * 10


def test_a_drag_previews_and_letting_go_is_one_undo_step(view, lab, page):
    for strength in (0.2, 0.6, 0.9):
        page.write(view, preview={"units": [4], "strength": strength})
        assert lab.pending == (gw.Ablate("3", units=[4], strength=strength),)
        assert np.array_equal(pixels(view, view.after), to_uint8(lab.images))
    assert lab.edits == ()
    assert view.strengths == vector()
    page.act(view, "commit", units=[4], strength=0.9)
    assert lab.edits == (gw.Ablate("3", units=[4], strength=0.9),)
    assert lab.pending is None
    assert view.preview is None
    page.act(view, "undo")
    assert lab.edits == ()
    assert view.strengths == vector()
    assert view.status["can_redo"]
    assert not view.status["can_undo"]


def test_one_slider_message_is_answered_by_one_message_with_only_what_changed(view, page):
    page.sent.clear()
    page.write(view, preview={"units": [4], "strength": 0.5})
    (state,) = page.updates(view)
    assert state.keys() == {"after", "status"} or state.keys() == {"status"}
    page.act(view, "commit", units=[4], strength=0.5)
    (state,) = page.updates(view)
    assert state.keys() <= {"strengths", "_taken", "code", "status"}


def test_letting_go_where_the_preview_was_renders_nothing(view, lab, page, model):
    page.write(view, preview={"units": [4], "strength": 0.37})
    images, forwards = lab.images, []
    handle = model[7].register_forward_hook(lambda *_: forwards.append(1))
    page.act(view, "commit", units=[4], strength=0.37)
    handle.remove()
    assert lab.images is images
    assert forwards == []


def test_ending_a_preview_without_a_commit_shows_the_committed_images(view, lab, page):
    page.write(view, preview={"units": [4], "strength": 1})
    page.write(view, preview=None)
    assert lab.pending is None
    assert pixels(view, view.after).tobytes() == view.before


def test_the_selection_slider_moves_every_chosen_unit(view, lab, page):
    page.write(view, selection=[6, 1, 6])
    assert view.selection == [1, 6]
    assert lab.selection == (1, 6)
    page.write(view, preview={"units": "selection", "strength": 0.25})
    assert lab.pending == (gw.Ablate("3", units=[1, 6], strength=0.25),)


def test_strengths_may_differ_and_are_what_the_hand_meant(view, lab, page):
    page.write(view, strengths=vector(u1=0.3, u6=1))
    assert lab.edits == (gw.Ablate("3", units=[1, 6], strength=(0.3, 1.0)),)
    assert view.strengths == vector(u1=0.3, u6=1)


def test_other_edits_stay_in_their_places(view, lab, page):
    first, own, last = (
        gw.Scale("3", units=[0], factor=2.0),
        gw.Ablate("3", units=[1]),
        gw.Ablate("5", units=[2]),
    )
    masked = gw.Ablate("3", units=[3], mask=torch.ones(7, 5))
    lab.edits = [first, masked, own, last]
    assert view.strengths == vector(u1=1)
    page.write(view, strengths=vector(u1=0.5, u7=0.5))
    assert lab.edits == (first, masked, gw.Ablate("3", units=[1, 7], strength=0.5), last)
    page.write(view, strengths=vector())
    assert lab.edits == (first, masked, last)
    page.write(view, strengths=vector(u0=1))
    assert lab.edits == (first, masked, last, gw.Ablate("3", units=[0]))


def test_reset_takes_every_change_back_in_one_undo_step(view, lab, page):
    edits = (gw.Scale("3", units=[0], factor=2.0), gw.Ablate("3", units=[1]))
    lab.edits = edits
    page.act(view, "reset")
    assert lab.edits == ()
    assert pixels(view, view.after).tobytes() == view.before
    page.act(view, "undo")
    assert lab.edits == edits


def test_every_message_is_answered_by_another_status(view, page):
    for k in range(3):
        page.sent.clear()
        page.write(view, strengths=vector(u4=0.5), preview=None)
        page.write(view, strengths=b"wrong")
        page.act(view, "redo")
        assert [state["status"]["answers"] for state in page.updates(view)] == [
            3 * k + 1,
            3 * k + 2,
            3 * k + 3,
        ]


def test_the_value_choice_is_part_of_the_edit(view, lab, page):
    page.act(view, "become", value="mean")
    assert view.value == "mean"
    assert lab.edits == ()
    page.act(view, "commit", units=[2], strength=1)
    assert lab.edits == (gw.Ablate("3", units=[2], value="mean"),)
    view.value = "resample"
    assert lab.edits == (gw.Ablate("3", units=[2], value="resample"),)
    lab.undo()
    assert view.value == "mean"


def test_the_view_follows_the_layer(view, lab):
    lab.edits = [gw.Ablate("3", units=[1]), gw.Ablate("5", units=[4], strength=0.5)]
    lab.layer = "5"
    assert view.info == {"name": "5", "kind": "ReLU", "units": 5, "size": [14, 10]}
    assert np.frombuffer(view.strengths, "<f4").tolist() == [0, 0, 0, 0, 0.5]
    assert view.selection == []


def test_new_samples_are_the_next_seeds(view, lab, page):
    lab.seeds = [3, 2**32 - 2]
    page.act(view, "new samples")
    assert lab.seeds == (2**32 - 1, 0)
    assert view.status["seeds"] == [2**32 - 1, 0]
    assert view.shape == [2, 14, 10, 1]
    assert len(view.before) == 280


def test_the_code_makes_the_same_images(view, lab, model):
    lab.edits = [
        gw.Ablate("3", units=[1, 5], strength=(0.5, 1.0), value="mean"),
        gw.Scale("5", units=[0], factor=2.0),
    ]
    for seeds in (range(4), [9, 2]):
        lab.seeds = seeds
        names = {"model": model, "latents": lab.latents}
        with torch.no_grad():
            exec(view.code, names)
        torch.testing.assert_close(names["images"], lab.images)


def test_a_render_failure_shows_in_the_banner_and_sliders_go_back(view, lab, page, model):
    def fail(*_):
        raise ZeroDivisionError("no")

    handle = model[7].register_forward_hook(fail)
    page.write(view, strengths=vector(u4=1))
    assert "ZeroDivisionError: no" in view.error
    assert lab.edits == ()
    assert view.strengths == vector()
    handle.remove()
    page.write(view, strengths=vector(u4=1))
    assert view.error == ""
    assert len(lab.edits) == 1


def test_keywords_set_what_a_hand_could(lab):
    view = gw.AblationSliders(lab, value="mean", sort="strength", selection=[2], strengths=vector(u2=1))
    assert lab.edits == (gw.Ablate("3", units=[2], value="mean"),)
    assert lab.selection == (2,)
    assert (view.sort, view.strengths) == ("strength", vector(u2=1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strengths", b""),
        ("strengths", np.full(7, 0.5, "<f4").tobytes()),
        ("strengths", np.full(8, 1.5, "<f4").tobytes()),
        ("strengths", np.full(8, np.nan, "<f4").tobytes()),
        ("strengths", np.full(8, -0.1, "<f4").tobytes()),
        ("preview", {"units": [8], "strength": 0.5}),
        ("preview", {"units": [1], "strength": 1.5}),
        ("preview", {"units": [1], "strength": float("nan")}),
        ("preview", {"units": [1], "strength": True}),
        ("preview", {"units": "all", "strength": 0.5}),
        ("preview", {"units": [1]}),
        ("preview", {"units": [1], "strength": 0.5, "path": "x"}),
        ("value", "gone"),
        ("value", None),
        ("sort", 3),
        ("selection", [1.5]),
        ("selection", [-1]),
        ("selection", list(range(9))),
    ],
)
def test_values_outside_their_domain_are_refused(view, lab, page, name, value):
    before, edits = view.get_state(), lab.edits
    page.write(view, **{name: value})
    assert "got:" in view.error
    assert "allowed:" in view.error
    now = view.get_state()
    assert {**now, "error": "", "status": before["status"]} == before
    assert lab.edits == edits
    assert lab.pending is None


def test_colour_images_and_fully_connected_layers(page):
    model = nn.Sequential(
        nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 3 * 6 * 5), nn.Unflatten(1, (3, 6, 5)), nn.Sigmoid()
    )
    with gw.attach(model, latents=gw.normal(4), layer="1", samples=3, range=(0, 1)) as lab:
        view = gw.AblationSliders(lab)
        assert view.shape == [3, 6, 5, 3]
        assert view.info["size"] == []
        assert np.array_equal(pixels(view, view.before), to_uint8(lab.baseline, 0, 1))
        page.write(view, strengths=np.ones(20, "<f4").tobytes())
        assert not lab.activations.any()
