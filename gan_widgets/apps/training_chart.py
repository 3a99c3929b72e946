"""One chart of a training: thin lines for what was measured and thick ones for its running mean."""

from collections.abc import Callable, Sequence
from typing import Any

import bqplot
import numpy as np

from gan_widgets.apps import training_axes as axes
from gan_widgets.apps.training_series import Curve, Floats
from gan_widgets.widgets._letters import cut_before

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8b6f00", "#56a0d3", "#7a5195", "#888888")
"""After Okabe and Ito: they differ for every kind of colour vision, on white and on black."""
_INK = "var(--jp-content-font-color1, #444444)"
_MUTED = "var(--jp-content-font-color2, #616161)"
_FAINT = 0.4
_HIGH, _TOP, _BOTTOM, _LEFT, _RIGHT = 180, 34, 24, 58, 16
_BESIDE = 116  # pixels for the names of layers
_LONGEST = 14  # letters of such a name
_NO_STEPS, _NO_LINES = np.array([0.0, 1.0]), np.ones((1, 2), np.float32)


class Chart:
    """A figure of which nothing is left to bqplot's own guesses: it gets its ends and the numbers along them.

    `own` takes what is made, `across` is the scale of the steps, which all charts share. A logarithmic axis
    is one of logarithms, so that a page need not rebuild its axes for it.
    """

    def __init__(self, own: Callable[[Any], Any], across: bqplot.LinearScale, title: str) -> None:
        self.title, self.log = title, False
        self._names: tuple[str, ...] = ()
        self._up = own(bqplot.LinearScale(min=0.0, max=1.0))
        # bqplot's page fails on a line without a single number, and on arrays that come later
        blank = {"x": _NO_STEPS, "y": _NO_LINES, "visible": False, "scales": {"x": across, "y": self._up}}
        self._raw = own(bqplot.Lines(**blank, stroke_width=1.0, opacities=[_FAINT], interactions={}))
        self._mean = own(bqplot.Lines(**blank, stroke_width=2.0, interactions={}))
        place = {axis: own(bqplot.LinearScale(min=0.0, max=1.0)) for axis in "xy"}
        text = {"font_weight": "normal", "default_size": 12.0, "colors": [_INK], "apply_clip": False}
        head = {"x": [0.0], "y": [1.0], "text": [title], "x_offset": 8 - _LEFT, "y_offset": -18}
        nothing = {"x": [], "y": [], "text": [], "y_offset": -18}
        marks = [
            own(bqplot.Label(scales=place, **text, **more))
            for more in (head, {**nothing, "x_offset": 0}, {**nothing, "x_offset": 15})
        ]
        self._legend = marks[1:]
        # an axis of bqplot's writes the words that its ticks had before; so it is silent, and labels speak
        silent: dict[str, Any] = {"grid_lines": "none", "tick_values": [0.0, 1.0], "tick_format": "~g"}
        silent["tick_style"] = {"display": "none"}
        ends = {**text, "colors": [_MUTED], "x": [], "y": [], "text": []}
        below = {"scales": {"x": across, "y": place["y"]}, "align": "middle", "y_offset": 20}
        beside = {"scales": {"x": place["x"], "y": self._up}, "align": "end", "x_offset": -12}
        axes_of = (bqplot.Axis(scale=across, **silent), bqplot.Axis(scale=self._up, side="left", **silent))
        self._steps, self._values = (own(axis) for axis in axes_of)
        self._along, self._beside = (own(bqplot.Label(**ends, **more)) for more in (below, beside))
        self.figure = own(
            bqplot.Figure(
                marks=[self._raw, self._mean, *marks, self._along, self._beside],
                axes=[self._steps, self._values],
                fig_margin={"top": _TOP, "bottom": _BOTTOM, "left": _LEFT, "right": _RIGHT},
                padding_x=0.0,
                padding_y=0.0,
                display_toolbar=False,
                layout={"width": "100%", "min_width": "0", "height": f"{_HIGH}px", "margin": "0"},
            )
        )

    def name(self, names: tuple[str, ...]) -> None:
        """Name the lines: a few above them, many one below the other beside them."""
        if names == self._names:
            return
        self._names, beside = names, len(names) > 3
        place = np.arange(len(names))
        x = np.ones(len(names)) if beside else 0.24 + 0.22 * place
        y = 0.97 - min(0.13, 0.97 / max(1, len(names))) * place if beside else np.ones(len(names))
        shown = [cut_before(name, _LONGEST) for name in names]
        for mark, texts in zip(self._legend, (["■"] * len(names), shown), strict=True):
            with mark.hold_sync():
                mark.x, mark.y, mark.text = x, y, texts
        self._legend[0].colors = colors_of(len(names)) or [_INK]
        self._raw.opacities = [_FAINT] * len(names)
        right = _BESIDE if beside else _RIGHT
        self.figure.fig_margin = {"top": _TOP, "bottom": _BOTTOM, "left": _LEFT, "right": right}

    def show(self, curve: Curve, along: Sequence[float]) -> None:
        """Draw these lines, with the numbers `along` the steps."""
        raw, means = self._placed(curve.extremes), self._placed(curve.means)
        self._reach(np.concatenate([raw.ravel(), means.ravel()]))
        words = [axes.label(step) for step in along]
        words = [f"step {words[0]}", *words[1:]] if words else []
        self._number(self._steps, self._along, list(along), [0.0] * len(along), words)
        for mark, x, lines in ((self._raw, curve.ends, raw), (self._mean, curve.steps, means)):
            there = np.isfinite(lines).any(axis=1)
            with mark.hold_sync():
                mark.visible = bool(there.any())
                if not there.any():
                    mark.x, mark.y = _NO_STEPS, _NO_LINES
                    continue
                colors = [color for color, seen in zip(colors_of(len(lines)), there, strict=True) if seen]
                if colors != mark.colors:
                    mark.colors = colors
                mark.x, mark.y = _drawable(x, lines[there])

    def _reach(self, values: Floats) -> None:
        """Let the axis reach from the least to the most of these, and write round numbers along it."""
        known = values[np.isfinite(values)].astype(float)
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        if self.log:
            numbers = axes.log_ticks(10**low, 10**high)
            ticks = [float(value) for value in np.log10(numbers)]
        else:
            numbers = ticks = axes.even(low, high)
        with self._up.hold_sync():
            self._up.min, self._up.max = ticks[0], ticks[-1]
        words = [axes.label(number) for number in numbers]
        self._number(self._values, self._beside, [0.0] * len(ticks), ticks, words)

    def _number(
        self, axis: bqplot.Axis, label: bqplot.Label, x: list[float], y: list[float], words: list[str]
    ) -> None:
        there = list(label.text), list(label.x), list(label.y)
        if there == (words, x, y):
            return
        axis.tick_values = x if axis is self._steps else y
        with label.hold_sync():
            label.x, label.y, label.text = x, y, words

    def _placed(self, lines: Floats) -> Any:  # noqa: ANN401  (float32, which NumPy's types do not keep)
        """Return lines as they are drawn, float32, with NaN for what has no place on the axis."""
        if self.log:
            lines = np.log10(lines, out=np.full_like(lines, np.nan), where=lines > 0)
        return np.where(np.abs(lines) < np.finfo(np.float32).max, lines, np.nan).astype(np.float32)


def colors_of(lines: int) -> list[str]:
    """Return a colour for each of so many lines."""
    return [COLORS[k % len(COLORS)] for k in range(lines)]


def _drawable(x: Floats, lines: Any) -> tuple[Any, Any]:  # noqa: ANN401  (float32)
    """Return `x` and `lines` as bqplot's page draws them: of two points at least, and none ends without one.

    >>> _drawable(np.array([1.0, 2.0, 3.0]), np.array([[5.0, 6.0, np.nan]]))
    (array([[1., 2., 2.]]), array([[5., 6., 6.]]))
    >>> _drawable(np.array([1.0]), np.array([[5.0]]))
    (array([1., 1.]), array([[5., 5.]]))
    """
    if len(x) == 1:
        x, lines = np.repeat(x, 2), np.repeat(lines, 2, axis=1)
    if np.isfinite(lines[:, -1]).all():
        return x, lines
    places = np.arange(len(x))
    ends = np.where(np.isfinite(lines), places, 0).max(axis=1, keepdims=True)
    places = np.minimum(places, ends)
    return x[places], np.take_along_axis(lines, places, axis=1)
