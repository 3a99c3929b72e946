"""Every unit's map for one sample."""

from collections.abc import Iterable
from math import isqrt
from typing import Any

import numpy as np
import torch
from traitlets import Bytes, Dict, Int, List, Unicode

from gan_widgets.core.pixels import colorize, mosaic, png
from gan_widgets.widgets import _domains
from gan_widgets.widgets._base import View
from gan_widgets.widgets._wire import floats
from gan_widgets.widgets.layer_picker import facts, grid


class ActivationGrid(View):
    """The maps of all units of the controller's layer for one sample, under the committed edits.

    gw.ActivationGrid(lab, sort="max")
    """

    stem = "activation_grid"
    writable = {  # noqa: RUF012  (never changed)
        "sample": _domains.sample,
        "sort": _domains.choice("index", "mean", "max", "selection"),
        "scale": _domains.choice("shared", "unit"),
        "selection": _domains.units,
    }

    info = Dict().tag(sync=True, echo_update=False)
    """Type: `{"name": str, "kind": str, "units": int, "size": [h, w]}`, size `[]` if fully connected."""
    maps = Bytes().tag(sync=True, echo_update=False)
    """Type: float32, little-endian, of `shape`."""
    shape: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: `[units, h, w]`; `[units, 1, 1]` if fully connected."""
    range: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: `[low, high]`, the finite values of all units in this sample; `[0, 0]` if none is finite."""
    seeds: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: list of int. The seeds of all samples."""
    sample = Int(0).tag(sync=True)
    """Type: int. The place among the seeds of the sample that is shown. Writable. Default: 0."""
    sort = Unicode("index").tag(sync=True)
    """Type: "index", "mean", "max" or "selection". Writable. Default: "index"."""
    scale = Unicode("shared").tag(sync=True)
    """Type: "shared" or "unit": one colour range for all units, or one each. Writable. Default: "shared"."""
    selection: List[Any] = List().tag(sync=True)
    """Type: list of int, ascending: the chosen units. Writable."""
    answers = Int(0).tag(sync=True, echo_update=False)
    """Type: int. How many messages were handled, so that every message changes something."""

    def draw(self, names: Iterable[str]) -> None:
        """Show what changed; the maps are sent only if they differ."""
        names = set(names)
        if names & {"layer"}:
            self.info = facts(self.lab.info)
        if names & {"seeds"}:
            self.seeds = list(self.lab.seeds)
            self.sample = min(self.sample, len(self.seeds) - 1)
        if names & {"layer", "selection"}:
            self.selection = list(self.lab.selection)
        if names & {"layer", "seeds", "activations"}:
            self._draw_maps()

    def answer(self) -> None:
        """Count the message that was handled: its maps may be those that were there before."""
        self.answers += 1

    def wrote_sample(self) -> None:
        """Show another sample."""
        with self._as_drawing():
            self._draw_maps()

    def wrote_selection(self) -> None:
        """Choose these units in every view."""
        self.lab.selection = self.selection

    def picture(self) -> bytes:
        """Return all maps in one PNG, row by row from unit 0, coloured over the shared range."""
        units, h, w = self.shape
        maps = torch.from_numpy(np.frombuffer(self.maps, "<f4").reshape(units, h, w).copy())
        colors = colorize(maps, *self.range)
        zoom = max(1, 48 // max(h, w))
        large = colors.repeat(zoom, axis=1).repeat(zoom, axis=2)
        framed = np.pad(large, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
        return png(mosaic(framed, columns=isqrt(units - 1) + 1))

    def _draw_maps(self) -> None:
        info, height, width = self.lab.info, 1, 1
        if info.size:
            height, width = grid(info)
        shown = (
            self.lab.activations[self.sample]
            .detach()
            .float()
            .cpu()
            .numpy()
            .reshape(info.units, height, width)
        )
        finite = shown[np.isfinite(shown)]
        self.maps = floats(shown)
        self.shape = [info.units, height, width]
        self.range = [float(finite.min()), float(finite.max())] if finite.size else [0.0, 0.0]

    def _summary(self) -> str:
        return f"{super()._summary()}, seed={self.lab.seeds[self.sample]}"
