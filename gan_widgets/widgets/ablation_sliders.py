"""One slider per unit, and what turning units off does to the images while the hand moves."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor
from traitlets import Bytes, Dict, List, Unicode

from gan_widgets.core.edits import Ablate, Edit, to_code
from gan_widgets.core.pixels import Pixels, to_uint8
from gan_widgets.core.seeds import SEED_LIMIT
from gan_widgets.widgets import _acts, _domains
from gan_widgets.widgets._base import View
from gan_widgets.widgets._change_picture import picture_of, seen
from gan_widgets.widgets._wire import floats, padded, short
from gan_widgets.widgets.layer_picker import facts

SEEN = 100.0  # milliseconds; a kernel busy for longer should say so


class AblationSliders(View):
    """Sliders over the units of the controller's layer, and the images before, after, and their difference.

    gw.AblationSliders(lab, value="mean")

    The sliders are one `Ablate` without a mask among `lab.edits`; all other edits stay as they are, in their
    places. A drag is a `preview`; letting go is one undo step.
    """

    stem = "ablation_sliders"

    info = Dict().tag(sync=True, echo_update=False)
    """Type: `{"name": str, "kind": str, "units": int, "size": [h, w]}`, size `[]` if fully connected."""
    strengths = Bytes().tag(sync=True, echo_update=False)
    """Type: float32, little-endian, `(units,)`, 0 to 1: the committed state. Writable, as one undo step."""
    _asked: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: list of `{"id": int, "act": str}`, in order: what hands did that may not have been taken yet.
    "commit" has `units` and their `strength` too, "become" a `value`; the others are "undo", "redo", "reset"
    and "new samples". Writable."""
    _taken: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: list of int: the ids of the latest that were taken; a page may ask for them again."""
    preview: Any = Dict(None, allow_none=True).tag(sync=True, echo_update=False)
    """Type: `{"units": [int] or "selection", "strength": float}` in a drag, else None. Writable."""
    value: Any = Unicode("zero").tag(sync=True)
    """Type: "zero", "mean" or "resample": what an ablated unit becomes. Writable. Default: "zero"."""
    selection: List[Any] = List().tag(sync=True)
    """Type: list of int, ascending: the chosen units. Writable."""
    sort = Unicode("index").tag(sync=True)
    """Type: "index", "strength" or "selection". Writable. Default: "index"."""
    before = Bytes().tag(sync=True, echo_update=False)
    """Type: uint8 of `shape`: the unedited images."""
    after = Bytes().tag(sync=True, echo_update=False)
    """Type: uint8 of `shape`, then padding: the images as edited."""
    shape: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: `[n, H, W, ch]`; images with more pixels than a screen shows of them are shrunk to means."""
    status = Dict().tag(sync=True, echo_update=False)
    """Type: `{"ms": float, "how": str, "why": str, "can_undo": bool, "can_redo": bool, "seeds": [int],
    "answers": int}`; the last counts the messages handled, so that every message changes something."""
    code = Unicode().tag(sync=True, echo_update=False)
    """Type: str. Python that makes the committed images without this package's views."""

    def draw(self, names: Iterable[str]) -> None:
        """Show what changed; a buffer is sent only if it differs."""
        lab, names = self.lab, set(names)
        if "layer" in names:
            self.info = facts(lab.info)
        if names & {"layer", "selection"}:
            self.selection = list(lab.selection)
        if names & {"layer", "edits"}:
            edit = next(iter(self._own()), None)
            self.strengths = floats(_vector(edit, lab.info.units))
            self.value = edit.value if edit is not None else self.value
        if names & {"layer", "pending"} and lab.pending is None:
            self.preview = None
        if names & {"edits", "seeds"}:
            self.code = _code(lab.edits, lab.seeds, lab.mode)
        if "baseline" in names:
            pixels = self._pixels(lab.baseline)
            self.before, self.shape = pixels.tobytes(), list(pixels.shape)
        if "images" in names:
            self.after = padded(self._pixels(lab.images).tobytes())
        if names & {"status", "seeds"}:
            status = lab.status
            self.status = {
                "ms": round(status.ms, 2),
                "how": status.how,
                "why": status.why,
                "can_undo": status.can_undo,
                "can_redo": status.can_redo,
                "seeds": list(lab.seeds),
                "answers": self.status.get("answers", 0),
            }

    def answer(self) -> None:
        """Count the message that was handled: its images may be those that were there before."""
        self.status = {**self.status, "answers": self.status.get("answers", 0) + 1}

    def momentary(self, names: set[str]) -> bool:
        """Say that a move of a drag is over at once, unless the model is a slow one."""
        return names == {"preview"} and self.status["ms"] < SEEN

    def wrote_preview(self) -> None:
        """Show what the sliders would do, without committing."""
        if self.preview is None:
            self.lab.preview(None)
            return
        units = self.selection if self.preview["units"] == "selection" else self.preview["units"]
        self.lab.preview(self._edits(self._moved(units, self.preview["strength"])))

    def wrote__asked(self) -> None:
        """Do what was not done yet; an act that fails takes those after it along."""
        asked = [act["id"] for act in self._asked]
        fresh = [act for act in self._asked if act["id"] not in self._taken]
        self._taken = [*(known for known in self._taken if known not in asked), *asked][-_acts.LIMIT :]
        for act in fresh:
            self._do(act)

    def wrote_strengths(self) -> None:
        """Commit the sliders."""
        self._commit(self._strengths())

    def _commit(self, vector: np.ndarray) -> None:
        edits = self._edits(vector)
        if edits != self.lab.edits or self.lab.pending is not None:
            self.lab.edits = edits

    def wrote_value(self) -> None:
        """Let ablated units become this instead, now if any slider is up."""
        self.wrote_strengths()

    def wrote_selection(self) -> None:
        """Choose these units in every view."""
        self.lab.selection = self.selection

    def picture(self) -> bytes:
        """Return before, after and difference side by side in one PNG."""
        return picture_of(self._pixels(self.lab.baseline), self._pixels(self.lab.images))

    def _pixels(self, images: Tensor) -> Pixels:
        return to_uint8(seen(images, *self.lab.range), *self.lab.range)

    def _own(self) -> list[Ablate]:
        """Return the edit that the sliders are, if there: the first without a mask, to a named value."""
        here = (edit for edit in self.lab.edits if isinstance(edit, Ablate) and edit.layer == self.lab.layer)
        return [edit for edit in here if edit.mask is None and isinstance(edit.value, str)][:1]

    def _edits(self, vector: np.ndarray) -> tuple[Edit, ...]:
        """Return the committed edits with the sliders at `vector`, every other edit in its place."""
        units = np.flatnonzero(vector)
        new: list[Edit] = []
        if len(units):
            levels = vector[units].tolist()
            exact = {level: short(level) for level in set(levels)}
            strength = exact[levels[0]] if len(exact) == 1 else tuple(exact[level] for level in levels)
            new = [Ablate(self.lab.layer, units=tuple(units.tolist()), strength=strength, value=self.value)]
        edits, own = list(self.lab.edits), self._own()
        place = next((k for k, edit in enumerate(edits) if own and edit is own[0]), len(edits))
        edits[place : place + 1] = new
        return tuple(edits)

    def _strengths(self) -> np.ndarray:
        return np.frombuffer(self.strengths, "<f4").copy()

    def _moved(self, units: list[int], strength: float) -> np.ndarray:
        vector = self._strengths()
        vector[units] = strength
        return vector

    def _do(self, act: dict[str, Any]) -> None:
        match act["act"]:
            case "commit":
                self._commit(self._moved(act["units"], act["strength"]))
            case "become":
                self.value = act["value"]
            case "undo":
                self.lab.undo()
            case "redo":
                self.lab.redo()
            case "reset":
                self.lab.edits = ()
            case "new samples":
                self._new_samples()

    def _new_samples(self) -> None:
        seeds = self.lab.seeds
        self.lab.seeds = [(seeds[-1] + 1 + k) % SEED_LIMIT for k in range(len(seeds))]

    def _summary(self) -> str:
        up = int(np.count_nonzero(self._strengths()))
        return f"{super()._summary()}, up={up}, samples={len(self.lab.seeds)}"

    writable = {  # noqa: RUF012  (never changed)
        "value": _domains.choice("zero", "mean", "resample"),
        "sort": _domains.choice("index", "strength", "selection"),
        "selection": _domains.units,
        "strengths": _domains.strengths,
        "_asked": _acts.acts,
        "preview": _domains.preview,
    }


def _vector(edit: Ablate | None, units: int) -> np.ndarray:
    vector = np.zeros(units, "<f4")
    if edit is not None:
        vector[list(edit.units)] = edit.strength
    return vector


def _code(edits: tuple[Edit, ...], seeds: tuple[int, ...], mode: str) -> str:
    run = seeds == tuple(range(seeds[0], seeds[0] + len(seeds)))
    shown = f"range({seeds[0]}, {seeds[-1] + 1})" if run else repr(list(seeds))
    return (
        "import gan_widgets as gw\n\n"
        f"seeds = {shown}\n"
        f"edits = {to_code(edits)}\n"
        f"with gw.intervene(model, edits, latents=latents, seeds=seeds, mode={mode!r}):\n"
        "    images = model(latents(seeds))\n"
    )
