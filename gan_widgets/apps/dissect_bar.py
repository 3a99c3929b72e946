"""Starting a dissection by hand, watching it, and ending it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ipywidgets import BoundedIntText, Button, Dropdown, FloatProgress, Label, Widget

from gan_widgets.apps._app import App
from gan_widgets.control.checks import checked_images
from gan_widgets.control.lab import Controller
from gan_widgets.core.errors import ControllerError, GanWidgetsError, problem
from gan_widgets.core.seeds import SEED_LIMIT
from gan_widgets.dissect.concepts.protocol import Segmenter, described
from gan_widgets.widgets._base import in_short
from gan_widgets.widgets._calls import check_controller

THRESHOLDS = ("quantile", "iqr")
_NARROW = {"width": "100px"}


class DissectBar(App):
    """A button that dissects the controller's layer, with how many images and which kind of threshold.

        DissectBar(lab, gw.concepts.strokes(), images=500, threshold="iqr")

    It runs in the background, so that everything else stays live.

    Raises DissectionError for what is no segmenter, ControllerError for other images or thresholds.
    """

    arranged = {  # noqa: RUF012  (never changed)
        "display": "flex",
        "flex_flow": "row wrap",
        "align_items": "center",
        "grid_gap": "0 8px",
    }

    def __init__(
        self,
        lab: Controller,
        segmenter: Segmenter,
        images: int = 2000,
        threshold: str = "quantile",
        **keywords: Any,  # noqa: ANN401
    ) -> None:
        described(segmenter)
        self._segmenter, self._first = segmenter, (checked_images(images), _checked_threshold(threshold))
        self._stopping, self._trouble = False, ""
        super().__init__(check_controller(type(self).__name__, lab), keywords)

    def _build(self) -> list[Widget]:
        images, threshold = self._first
        hint = f"Find what each unit of the layer stands for: {self._segmenter!r}"[:400]
        self._start = self._own(
            Button(description="Dissect", button_style="primary", tooltip=hint, layout=_NARROW)
        )
        self._images = self._own(
            BoundedIntText(
                value=images,
                min=4,
                max=SEED_LIMIT,
                step=100,
                description="images",
                layout={"width": "150px"},
                style={"description_width": "50px"},
            )
        )
        self._threshold = self._own(
            Dropdown(
                value=threshold,
                options=THRESHOLDS,
                description="threshold",
                tooltip="quantile: one level per unit, exceeded by 1 % of its map. "
                "iqr: the level at which unit and concept tell most about each other.",
                layout={"width": "170px"},
                style={"description_width": "66px"},
            )
        )
        self._share = self._own(FloatProgress(min=0.0, max=1.0, layout={"width": "140px"}))
        self._said = self._own(Label(layout={"flex": "0 1 auto", "min_width": "0"}))
        hint = "End it after the present batch; what was counted by then is shown"
        self._stop = self._own(Button(description="Cancel", tooltip=hint, layout=_NARROW))
        self._start.on_click(self._started)
        self._stop.on_click(self._stopped)
        self.draw({"progress"})
        return [self._start, self._images, self._threshold, self._share, self._stop, self._said]

    def draw(self, names: Iterable[str]) -> None:
        """Show how far it is, or what came of it."""
        names = set(names)
        if not names & {"progress", "found", "layer"}:
            return
        progress = self.lab.progress
        if progress is None:
            self._trouble = self._trouble_in(names)
            self._stopping = False
        for part in (self._share, self._stop):
            part.layout.display = "none" if progress is None else ""
        self._start.disabled, self._stop.disabled = progress is not None, self._stopping
        self._share.value = 0.0 if progress is None else progress.share
        self._say(self._words())

    def _trouble_in(self, names: set[str]) -> str:
        """Say why a run that just ended gave nothing; "" if none did, or if it gave something."""
        if {"progress", "error"} <= names:
            return _in_label(self.lab.error)
        in_vain = self._stopping and "dissections" not in names
        return "ended before there was anything to show" if in_vain else ""

    def _started(self, _: Button) -> None:
        with self.lab.hold():
            try:
                self.lab.dissect_in_background(
                    self._segmenter, images=self._images.value, threshold=self._threshold.value
                )
            except GanWidgetsError as failure:
                self._say(_in_label(str(failure)))

    def _stopped(self, _: Button) -> None:
        self.lab.cancel()
        with self.lab.hold():
            self._stopping = self.lab.progress is not None
            self.draw({"progress"})

    def _say(self, words: str) -> None:
        self._said.value = self._said.tooltip = words

    def _words(self) -> str:
        progress, found = self.lab.progress, self.lab.found
        if progress is not None:
            return f"{replace(progress, seconds_left=None)}, stopping" if self._stopping else str(progress)
        if self._trouble:
            return self._trouble
        if found is None:
            return "not dissected yet"
        return (
            f"dissected with {found.images:,} images"
            if found.complete
            else f"cut short after {found.images:,} images"
        )

    def _summary(self) -> str:
        return f"layer={self.lab.layer!r}, {self._words()}"


def _in_label(error: str) -> str:
    """Return an error on one line, cut, and without TeX: a label would typeset that.

    >>> _in_label("it failed." + chr(10) + "  got: KeyError: '$x$'" + chr(10) + "  allowed: a run through")
    "it failed. KeyError: '＄x＄'"
    """
    return in_short(error)[:300].replace("$", "＄").replace("\\", "＼")


def _checked_threshold(threshold: str) -> str:
    if threshold in THRESHOLDS:
        return threshold
    raise ControllerError(
        problem(
            "there is no such kind of threshold.",
            got=repr(threshold),
            allowed=" or ".join(map(repr, THRESHOLDS)),
            next="Pass threshold='quantile'.",
        )
    )
