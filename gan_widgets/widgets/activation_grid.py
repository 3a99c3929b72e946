"""Every unit's map for one sample."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from traitlets import Bytes, Dict, Int, List, Unicode

from gan_widgets.widgets import _domains
from gan_widgets.widgets._base import View
from gan_widgets.widgets._grid_picture import picture_of
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
        low, high = self.range
        return picture_of(np.frombuffer(self.maps, "<f4").reshape(self.shape), low, high)

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
