import base64
import io

import ipywidgets
import numpy as np
import pytest
from ipywidgets.widgets import widget as live
from PIL import Image

import gan_widgets as gw
from gan_widgets.apps.dissect_bar import DissectBar
from gan_widgets.control import cells
from gan_widgets.core.errors import CallError, ControllerError, DissectionError, FrontEndError
from tests.controller.marking import Marks
from tests.controller.test_dissecting import QUIET

WIDGET = "application/vnd.jupyter.widget-view+json"


def views(bench):
    return [bench.picker, bench.heatmap, bench.gallery, bench.grid, bench.sliders]


def test_it_holds_every_view_of_one_controller(lab):
    bench = gw.Workbench(lab, Marks())
    kinds = [gw.LayerPicker, gw.IoUHeatmap, gw.UnitGallery, gw.ActivationGrid, gw.AblationSliders]
    assert all(isinstance(view, kind) for view, kind in zip(views(bench), kinds, strict=True))
    assert isinstance(bench.bar, DissectBar)
    assert all(view.lab is lab for view in [*views(bench), bench.bar])
    shown = set(inside(bench))
    assert shown >= {*views(bench), bench.bar}


def inside(box):
    for child in getattr(box, "children", ()):
        yield child
        yield from inside(child)


def test_a_cell_of_the_heatmap_is_chosen_in_every_view(lab, page):
    bench = gw.Workbench(lab, Marks())
    lab.dissect(Marks(), images=40, **QUIET)
    page.write(bench.heatmap, selection=[2], concept=1)
    assert (lab.selection, lab.concept) == ((2,), "left")
    assert all(view.selection == [2] for view in views(bench)[1:])
    assert bench.heatmap.concept == bench.gallery.concept == 1
    page.write(bench.grid, selection=[0, 5])
    assert all(view.selection == [0, 5] for view in views(bench)[1:])
    page.write(bench.gallery, concept=0)
    assert lab.concept == "bright"
    assert bench.heatmap.concept == 0


def test_another_layer_brings_its_own_dissection_to_every_view(lab, page):
    bench = gw.Workbench(lab, Marks())
    lab.dissect(Marks(), images=40, layer=["3", "5"], **QUIET)
    page.write(bench.picker, layer="5")
    assert bench.heatmap.shape[1:] == [5, 2]
    page.write(bench.picker, layer="1")
    assert bench.heatmap.shape == []
    assert bench.heatmap.info["why"]
    page.write(bench.picker, layer="3")
    assert bench.heatmap.shape[1:] == [8, 2]


def test_strokes_are_looked_for_unless_told_otherwise(lab):
    with_strokes = gw.Workbench(lab)
    assert "strokes(" in with_strokes.bar.children[0].tooltip


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"colour": "red"}, CallError, "Workbench has no keyword 'colour'"),
        ({"segmenter": 7}, DissectionError, "7"),
        ({"images": 3}, ControllerError, "from 4 up"),
        ({"threshold": "otsu"}, ControllerError, "'otsu'"),
    ],
)
def test_what_it_cannot_show_is_refused_and_leaves_nothing(lab, keywords, error, words):
    with pytest.raises(error, match=words) as raised:
        gw.Workbench(lab, **keywords)
    assert all(part in str(raised.value) for part in ("got:", "allowed:", "next:"))
    assert lab._followers == {}


def test_it_wants_a_controller(model):
    with pytest.raises(
        CallError, match=r"Workbench shows a controller(.|\n)*got: Sequential(.|\n)*gw.attach"
    ):
        gw.Workbench(model)


def test_a_missing_front_end_leaves_nothing(lab, bundles):
    (bundles / "ablation_sliders.js").unlink()
    with pytest.raises(FrontEndError, match="ablation_sliders"):
        gw.Workbench(lab, Marks())
    assert lab._followers == {}


def test_closing_gives_back_all_that_it_made(lab):
    before = set(live._instances)
    bench = gw.Workbench(lab, Marks())
    assert len(set(live._instances) - before) > 20
    _ = bench.grid.layout.width
    bench.close()
    bench.close()
    assert set(live._instances) == before
    assert lab._followers == {}
    assert "closed" in repr(bench)
    lab.edits = [gw.Ablate("3", units=[1])]


def test_closing_the_controller_closes_it(lab):
    before = set(live._instances)
    gw.Workbench(lab, Marks())
    lab.close()
    assert set(live._instances) == before


def test_a_layout_of_the_users_is_taken_and_left_open(lab):
    layout = ipywidgets.Layout(width="50%")
    bench = gw.Workbench(lab, Marks(), layout=layout)
    assert bench.layout is layout
    bench.close()
    assert layout.comm is not None
    layout.close()
    assert gw.Workbench(lab, Marks(), layout={"max_width": "900px"}).layout.max_width == "900px"


def test_running_its_cell_again_replaces_it(lab, monkeypatch):
    monkeypatch.setattr(cells, "_made", {})
    where = iter([("a", "1")] * 30)
    monkeypatch.setattr(cells, "running_cell", lambda: next(where))
    first = gw.Workbench(lab, Marks())
    one = len(live._instances)
    monkeypatch.setattr(cells, "running_cell", lambda: ("b", "2"))
    other = gw.LayerPicker(lab)
    monkeypatch.setattr(cells, "running_cell", lambda: ("a", "3"))
    again = gw.Workbench(lab, Marks())
    assert first.comm is None
    assert again.comm is not None
    assert other.comm is not None
    assert len(live._instances) == one + 1


def test_the_mimebundle_holds_the_live_box_one_picture_and_a_stable_text(lab):
    bench = gw.Workbench(lab, Marks())
    assert repr(bench) == "Workbench(layer='3', units=8, not dissected)"
    lab.dissect(Marks(), images=40, **QUIET)
    data = bench._repr_mimebundle_()
    assert data[WIDGET]["model_id"] == bench.model_id
    assert data["text/plain"] == repr(bench) == "Workbench(layer='3', units=8, 2 concepts in 40 images)"
    page = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    heatmap, gallery, grid, sliders = (Image.open(io.BytesIO(view.still())) for view in views(bench)[1:])
    right = 16 + heatmap.width
    assert heatmap.height > gallery.height
    for still, corner in ((heatmap, (8, 8)), (gallery, (right, 8)), (grid, (right, 16 + gallery.height))):
        assert np.array_equal(cut(page, corner, still), np.asarray(still.convert("RGB")))
    assert page.height < heatmap.height + gallery.height + grid.height + sliders.height


def cut(page, corner, still):
    left, top = corner
    return np.asarray(page)[top : top + still.height, left : left + still.width]


def test_a_picture_that_cannot_be_drawn_is_left_out_and_its_view_says_why(lab, monkeypatch):
    bench = gw.Workbench(lab, Marks())
    whole = bench._repr_mimebundle_()["image/png"]
    monkeypatch.setattr(type(bench.grid), "picture", lambda self: 1 / 0)
    data = bench._repr_mimebundle_()
    assert data["image/png"] != whole
    assert "ZeroDivisionError" in bench.grid.error
    for kind in {type(view) for view in views(bench)}:
        monkeypatch.setattr(kind, "picture", lambda self: None)
    assert "image/png" not in bench._repr_mimebundle_()
