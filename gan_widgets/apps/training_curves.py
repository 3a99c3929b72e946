"""Losses, scores and gradient norms of a training, as they come."""

from contextlib import AbstractContextManager
from typing import Any

import bqplot
from ipywidgets import Box, Checkbox, Dropdown, IntSlider, Widget

from gan_widgets.apps import training_axes as axes
from gan_widgets.apps._app import App
from gan_widgets.apps.training_chart import Chart
from gan_widgets.apps.training_series import Curve, Series, layers_of

LABELS = ("loss", "mean score of D", "gradient norm")
NETWORKS, OF_G, OF_D = "of both networks", "of G's layers", "of D's layers"


class TrainingCurves(App):
    """Three charts of one series, and how they are smoothed and scaled.

    The thin lines are what was measured; where several steps share a point, they reach from the least to the
    most of them. The thick ones are the mean of the last so many steps. What is not finite leaves a gap, and
    so does what is not positive on a logarithmic axis.
    """

    arranged = {"display": "flex", "flex_flow": "column", "flex": "2 1 360px", "min_width": "0"}  # noqa: RUF012

    def __init__(self, series: Series, guard: AbstractContextManager[Any]) -> None:
        self.series, self._guard = series, guard
        super().__init__(None, {})

    def draw(self, names: Any = ()) -> None:  # noqa: ANN401, ARG002  (the base's)
        """Show what the series now holds."""
        steps = self.series.values("step")
        first, last = (float(steps[0]), float(steps[-1])) if len(steps) else (0.0, 1.0)
        last = max(last, first + 1)
        with self._across.hold_sync():
            self._across.min, self._across.max = first, last
        for chart, (_, names_of, curve) in zip(self.charts, self.lines(), strict=True):
            chart.name(tuple(names_of.values()))
            chart.show(curve, axes.step_ticks(first, last))

    def lines(self) -> list[tuple[str, dict[str, str], Curve]]:
        """Return what each chart shows: what it measures, its lines by key with their names, the lines."""
        kinds = ({"d_loss": "D", "g_loss": "G"}, {"d_real": "real", "d_fake": "generated"}, self.gradients())
        return [
            (label, kind, self.series.curve([*kind], self.window.value))
            for label, kind in zip(LABELS, kinds, strict=True)
        ]

    def logarithmic(self) -> list[bool]:
        """Return which charts have a logarithmic axis: scores may be negative."""
        return [self.log_scale.value, False, self.log_scale.value]

    def gradients(self) -> dict[str, str]:
        """Return which gradient norms are shown, with their names on the page."""
        if self.of.value == NETWORKS:
            return {"|D|": "D", "|G|": "G"}
        return {
            name: name.strip("|").partition(".")[2]
            for name in layers_of(self.series.names, "G" if self.of.value == OF_G else "D")
        }

    def _build(self) -> list[Widget]:
        self._across = self._own(bqplot.LinearScale(min=0.0, max=1.0))
        self.charts = [Chart(self._own, self._across, label) for label in LABELS]
        self.window = self._own(
            IntSlider(
                value=10,
                min=1,
                max=200,
                description="mean over",
                continuous_update=True,
                tooltip="The thick lines are the mean of so many steps",
                layout={"width": "280px"},
                style={"description_width": "70px"},
            )
        )
        self.log_scale = self._own(
            Checkbox(
                description="log scale",
                indent=False,
                tooltip="Losses and gradients on a logarithmic axis",
                layout={"width": "100px"},
            )
        )
        self.of = self._own(
            Dropdown(
                options=(NETWORKS, OF_G, OF_D),
                description="gradients",
                layout={"width": "230px"},
                style={"description_width": "70px"},
            )
        )
        for part in (self.window, self.of):
            part.observe(self._asked, "value")
        self.log_scale.observe(self._scaled, "value")
        tools = Box(
            [self.window, self.log_scale, self.of],
            layout={
                "display": "flex",
                "flex_flow": "row wrap",
                "align_items": "center",
                "grid_gap": "0 12px",
            },
        )
        figures = Box(
            [chart.figure for chart in self.charts], layout={"display": "flex", "flex_flow": "column"}
        )
        return [self._own(tools), self._own(figures)]

    def _asked(self, _: Any) -> None:  # noqa: ANN401
        with self._held():
            self.draw()

    def _scaled(self, _: Any) -> None:  # noqa: ANN401
        with self._held():
            for chart, log in zip(self.charts, self.logarithmic(), strict=True):
                chart.log = log
            self.draw()

    def _summary(self) -> str:
        return f"{len(self.series):,} steps"
