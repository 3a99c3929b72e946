"""Everything about one layer on one page: choose it, dissect it, look at its units, turn them down."""

from io import BytesIO
from typing import Any

import numpy as np
from ipywidgets import Box, Widget
from PIL import Image

from gan_widgets.apps._app import App
from gan_widgets.apps.dissect_bar import DissectBar
from gan_widgets.control.lab import Controller
from gan_widgets.core.pixels import png
from gan_widgets.dissect.concepts import strokes
from gan_widgets.dissect.concepts.protocol import Segmenter
from gan_widgets.widgets._calls import check_controller
from gan_widgets.widgets.ablation_sliders import AblationSliders
from gan_widgets.widgets.activation_grid import ActivationGrid
from gan_widgets.widgets.iou_heatmap import IoUHeatmap
from gan_widgets.widgets.layer_picker import LayerPicker
from gan_widgets.widgets.unit_gallery import UnitGallery

_GAP = 8
_HEAD = {"display": "flex", "flex_flow": "row wrap", "align_items": "center", "grid_gap": f"0 {_GAP}px"}


def _columns(least: int) -> dict[str, str]:
    """Return the layout of parts side by side, as many as have this many pixels each."""
    columns = f"repeat(auto-fit, minmax(min(100%, {least}px), 1fr))"
    return {"display": "grid", "grid_template_columns": columns, "grid_gap": f"{_GAP}px"}


class Workbench(App):
    """Layer picker, dissection, heatmap, gallery, activation grid and sliders of one controller.

        gw.Workbench(lab)                                               # digits
        gw.Workbench(lab, gw.concepts.colors(6), images=500, threshold="iqr")

    `segmenter` is what its Dissect button looks for; `gw.concepts.strokes()` unless given. `images` and
    `threshold` are what its bar starts with; `layout` may follow. The views are its `picker`, `heatmap`,
    `gallery`, `grid` and `sliders`.

    Raises `CallError` for what is no controller and for unknown keywords, DissectionError for what is no
    segmenter.
    """

    arranged = {"display": "flex", "flex_flow": "column", "width": "100%"}  # noqa: RUF012  (never changed)

    def __init__(
        self,
        lab: Controller,
        segmenter: Segmenter | None = None,
        images: int = 2000,
        threshold: str = "quantile",
        **keywords: Any,  # noqa: ANN401  (checked by the base)
    ) -> None:
        check_controller(type(self).__name__, lab)
        self._wanted = strokes() if segmenter is None else segmenter, images, threshold
        super().__init__(lab, keywords)

    def _build(self) -> list[Widget]:
        lab = self.lab
        self.picker = self._own(LayerPicker(lab))
        self.bar = self._own(DissectBar(lab, *self._wanted))
        self.heatmap = self._own(IoUHeatmap(lab, sort="iou"))  # as the gallery
        self.gallery = self._own(UnitGallery(lab))
        self.grid = self._own(ActivationGrid(lab))
        self.sliders = self._own(AblationSliders(lab))
        found, live = [self.heatmap, self.gallery], [self.grid, self.sliders]
        # two by two, so that there are one, two or four columns and never three
        pairs = [self._own(Box(pair, layout=_columns(400))) for pair in (found, live)]
        head = self._own(Box([self.picker, self.bar], layout=_HEAD))
        return [head, self._own(Box(pairs, layout=_columns(1100)))]

    def picture(self) -> bytes | None:
        """Return the pictures of all views on one page."""
        views = [self.heatmap, self.gallery, self.grid, self.sliders]
        return _page([view.still() for view in views])

    def _summary(self) -> str:
        lab = self.lab
        found = (
            "not dissected"
            if lab.found is None
            else f"{len(lab.found.concepts)} concepts in {lab.found.images} images"
        )
        return f"layer={lab.layer!r}, units={lab.info.units}, {found}"


def _page(stills: list[bytes | None]) -> bytes | None:
    """Paste pictures on white in two columns, each below what is shorter so far; what is None is left out."""
    pictures = [Image.open(BytesIO(still)).convert("RGB") for still in stills if still is not None]
    if not pictures:
        return None
    columns: tuple[list[Image.Image], list[Image.Image]] = ([], [])
    for picture in pictures:
        min(columns, key=_height).append(picture)
    wide = [max((picture.width + _GAP for picture in column), default=0) for column in columns]
    page = Image.new("RGB", (sum(wide) + _GAP, max(map(_height, columns)) + _GAP), "white")
    for left, column in zip((_GAP, _GAP + wide[0]), columns, strict=True):
        for at, picture in enumerate(column):
            page.paste(picture, (left, _GAP + _height(column[:at])))
    return png(np.asarray(page))


def _height(column: list[Image.Image]) -> int:
    return sum(picture.height + _GAP for picture in column)
