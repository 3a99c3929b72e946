"""Which layers have units that stand for something, and for what kind of thing."""

from collections.abc import Iterable, Mapping
from typing import Any

import bqplot
import numpy as np
from ipywidgets import Widget

from gan_widgets.apps._app import App
from gan_widgets.apps._layer_chart_picture import many, picture_of
from gan_widgets.control.lab import Controller
from gan_widgets.core.errors import CallError, ControllerError, problem
from gan_widgets.dissect.result import Dissection
from gan_widgets.dissect.summary import Summary
from gan_widgets.widgets._letters import cut, cut_before

COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
"""Okabe and Ito's, which differ for every kind of colour vision; used again from the start after the last."""
_ON_WHITE = (
    "#0072b2"  # the only one dark enough for white numbers; on the others black has a contrast above 5
)
_INK = "var(--jp-content-font-color1, #444444)"
_UP = "interpretable units"
_LONGEST = 20  # letters of a name along the axis
_WIDEST = 16  # letters of a category in the legend
_ALONG = 48  # letters along the axis that have room without a slant on a narrow page
_MARGIN = {"top": 32, "bottom": 36, "left": 56, "right": 150}
_LEAST = 0.06  # of the highest bar: a lower part has no room for its number


class LayerChart(App):
    """Interpretable units per layer, stacked by category, with how many concepts they stand for.

        gw.LayerChart(lab)                                            # follows lab.dissections
        gw.LayerChart({"trained": found, "untrained": found.untrained}, at_least=0.05)

    A unit counts once, by its best concept, if its IoU with that is `at_least`: Bau et al., "GAN Dissection"
    (arXiv 1811.10597), section 4.1. Dissections that were cut short are marked. `layout` may follow.

    Raises `CallError` for what is neither a controller nor a mapping of names to dissections and for unknown
    keywords, ControllerError unless `at_least` is a number from 0 to 1.
    """

    arranged = {"display": "flex", "flex_flow": "column", "width": "100%"}  # noqa: RUF012  (never changed)

    def __init__(
        self,
        source: Controller | Mapping[str, Dissection],
        at_least: float = 0.05,
        **keywords: Any,  # noqa: ANN401  (checked by the base)
    ) -> None:
        self._at_least = _share(at_least)
        self._given = {} if isinstance(source, Controller) else _checked(source)
        super().__init__(source if isinstance(source, Controller) else None, keywords)

    def draw(self, names: Iterable[str]) -> None:
        """Draw the bars, if another layer was dissected."""
        if "dissections" not in names:
            return
        counted = self._summaries()
        layers, categories = [*counted], _categories(counted)
        heights = _heights(counted, categories)
        colors = [COLORS[row % len(COLORS)] for row in range(len(heights))]
        with self._bars.hold_sync():  # bqplot's page fails on bars without heights
            self._bars.x, self._bars.y, self._bars.colors = layers, heights, colors
        self._draw_numbers(layers, heights, colors)
        totals = heights.sum(axis=0)
        self._up.scale.max = 1.2 * max(4.0, totals.max(initial=0.0))  # room for the words above the bars
        self._up.tick_values = _ticks(totals.max(initial=0.0))
        for mark, texts in zip(
            self._above,
            (
                [many(summary.units, "unit") for summary in counted.values()],
                [many(summary.unique, "concept") for summary in counted.values()],
            ),
            strict=True,
        ):
            mark.x, mark.y, mark.text = layers, totals, texts
        named = {name: self._named(name) for name in layers}
        # bqplot lets names run into each other
        slanted = max(map(len, named.values()), default=0) * len(named) > _ALONG
        self._across.tick_labels, self._across.tick_rotate = named, -25 if slanted else 0
        self._across.tick_style = {"text-anchor": "end" if slanted else "middle"}
        bottom = 90 if slanted else 36
        self._figure.fig_margin = {**_MARGIN, "bottom": bottom}
        self._figure.layout.height = f"{300 + bottom}px" if layers else "80px"
        self._figure.axes = [self._across, self._up] if layers else []
        self._figure.title = "" if layers else "Nothing has been dissected yet"
        place = 0.95 - 0.08 * np.arange(len(categories))[::-1].copy()
        squares, names = ["■"] * len(categories), [cut(category, _WIDEST) for category in categories]
        for mark, texts in zip(self._legend, (squares, names), strict=True):
            mark.x, mark.y, mark.text = np.ones(len(categories)), place, texts
        self._legend[0].colors = colors

    def picture(self) -> bytes | None:
        """Return the bars as one PNG; None when nothing was dissected."""
        counted = self._summaries()
        if not counted:
            return None
        categories = _categories(counted)
        heights = _heights(counted, categories)[: len(categories)]
        colors = {category: COLORS[row % len(COLORS)] for row, category in enumerate(categories)}
        named = [(self._named(name), summary) for name, summary in counted.items()]
        ticks = _ticks(heights.sum(axis=0).max(initial=0.0))
        title = self._title().replace("≥", "of at least")  # the font of pictures has no such sign
        return picture_of(named, heights, ticks, colors, title)

    def text(self) -> str:
        """Return the numbers as a table."""
        counted = self._summaries()
        if not counted:
            return f"{self!r}: nothing has been dissected yet"
        categories = _categories(counted)
        rows = [["", *categories, "units", "of", "concepts"]]
        for name, summary in counted.items():
            own = [summary.per_category.get(category, 0) for category in categories]
            rows.append([self._named(name), *map(str, (*own, summary.units, summary.of, summary.unique))])
        wide = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = [
            "  ".join(
                [row[0].ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(row[1:], wide[1:], strict=True))]
            )
            for row in rows
        ]
        return "\n".join([self._title(), *lines])

    def _title(self) -> str:
        return f"units with IoU ≥ {self._at_least:g}, by category of their best concept"

    def _build(self) -> list[Widget]:
        own = self._own
        x, y = own(bqplot.OrdinalScale()), own(bqplot.LinearScale(min=0.0, allow_padding=False))
        data = {"scales": {"x": x, "y": y}}
        one = {"min": 0.0, "max": 1.0}
        place = {"scales": {axis: own(bqplot.LinearScale(**one)) for axis in "xy"}, "apply_clip": False}
        # arrays from the start on: bqplot's page fails on those that come later
        text = {"x": [], "y": [], "text": [], "font_weight": "normal", "default_size": 12.0, "colors": [_INK]}

        self._bars = own(bqplot.Bars(**data, type="stacked", padding=0.3, stroke_width=0.0, interactions={}))
        inside = {**text, "default_size": 11.0}
        self._inside = own(bqplot.Label(**data, **inside, align="middle", y_offset=4))
        self._above = [
            own(bqplot.Label(**data, **text, align="middle", y_offset=offset)) for offset in (-24, -10)
        ]
        self._legend = [own(bqplot.Label(**place, **text, x_offset=offset)) for offset in (16, 34)]
        self._across = own(bqplot.Axis(scale=x, grid_lines="none"))
        self._up = own(bqplot.Axis(scale=y, side="left", tick_format="d", label_color=_INK, label=_UP))
        self._figure = own(
            bqplot.Figure(
                marks=[self._bars, self._inside, *self._above, *self._legend],
                title_style={"fill": _INK},
                padding_y=0.0,
                display_toolbar=False,
                layout={"width": "100%", "min_width": "0"},
            )
        )
        self.draw({"dissections"})
        return [self._figure]

    def _draw_numbers(self, layers: list[str], heights: np.ndarray, colors: list[str]) -> None:
        """Write each part's number into it, where there is room."""
        rows, columns = np.nonzero(heights >= max(1.0, _LEAST * heights.sum(axis=0).max(initial=0.0)))
        middles = heights.cumsum(axis=0) - heights / 2
        inks = ["#ffffff" if colors[row] == _ON_WHITE else "#000000" for row in rows]
        self._inside.colors = inks or ["#000000"]
        self._inside.x, self._inside.y = [layers[column] for column in columns], middles[rows, columns]
        self._inside.text = [f"{heights[cell]:.0f}" for cell in zip(rows, columns, strict=True)]

    def _summaries(self) -> dict[str, Summary]:
        return {name: found.summary(self._at_least) for name, found in self._shown().items()}

    def _shown(self) -> Mapping[str, Dissection]:
        shown: Mapping[str, Dissection] = self._given if self._lab is None else self._lab.dissections
        return shown

    def _named(self, name: str) -> str:
        shown = cut_before(name, _LONGEST)
        return shown if self._shown()[name].complete else f"{shown} (cut short)"

    def _summary(self) -> str:
        return f"{', '.join(map(repr, self._shown())) or 'nothing dissected'}, at_least={self._at_least:g}"


def _categories(counted: Mapping[str, Summary]) -> list[str]:
    """Return the categories that any unit stands for, those with the most units first."""
    totals: dict[str, int] = {}
    for summary in counted.values():
        for category, units in summary.per_category.items():
            totals[category] = totals.get(category, 0) + units
    return sorted(totals, key=lambda category: (-totals[category], category))


def _heights(counted: Mapping[str, Summary], categories: list[str]) -> np.ndarray:
    """Return how many units there are, `(categories, layers)`; a row of 0 without any category."""
    heights = np.zeros((max(1, len(categories)), len(counted)))
    for row, category in enumerate(categories):
        heights[row] = [summary.per_category.get(category, 0) for summary in counted.values()]
    return heights


def _ticks(highest: float) -> list[int]:
    """Return whole numbers from 0 to `highest` and at most seven of them.

    >>> _ticks(3), _ticks(31), _ticks(260)
    ([0, 1, 2, 3], [0, 10, 20, 30], [0, 50, 100, 150, 200, 250])
    """
    step = next(s for k in range(10) for s in (10**k, 2 * 10**k, 5 * 10**k) if highest / s <= 6)
    return list(range(0, int(highest) + 1, step))


def _share(value: Any) -> float:  # noqa: ANN401  (anything may be passed)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise ControllerError(
        problem(
            "at_least is the IoU from which on a unit counts.",
            got=repr(value),
            allowed="a number from 0 to 1",
            next="Pass at_least=0.05.",
        )
    )


def _checked(found: Any) -> dict[str, Dissection]:  # noqa: ANN401  (anything may be passed)
    if isinstance(found, Mapping) and all(hasattr(one, "summary") for one in found.values()):
        return {str(name): one for name, one in found.items()}
    raise CallError(
        problem(
            "a LayerChart shows a controller, or dissections by name.",
            got=type(found).__name__,
            allowed="what gw.attach returned, or a mapping of names to what gw.dissect returned",
            next="Pass lab, or {found.layer: found}.",
        )
    )
