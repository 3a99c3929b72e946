"""What each unit responds to: the images that most activate it, with the region that was scored."""

from collections.abc import Iterable, Sequence
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np
import torch
from traitlets import Bytes, Dict, Int, List, Unicode

from gan_widgets.control.examples import Example
from gan_widgets.core.pixels import to_uint8
from gan_widgets.widgets import _domains
from gan_widgets.widgets._base import View
from gan_widgets.widgets._found import found_here, why_nothing
from gan_widgets.widgets._gallery_picture import picture_of
from gan_widgets.widgets._letters import cut
from gan_widgets.widgets._ranking import best_iou, order, ranked
from gan_widgets.widgets._wire import floats, padded
from gan_widgets.widgets.layer_picker import facts

SHOWN = 8
"""How many top images of a unit are shown, if there are so many."""
AT_ONCE = 64
"""How many units a page may ask for in one message."""
_STILL = 12  # units of the picture for places without a kernel
_LONGEST = 120  # letters of a name that are sent


class UnitGallery(View):
    """A card for each unit of the dissected layer: top images, their regions, best concept, IoU and interval.

    gw.UnitGallery(lab, sort="concept", region="light", only={"at_least": 0.05})

    The images are made again from their seeds by the live generator, unedited, and only for units in sight.
    """

    stem = "unit_gallery"
    writable = {  # noqa: RUF012  (never changed)
        "sort": _domains.choice("iou", "number", "concept", "category", "selection"),
        "region": _domains.choice("outline", "light", "off"),
        "only": _domains.only,
        "selection": _domains.units,
        "concept": _domains.concept,
        "wanted": _domains.at_most(AT_ONCE, _domains.units),
    }

    info = Dict().tag(sync=True, echo_update=False)
    """Type: as of a layer, and `{"why": str, "key": int}`; with a dissection also `{"threshold": "quantile"
    or "iqr", "share": float or None, "images": int, "complete": bool, "top": int, "grid": [H, W] of the
    masks or [], "states": {state: [units]}}`.

    `why` says what to do when there is nothing to show. `key` grows with each dissection. `states` names the
    units that are not ranked: dead, constant, tied, nan, inf."""
    concepts: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: list of `[name, category]`; long names are cut."""
    scores = Bytes().tag(sync=True, echo_update=False)
    """Type: float32, little-endian, `(4, units)`: place of the best concept (−1 for none), IoU with it, and
    the ends of its interval."""
    wanted: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: list of int: the units whose images a page lacks, 64 at most. Writable; answered by `sheet`, and
    emptied when they cannot be made."""
    sheet = Dict().tag(sync=True, echo_update=False)
    """Type: `{"key": int, "units": [int], "seeds": [[int]], "values": [[float or null]], "places": [[int]],
    "shape": [m, H, W, ch], "grid": [H', W'] or [], "failed": [int], "failures": int, "ms": float}`: whose the
    images of `pictures` are, how long they took, which could not be made, and how often that was so."""
    pictures = Bytes().tag(sync=True, echo_update=False)
    """Type: uint8 images of `sheet["shape"]`; then, if there is a grid, one mask per place, a bit per pixel,
    row by row from the lowest bit, each mask from a new byte on; then padding."""
    sort = Unicode("iou").tag(sync=True)
    """Type: "iou", "number", "concept", "category" or "selection". Writable. Default: "iou"."""
    region = Unicode("outline").tag(sync=True)
    """Type: "outline", "light" or "off": how a region is shown. Writable. Default: "outline"."""
    only = Dict({"at_least": None, "concept": False, "selected": False, "search": ""}).tag(
        sync=True, echo_update=False
    )
    """Type: `{"at_least": float or None, "concept": bool, "selected": bool, "search": str}`: show only units
    with this IoU or more, of the chosen concept, that are chosen, whose number or concept is searched.
    Writable; keys that are left out are off. Default: all off."""
    selection: List[Any] = List().tag(sync=True)
    """Type: list of int, ascending: the chosen units. Writable."""
    concept = Int(-1).tag(sync=True)
    """Type: int: the place of the chosen concept among `concepts`, −1 for none. Writable."""

    _drawn: Any = None
    _key = 0
    _failures = 0

    def draw(self, names: Iterable[str]) -> None:
        """Show what changed; images are made only when a page asks for them."""
        names = set(names)
        if "progress" in names and not self.scores:
            self.info = {**self.info, "why": why_nothing(self.lab)}
        if names & {"found", "layer"}:
            self._draw_found()
        if names & {"layer", "selection"}:
            self.selection = list(self.lab.selection)
        if names & {"found", "layer", "concept"}:
            known = [] if (found := found_here(self.lab)) is None else list(found.concepts)
            self.concept = known.index(self.lab.concept) if self.lab.concept in known else -1

    def wrote_selection(self) -> None:
        """Choose these units in every view."""
        self.lab.selection = self.selection

    def wrote_concept(self) -> None:
        """Choose this concept in every view."""
        found = found_here(self.lab)
        self.lab.concept = found.concepts[self.concept] if self.concept >= 0 else ""

    def wrote_wanted(self) -> None:
        """Make the images of these units; if that fails, say which units have none."""
        with self._as_drawing():
            start = perf_counter()
            try:
                examples = self._examples(self.wanted)
            except Exception:
                self._tell_failed()
                raise
            self._send_examples(examples, 1000 * (perf_counter() - start))

    def picture(self) -> bytes | None:
        """Return the first units, by IoU, in one PNG; None when nothing was dissected."""
        found = found_here(self.lab)
        if found is None:
            return None
        units = order("iou", found.iou, found.labels, found.states, found.categories)
        can_rank = ranked(found.labels, found.states)
        examples = self._examples([unit for unit in units if can_rank[unit]][:_STILL])
        return picture_of(found, [(example, self._pixels([example])) for example in examples])

    def _draw_found(self) -> None:
        found = found_here(self.lab)
        layer = {**facts(self.lab.info), "why": why_nothing(self.lab)}
        if found is not None and found is self._drawn:
            self.info = {**self.info, **layer}
            return
        self._drawn, self._key = found, self._key + 1
        self.wanted, self.sheet, self.pictures = [], {}, b""
        if found is None:
            self.info, self.concepts, self.scores = {**layer, "key": self._key}, [], b""
            return
        states: dict[str, list[int]] = {}
        for unit, state in enumerate(found.states):
            if state != "ok":
                states.setdefault(state, []).append(unit)
        self.info = {
            **layer,
            "key": self._key,
            "threshold": found.threshold,
            "share": found.provenance.get("share"),
            "images": int(found.images),
            "complete": bool(found.complete),
            "top": min(SHOWN, int(found.top.seeds.shape[1])),
            "grid": list(found.grid or []),
            "states": states,
        }
        self.concepts = [
            [cut(name, _LONGEST), cut(category, _LONGEST)]
            for name, category in zip(found.concepts, found.categories, strict=True)
        ]
        labels = np.asarray(found.labels)
        ends = np.take_along_axis(found.ci, np.maximum(labels, 0)[:, None, None], axis=1)[:, 0]
        low, high = np.where(labels >= 0, ends.T, np.nan)
        self.scores = floats(np.stack([labels, best_iou(found.iou, labels), low, high]))

    def _examples(self, units: Sequence[int]) -> list[Example]:
        found = found_here(self.lab)
        return [] if found is None else self.lab.examples.of(found, units, SHOWN)

    def _send_examples(self, examples: list[Example], ms: float) -> None:
        seeds = [int(seed) for example in examples for seed in example.seeds]
        place = {seed: at for at, seed in enumerate(dict.fromkeys(seeds))}
        first = [seeds.index(seed) for seed in place]
        pixels = self._pixels(examples)[first] if seeds else np.zeros((0, 1, 1, 1), np.uint8)
        data, grid = pixels.tobytes(), []
        masks = [
            example.regions for example in examples if example.regions is not None and len(example.seeds)
        ]
        if masks:
            grid = list(masks[0].shape[1:])
            bits = np.concatenate(masks).reshape(-1, grid[0] * grid[1])
            data += np.packbits(bits, axis=1, bitorder="little").tobytes()
        self.pictures = padded(data)
        self.sheet = {
            "key": self._key,
            "units": [example.unit for example in examples],
            "seeds": [example.seeds.tolist() for example in examples],
            "values": [[_number(value) for value in example.values] for example in examples],
            "places": [[place[int(seed)] for seed in example.seeds] for example in examples],
            "shape": list(pixels.shape),
            "grid": grid,
            "failed": [],
            "failures": self._failures,
            "ms": round(ms, 1),
        }

    def _tell_failed(self) -> None:
        """Say it anew each time, and let the same units be asked for again."""
        self._failures += 1
        failed = {"key": self._key, "failed": list(self.wanted), "failures": self._failures}
        self.sheet, self.wanted = {**self.sheet, **failed}, []

    def _pixels(self, examples: list[Example]) -> np.ndarray:
        images = [example.images for example in examples if len(example.images)]
        return to_uint8(torch.cat(images), *self.lab.range) if images else np.zeros((0, 1, 1, 1), np.uint8)

    def _summary(self) -> str:
        found = found_here(self.lab)
        if found is None:
            return f"{super()._summary()}, not dissected"
        count = int(ranked(found.labels, found.states).sum())
        return f"{super()._summary()}, concepts={len(found.concepts)}, ranked={count}, sort={self.sort!r}"


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if isfinite(value) else None
