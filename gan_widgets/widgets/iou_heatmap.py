"""How well each unit agrees with each concept."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

import numpy as np
from traitlets import Bool, Bytes, Dict, Float, Int, List, Unicode

from gan_widgets.widgets import _domains
from gan_widgets.widgets._base import View
from gan_widgets.widgets._found import found_here, why_nothing
from gan_widgets.widgets._heatmap_picture import picture_of
from gan_widgets.widgets._letters import cut
from gan_widgets.widgets._ranking import SORTS, best_iou, clustered, order, ranked
from gan_widgets.widgets._wire import floats
from gan_widgets.widgets.layer_picker import facts

_LONGEST = 120
"""Letters of a name that are sent; what is shown of it is shorter still."""


class IoUHeatmap(View):
    """Units × concepts of the controller's latest dissection; a click selects them in every view.

    gw.IoUHeatmap(lab, sort="iou", threshold=0.1, interpretable=True)
    """

    stem = "iou_heatmap"
    writable = {  # noqa: RUF012  (never changed)
        "sort": _domains.choice(*SORTS),
        "show": _domains.choice("map", "table"),
        "interpretable": _domains.flag,
        "threshold": _domains.fraction,
        "selection": _domains.units,
        "concept": _domains.concept,
    }

    info = Dict().tag(sync=True, echo_update=False)
    """Type: the layer's facts, and `{"threshold": str, "images": int, "complete": bool, "why": str}`.

    `why` says what to do when there is nothing to show, and is empty otherwise.
    """
    concepts: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: list of `[name, category]`; long names are cut."""
    rows = Dict().tag(sync=True, echo_update=False)
    """Type: `{"labels": [int], "states": [str], "clustered": [int], "chances": [float or None]}`.

    Per unit the place of its best concept (−1 for none) and its state; the units in the order of clustering,
    once that was asked for; with a null, per unit the p of its best concept, level and concept chosen anew.
    """
    values = Bytes().tag(sync=True, echo_update=False)
    """Type: float32, little-endian, of `shape`: IoU, the ends of its interval, and with a null p, q and the
    family-wise p."""
    shape: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: `[3 or 6, units, concepts]`."""
    sort = Unicode("concept").tag(sync=True)
    """Type: "concept", "iou", "category", "cluster" or "number". Writable. Default: "concept"."""
    show = Unicode("map").tag(sync=True)
    """Type: "map" or "table". Writable. Default: "map"."""
    interpretable = Bool(False).tag(sync=True)
    """Type: bool: leave out units whose best IoU is below `threshold`. Writable. Default: False."""
    threshold = Float(0.05).tag(sync=True, echo_update=False)
    """Type: float from 0 to 1: what is below it is grey. Writable. Default: 0.05."""
    selection: List[Any] = List().tag(sync=True)
    """Type: list of int, ascending: the chosen units. Writable."""
    concept = Int(-1).tag(sync=True)
    """Type: int: the place of the chosen concept among `concepts`, −1 for none. Writable."""

    def draw(self, names: Iterable[str]) -> None:
        """Show what changed; the numbers are sent only with another dissection."""
        names = set(names)
        if "progress" in names and not self.shape:
            self.info = {**self.info, "why": why_nothing(self.lab)}
        if names & {"found", "layer"}:
            self._draw_found()
        if names & {"layer", "selection"}:
            self.selection = list(self.lab.selection)
        if names & {"found", "layer", "concept"}:
            known = [] if (found := found_here(self.lab)) is None else list(found.concepts)
            self.concept = known.index(self.lab.concept) if self.lab.concept in known else -1

    def wrote_sort(self) -> None:
        """Work out the clustering when it is asked for."""
        with self._as_drawing():
            self._draw_clustering()

    def wrote_selection(self) -> None:
        """Choose these units in every view."""
        self.lab.selection = self.selection

    def wrote_concept(self) -> None:
        """Choose this concept in every view."""
        found = found_here(self.lab)
        self.lab.concept = found.concepts[self.concept] if self.concept >= 0 else ""

    def picture(self) -> bytes | None:
        """Return the table as it is sorted and filtered as one PNG; None when there is nothing to show."""
        found = found_here(self.lab)
        if found is None:
            return None
        units = self.rows["clustered"]
        if self.sort != "cluster":
            units = order(self.sort, found.iou, found.labels, found.states, found.categories)
        if self.interpretable:
            reached = self._interpretable(found)
            units = [unit for unit in units if reached[unit]]
        return picture_of(found, units, self.threshold)

    def _draw_found(self) -> None:
        found = found_here(self.lab)
        layer = {**facts(self.lab.info), "why": why_nothing(self.lab)}
        if found is None:
            self.values, self.shape, self.concepts, self.rows, self.info = b"", [], [], {}, layer
            return
        planes = [found.iou, found.ci[..., 0], found.ci[..., 1]]
        if found.p_values is not None:
            planes += [found.p_values, found.q_values, found.family_wise]
        self.values = floats(np.stack(planes))
        self.shape = [len(planes), found.units, len(found.concepts)]
        self.concepts = [
            [cut(name, _LONGEST), cut(category, _LONGEST)]
            for name, category in zip(found.concepts, found.categories, strict=True)
        ]
        self.rows = {
            "labels": [int(at) for at in found.labels],
            "states": list(found.states),
            "clustered": [],
            "chances": [] if found.label_p is None else [_short(chance) for chance in found.label_p],
        }
        self.info = {
            **layer,
            "threshold": found.threshold,
            "images": int(found.images),
            "complete": bool(found.complete),
        }
        self._draw_clustering()

    def _draw_clustering(self) -> None:
        found = found_here(self.lab)
        if found is not None and self.sort == "cluster" and not self.rows["clustered"]:
            units = clustered(found.iou, ranked(found.labels, found.states))
            self.rows = {**self.rows, "clustered": units}

    def _interpretable(self, found: Any) -> np.ndarray:  # noqa: ANN401  (a Dissection)
        with np.errstate(invalid="ignore"):
            reached = best_iou(found.iou, found.labels) >= self.threshold
        return reached & ranked(found.labels, found.states)

    def _summary(self) -> str:
        found = found_here(self.lab)
        if found is None:
            return f"{super()._summary()}, not dissected"
        reached = int(self._interpretable(found).sum())
        concepts = len(found.concepts)
        return f"{super()._summary()}, {concepts=}, interpretable={reached} at {self.threshold:g}"


def _short(chance: float) -> float | None:
    return float(f"{chance:.4g}") if isfinite(chance) else None
