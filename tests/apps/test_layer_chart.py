import base64
import io

import numpy as np
import pytest
from ipywidgets.widgets import widget as live
from PIL import Image

import gan_widgets as gw
from gan_widgets.control import cells
from gan_widgets.core.errors import CallError, ControllerError
from gan_widgets.dissect.summary import Summary
from tests.controller.marking import Marks
from tests.controller.test_dissecting import QUIET

WIDGET = "application/vnd.jupyter.widget-view+json"


class Made:
    """A dissection of 64 units of which only the summary is known."""

    def __init__(self, per_category, concepts=0, complete=True):
        self.per_category, self.concepts, self.complete = per_category, concepts, complete
        self.asked = []

    def summary(self, at_least):
        self.asked.append(at_least)
        units = sum(self.per_category.values())
        per_concept = {f"c{k}": 1 for k in range(1, self.concepts)}
        if self.concepts:
            per_concept["c0"] = units - len(per_concept)
        return Summary(at_least, 64, 60, per_concept, self.per_category)


@pytest.fixture
def chart(page):
    chart = gw.LayerChart(
        {
            "early": Made({"ink": 3}, concepts=1),
            "late": Made({"place": 12, "ink": 5, "topology": 1}, concepts=4),
            "none": Made({}),
        }
    )
    yield chart
    chart.close()


def marks(chart):
    bars, inside, units, concepts, squares, legend = chart.children[0].marks
    return bars, inside, (units, concepts), (squares, legend)


def test_bars_are_the_summaries_the_largest_category_below(chart):
    bars, *_ = marks(chart)
    assert list(bars.x) == ["early", "late", "none"]
    assert bars.y.tolist() == [[0, 12, 0], [3, 5, 0], [0, 1, 0]]
    assert len(set(bars.colors)) == 3


def test_numbers_stand_in_the_bars_that_have_room_and_above_all(chart):
    _, inside, (units, concepts), _ = marks(chart)
    assert dict(zip(zip(inside.x, inside.y, strict=True), inside.text, strict=True)) == {
        ("late", 6.0): "12",
        ("early", 1.5): "3",
        ("late", 14.5): "5",
    }
    assert list(units.text) == ["3 units", "18 units", "0 units"]
    assert list(concepts.text) == ["1 concept", "4 concepts", "0 concepts"]
    assert list(units.y) == list(concepts.y) == [3, 18, 0]


def test_the_legend_names_the_categories_in_the_order_of_the_bars(chart):
    bars, _, _, (squares, legend) = marks(chart)
    assert list(legend.text) == ["place", "ink", "topology"]
    assert squares.colors == bars.colors
    assert np.all(np.diff(legend.y) > 0)
    assert np.array_equal(squares.y, legend.y)


def test_numbers_can_be_read_on_every_colour(page):
    def light(color):
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear)) + 0.05

    chart = gw.LayerChart({"a": Made({str(k): 5 for k in range(10)}, concepts=10)})
    bars, inside, _, _ = marks(chart)
    assert len(inside.text) == len(inside.colors) == len(bars.colors) == 10
    for ink, ground in zip(inside.colors, bars.colors, strict=True):
        assert max(light(ink), light(ground)) / min(light(ink), light(ground)) >= 4.5
    chart.close()


def test_the_table_says_the_same(chart):
    assert chart.text().splitlines() == [
        "units with IoU ≥ 0.05, by category of their best concept",
        "       place  ink  topology  units  of  concepts",
        "early      0    3         0      3  64         1",
        "late      12    5         1     18  64         4",
        "none       0    0         0      0  64         0",
    ]
    data = chart._repr_mimebundle_()
    assert data["text/plain"] == chart.text()
    assert data[WIDGET]["model_id"] == chart.model_id
    assert repr(chart) == "LayerChart('early', 'late', 'none', at_least=0.05)"


def test_the_picture_has_bars_as_high_as_their_numbers(chart):
    png = base64.b64decode(chart._repr_mimebundle_()["image/png"])
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    bars, *_ = marks(chart)
    columns = []
    for color in bars.colors:
        there = (pixels == [int(color[k : k + 2], 16) for k in (1, 3, 5)]).all(axis=2)
        columns.append(there[:, : there.shape[1] - 160].sum(axis=0))  # without the legend
    whole = 220 / 18
    place, ink, topology = (column.max() for column in columns)
    assert [place, ink, topology] == pytest.approx([12 * whole, 5 * whole, 1 * whole], abs=1)
    early = np.flatnonzero(columns[1])[0]
    assert [column[early] for column in columns] == pytest.approx([0, 3 * whole, 0], abs=1)


def test_without_a_dissection_there_is_no_picture(page):
    for given in ({}, {"a": Made({}, complete=False)}):
        chart = gw.LayerChart(given)
        assert ("image/png" in chart._repr_mimebundle_()) == bool(given)
        chart.close()


def test_at_least_is_asked_for(page):
    found = Made({})
    gw.LayerChart({"a": found}, at_least=0.2).close()
    gw.LayerChart({"a": found}, at_least=0).close()
    assert found.asked == [0.2, 0.0]


def test_what_was_cut_short_and_long_names_are_said_to_be(page):
    names = {"generator.blocks.12.residual.conv": Made({"a" * 40: 2}, 1), "net.6": Made({}, complete=False)}
    chart = gw.LayerChart(names)
    labels = chart.children[0].axes[0].tick_labels
    assert list(labels.values()) == ["…ks.12.residual.conv", "net.6 (cut short)"]
    assert "net.6 (cut short)" in chart.text()
    assert list(marks(chart)[3][1].text) == ["a" * 15 + "…"]
    chart.close()


def test_many_long_names_are_slanted(page):
    def rotated(count):
        chart = gw.LayerChart({f"generator.{k}": Made({}) for k in range(count)})
        figure = chart.children[0]
        state = figure.axes[0].tick_rotate, figure.fig_margin["bottom"], figure.layout.height
        chart.close()
        return state

    assert rotated(2) == (0, 36, "336px")
    assert rotated(8) == (-25, 90, "390px")


def test_it_follows_the_dissections_of_a_controller(lab):
    chart = gw.LayerChart(lab, at_least=0)
    assert repr(chart) == "LayerChart(nothing dissected, at_least=0)"
    assert chart.text() == f"{chart!r}: nothing has been dissected yet"
    assert chart.children[0].title == "Nothing has been dissected yet"
    assert chart.children[0].axes == []
    lab.dissect(Marks(), images=40, layer="5", **QUIET)
    lab.dissect(Marks(), images=40, layer="3", **QUIET)
    bars, _, (units, concepts), (_, legend) = marks(chart)
    summaries = [lab.dissections[layer].summary(0.0) for layer in ("3", "5")]
    assert list(bars.x) == ["3", "5"]
    assert bars.y.tolist() == [[s.per_category.get(c, 0) for s in summaries] for c in legend.text]
    assert bars.y.sum() > 0
    assert [int(text.split()[0]) for text in units.text] == [s.units for s in summaries]
    assert [int(text.split()[0]) for text in concepts.text] == [s.unique for s in summaries]
    assert chart.children[0].title == ""
    assert len(chart.children[0].axes) == 2


def test_it_is_not_drawn_for_what_does_not_concern_it(lab, page):
    gw.LayerChart(lab)
    page.sent.clear()
    lab.edits = [gw.Ablate("3", units=[1])]
    lab.layer = "5"
    assert page.sent == []


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "words"),
    [
        ((7,), {}, CallError, "got: int"),
        (([],), {}, CallError, "got: list"),
        (({"a": 1},), {}, CallError, "got: dict"),
        (({},), {"colour": "red"}, CallError, "LayerChart has no keyword 'colour'"),
        (({}, 1.5), {}, ControllerError, "1.5"),
        (({}, True), {}, ControllerError, "True"),
        (({}, float("nan")), {}, ControllerError, "nan"),
    ],
)
def test_what_it_cannot_show_is_refused(page, arguments, keywords, error, words):
    with pytest.raises(error, match=words) as raised:
        gw.LayerChart(*arguments, **keywords)
    assert all(part in str(raised.value) for part in ("got:", "allowed:", "next:"))


def test_closing_gives_back_figure_marks_axes_scales_and_layouts(lab):
    before = set(live._instances)
    chart = gw.LayerChart(lab)
    lab.dissect(Marks(), images=40, **QUIET)
    assert len(set(live._instances) - before) > 10
    chart.close()
    chart.close()
    assert set(live._instances) == before
    assert lab._followers == {}


def test_running_its_cell_again_replaces_it(page, monkeypatch):
    monkeypatch.setattr(cells, "_made", {})
    charts = []
    for execution in ("1", "2"):
        monkeypatch.setattr(cells, "running_cell", lambda execution=execution: ("a", execution))
        charts.append(gw.LayerChart({"a": Made({})}))
    assert [chart.comm is None for chart in charts] == [True, False]
    charts[1].close()
