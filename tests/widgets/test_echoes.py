"""Pages that wrote while the kernel was busy end up showing what the kernel holds."""

import numpy as np
import pytest

import gan_widgets as gw

UNSHARED = {"strengths", "preview", "threshold", "wanted", "only", "_asked"}


def news(page, view, name):
    """What this page was told of a trait, in order, with how."""
    sent = [data for comm, kind, data, _ in page.sent if comm == view.model_id and kind == "comm_msg"]
    return [(data["method"], data["state"][name]) for data in sent if name in data["state"]]


def test_two_views_that_chose_at_once_agree_with_the_kernel_in_the_end(lab, page):
    """Both wrote before either was heard: the sliders' page gets the grid's choice after its own."""
    grid, sliders = gw.ActivationGrid(lab), gw.AblationSliders(lab)
    page.sent.clear()
    page.write(grid, selection=[1])
    page.write(sliders, selection=[2])
    assert list(lab.selection) == [2]
    assert news(page, sliders, "selection") == [("update", [1]), ("echo_update", [2])]
    assert news(page, grid, "selection") == [("echo_update", [1]), ("update", [2])]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (gw.ActivationGrid, "sample", 2),
        (gw.ActivationGrid, "sort", "mean"),
        (gw.LayerPicker, "layer", "5"),
        (gw.AblationSliders, "value", "mean"),
    ],
)
def test_an_accepted_write_is_echoed_before_anything_else_is_said_of_it(lab, page, kind, name, value):
    view = kind(lab)
    page.sent.clear()
    page.write(view, **{name: value})
    assert news(page, view, name)[0] == ("echo_update", value)


def test_a_refused_write_is_not_echoed_and_what_holds_is_sent(lab, page):
    grid = gw.ActivationGrid(lab)
    page.sent.clear()
    page.write(grid, selection=[99])
    assert news(page, grid, "selection") == [("update", [])]


def test_what_a_hand_drags_is_not_echoed(lab, page):
    sliders = gw.AblationSliders(lab)
    page.sent.clear()
    page.write(sliders, preview={"units": [1], "strength": 0.5})
    page.write(sliders, strengths=np.eye(8, dtype="<f4")[1].tobytes(), preview=None)
    methods = {data["method"] for _, kind, data, _ in page.sent if kind == "comm_msg"}
    assert "echo_update" not in methods
    views = (gw.ActivationGrid, gw.AblationSliders, gw.LayerPicker, gw.IoUHeatmap, gw.UnitGallery)
    silent = {
        name
        for view in views
        for name in view.writable
        if view.class_traits()[name].metadata.get("echo_update") is False
    }
    assert silent == UNSHARED
