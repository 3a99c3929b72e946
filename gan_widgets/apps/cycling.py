"""The smallest game in which gradient steps turn around the solution, with its knobs."""

from threading import RLock
from typing import Any

import bqplot
import numpy as np
from ipywidgets import HTML, Box, FloatSlider, IntSlider, ToggleButtons, Widget

from gan_widgets.apps._app import App
from gan_widgets.apps._cycling_frame import decades, half_width, inside
from gan_widgets.apps._cycling_picture import MEAN, POINT, RULE, picture_of
from gan_widgets.apps._cycling_words import SOURCES, TITLE, sentence
from gan_widgets.core.errors import ControllerError, problem
from gan_widgets.core.numbers import is_number, is_whole
from gan_widgets.train.cycling import ORDERS, GradientSteps, Points, averaged, distance

_THEME_INK = "var(--jp-content-font-color1, #444444)"
_MARGIN = {"top": 12, "bottom": 40, "left": 52, "right": 16}


class CyclingDemo(App):
    """min over x, max over y of f(x, y) = x·y: the path of gradient steps, and how far it is from (0, 0).

        gw.CyclingDemo()
        gw.CyclingDemo(order="simultaneous", lr=0.1, momentum=0, averaging=1, steps=200)

    `order` is "alternating" (y sees where x has just gone) or "simultaneous"; `lr` the learning rate, from
    0.01 to 1.5; `momentum` from −0.9 to 0.9; `averaging` the share of the latest points, from 0 (none) to 1
    (all), whose mean is drawn too; `steps` from 10 to 500. They are the values its controls start with; the
    controls are its `order`, `lr`, `momentum`, `averaging` and `steps`. `layout` may follow. The formulas and
    their sources are in `gw.train.cycling`.

    Raises `TrainingError` for what no such game has, `ControllerError` for what the controls cannot show,
    `CallError` for unknown keywords.

    >>> demo = CyclingDemo(lr=0.5)
    >>> demo
    CyclingDemo(order='alternating', lr=0.5, momentum=0, averaging=0, steps=100)
    >>> demo.path[-1].round(2), round(demo.rule.growth, 3)
    (array([1.03, 0.28]), 1.0)
    >>> demo.close()
    """

    arranged = {"display": "flex", "flex_flow": "column", "width": "100%"}  # noqa: RUF012  (never changed)

    def __init__(
        self,
        order: str = "alternating",
        lr: float = 0.2,
        momentum: float = 0,
        averaging: float = 0,
        steps: int = 100,
        **keywords: Any,  # noqa: ANN401  (checked by the base)
    ) -> None:
        GradientSteps(order, lr, momentum)
        self._first = {"lr": lr, "momentum": momentum, "averaging": averaging, "steps": steps}
        self._order = order
        self._guard = RLock()  # two sliders may be moved from two threads
        super().__init__(None, keywords)

    @property
    def rule(self) -> GradientSteps:
        """The steps that the controls ask for."""
        return GradientSteps(self.order.value, self.lr.value, self.momentum.value)

    @property
    def path(self) -> Points:
        """The points that are drawn, from the start (1, 0) on: float64 `(steps + 1, 2)`."""
        return self._seen()[0]

    @property
    def mean(self) -> Points | None:
        """After each step the mean of the latest points, `(steps + 1, 2)`; None without averaging."""
        return self._seen()[1]

    def sentence(self) -> str:
        """Say what is seen, and why."""
        return self._seen()[2]

    def text(self) -> str:
        """Return the sentence, and the distance from the solution after some steps."""
        path, mean, said = self._seen()
        away = distance(path)
        some = np.unique(np.linspace(0, len(path) - 1, 6).round().astype(int))
        lines = [f"{self!r}: {TITLE}", said, "distance from the solution after"]
        for step in some:
            also = "" if mean is None else f"   mean {distance(mean)[step]:.3g}"
            lines.append(f"{step:>6} steps: {away[step]:.3g}{also}")
        return "\n".join(lines)

    def picture(self) -> bytes | None:
        """Return a PNG of the path, of the distances and of the sentence."""
        path, mean, said = self._seen()
        return picture_of(path, mean, self.rule.growth, half_width(path), decades(path, mean), said)

    def _seen(self) -> tuple[Points, Points | None, str]:
        """Return the path, its mean and the sentence on them, worked out once."""
        rule, share = self.rule, self.averaging.value
        path = rule.path(self.steps.value)
        mean = averaged(path, share) if share else None
        return path, mean, sentence(rule, path, mean, share)

    def _build(self) -> list[Widget]:
        self._build_controls()
        own = self._own
        plane, distances = self._build_plane(), self._build_distances()
        charts = own(Box([plane, distances], layout={"display": "flex", "flex_flow": "row wrap"}))
        knobs = own(
            Box(
                [self.order, self.steps, self.lr, self.momentum, self.averaging],
                layout={"display": "flex", "flex_flow": "row wrap", "grid_gap": "0 16px"},
            )
        )
        self._said = own(HTML(layout={"max_width": "860px"}))
        head = own(HTML(f"<b>{TITLE}</b>"))
        seen = 'target="_blank" rel="noopener" style="text-decoration: underline"'  # plain in JupyterLab
        links = ", ".join(f'<a href="{address}" {seen}>{name}</a>' for address, name in SOURCES)
        foot = own(HTML(f"<small>{links}</small>"))
        self._draw()
        for knob in knobs.children:
            knob.observe(self._moved, "value")
        return [head, knobs, charts, self._said, foot]

    def _build_controls(self) -> None:
        self.order = self._own(
            ToggleButtons(
                options=ORDERS,
                value=self._order,
                tooltips=["y sees where x has just gone", "both move at once"],
                style={"button_width": "120px"},
            )
        )
        self.lr = self._slider("lr", FloatSlider, (0.01, 1.5, 0.01), "learning rate", ".2f")
        self.momentum = self._slider("momentum", FloatSlider, (-0.9, 0.9, 0.05), "momentum", ".2f")
        self.averaging = self._slider("averaging", FloatSlider, (0.0, 1.0, 0.05), "averaging", ".0%")
        self.averaging.tooltip = "the share of the latest points whose mean is drawn"
        self.steps = self._slider("steps", IntSlider, (10, 500, 10), "steps", "d")

    def _slider(
        self, name: str, kind: type[Widget], limits: tuple[float, float, float], words: str, readout: str
    ) -> Any:  # noqa: ANN401  (an ipywidgets slider)
        low, high, step = limits
        value = self._first[name]
        whole = kind is IntSlider
        if not (is_whole(value, 0) if whole else is_number(value)) or not low <= value <= high:
            raise ControllerError(
                problem(
                    f"{name} is nothing that its slider can show.",
                    got=f"{name}={value!r}",
                    allowed=f"{'whole numbers' if whole else 'numbers'} from {low:g} to {high:g}",
                    next="Pass a value between, or use gw.train.cycling.GradientSteps.",
                )
            )
        return self._own(
            kind(
                value=value,
                min=low,
                max=high,
                step=step,
                description=words,
                readout_format=readout,
                layout={"width": "340px"},
                style={"description_width": "90px"},
            )
        )

    def _build_plane(self) -> Widget:
        own = self._own
        x, y = (own(bqplot.LinearScale(min=-1.0, max=1.0)) for _ in "xy")
        self._plane_scales = x, y
        on = {"scales": {"x": x, "y": y}}
        # arrays from the start on: bqplot's page fails on those that come later
        line = {"x": np.zeros(2), "y": np.zeros(2), **on}
        dot = {"x": np.zeros(1), "y": np.zeros(1), **on, "default_size": 60, "stroke": _THEME_INK}
        self._path = own(
            bqplot.Lines(**line, colors=[POINT], stroke_width=1.2, marker="circle", marker_size=10)
        )
        self._mean_path = own(bqplot.Lines(**line, colors=[MEAN], stroke_width=2.0))
        solution = own(
            bqplot.Scatter(**{**dot, "default_size": 30, "stroke": None}, colors=[_THEME_INK], marker="cross")
        )
        self._now = own(bqplot.Scatter(**dot, colors=[POINT]))
        self._mean_now = own(bqplot.Scatter(**dot, colors=[MEAN], marker="diamond"))
        named = {"label_color": _THEME_INK, "tick_format": "d"}
        self._plane_axes = [
            own(bqplot.Axis(scale=x, label="x", **named)),
            own(bqplot.Axis(scale=y, label="y", side="left", **named)),
        ]
        marks = [self._path, self._mean_path, solution, self._now, self._mean_now]
        return self._figure(marks, self._plane_axes, "380px", min_aspect_ratio=1.0, max_aspect_ratio=1.0)

    def _build_distances(self) -> Widget:
        own = self._own
        x, y = own(bqplot.LinearScale(min=0.0)), own(bqplot.LogScale(min=0.1, max=10.0))
        self._step_scale, self._distance_scale = x, y
        line = {"x": np.arange(2.0), "y": np.ones(2), "scales": {"x": x, "y": y}, "display_legend": True}
        self._law = own(
            bqplot.Lines(**line, colors=[RULE], stroke_width=1.5, line_style="dashed", labels=["growth"])
        )
        self._distance = own(bqplot.Lines(**line, colors=[POINT], stroke_width=2.0, labels=["the path"]))
        self._mean_distance = own(bqplot.Lines(**line, colors=[MEAN], stroke_width=2.0, labels=["its mean"]))
        self._up = own(
            bqplot.Axis(scale=y, label="distance", label_color=_THEME_INK, side="left",
                        tick_format="~g")
        )  # fmt: skip
        axes = [own(bqplot.Axis(scale=x, label="step", label_color=_THEME_INK, num_ticks=6)), self._up]
        return self._figure([self._law, self._distance, self._mean_distance], axes, "470px")

    def _figure(self, marks: list[Any], axes: list[Any], width: str, **more: Any) -> Any:  # noqa: ANN401
        return self._own(
            bqplot.Figure(
                marks=marks,
                axes=axes,
                fig_margin=dict(_MARGIN),
                padding_x=0.0,
                padding_y=0.0,
                display_toolbar=False,
                legend_location="top-left",
                legend_style={"stroke-width": 0, "fill": "none"},
                legend_text={"fill": _THEME_INK, "font-size": "12px"},
                layout={"width": width, "height": "380px", "min_width": "0", "max_width": "100%"},
                **more,
            )
        )

    def _moved(self, _: Any) -> None:  # noqa: ANN401  (what changed is read anew)
        with self._held():
            if not self._closed:
                self._draw()

    def _draw(self) -> None:
        path, mean, said = self._seen()
        growth = self.rule.growth
        self._draw_plane(path, mean)
        self._draw_distances(path, mean, growth)
        self._said.value = said

    def _draw_plane(self, path: Points, mean: Points | None) -> None:
        half = half_width(path)
        for scale in self._plane_scales:
            scale.min, scale.max = -half, half
        for axis in self._plane_axes:
            axis.tick_values = np.arange(-int(half), int(half) + 1)
        shown = inside(path, half)
        _set(self._path, shown[:, 0], shown[:, 1])
        _set(self._now, path[-1:, 0], path[-1:, 1])
        self._now.visible = bool(np.abs(path[-1]).max() <= half)
        self._mean_path.visible = self._mean_now.visible = mean is not None
        if mean is not None:
            _set(self._mean_path, *inside(mean, half).T)
            _set(self._mean_now, mean[-1:, 0], mean[-1:, 1])
            self._mean_now.visible = bool(np.abs(mean[-1]).max() <= half)

    def _draw_distances(self, path: Points, mean: Points | None, growth: float) -> None:
        steps, powers = (
            np.arange(float(len(path))),
            decades(path, mean),
        )
        low, high = 10.0 ** powers[0], 10.0 ** powers[-1]
        self._step_scale.max = steps[-1]
        self._distance_scale.min, self._distance_scale.max = low, high
        self._up.tick_values = 10.0 ** np.array(powers)
        for mark, values in ((self._law, growth**steps), (self._distance, distance(path))):
            _set(mark, steps, values.clip(low / 10, high * 10))
        self._law.labels = [f"{growth:.4g}^step"]
        self._mean_distance.visible = self._mean_distance.display_legend = mean is not None
        if mean is not None:
            _set(self._mean_distance, steps, distance(mean).clip(low / 10, high * 10))

    def _summary(self) -> str:
        parts = (f"{name}={getattr(self, name).value:g}" for name in self._first)
        return f"order={self.order.value!r}, {', '.join(parts)}"


def _set(mark: Any, x: np.ndarray, y: np.ndarray) -> None:  # noqa: ANN401  (a bqplot mark)
    with mark.hold_sync():  # both at once: bqplot's page fails on lengths that differ
        mark.x, mark.y = np.ascontiguousarray(x), np.ascontiguousarray(y)
