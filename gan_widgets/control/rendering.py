"""seeds → latents → prefix → edits → suffix → images, keeping everything that a slider does not change."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_widgets.control.examples import Examples
from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Edit, apply
from gan_widgets.core.inputs import each
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import Latents
from gan_widgets.core.layers import Layers
from gan_widgets.core.live import Inputs, Mode, call, quiet
from gan_widgets.core.pixels import as_images
from gan_widgets.core.reference import Reference
from gan_widgets.core.split import Split, split
from gan_widgets.core.whole import Cut

Seeds = tuple[int, ...]
Edits = tuple[Edit, ...]
KEPT = 2  # the edited and the unedited tensor of the layer under the sliders; more would only hold memory


class Frame(NamedTuple):
    """One render: `images` and `baseline` `(n, ch, H, W)`, which way both were run, and how long it took."""

    images: Tensor
    baseline: Tensor
    how: str
    why: str
    ms: float


class Renderer:
    """Runs one model for one controller, which holds the model's lock around every call.

    The model is split at the last edited layer: what runs before it, edits of earlier layers included, is
    kept while a slider of that layer moves.
    """

    def __init__(self, model: nn.Module, latents: Latents, layers: Layers, mode: Mode) -> None:
        self.model = model
        self.latents = latents
        self.mode = mode
        self.reference = Reference(model, latents, mode=mode)
        self.examples = Examples(model, latents, mode)
        self._order = {info.name: k for k, info in enumerate(layers)}
        self._splits: dict[str, Split] = {}
        self._inputs: dict[Seeds, Inputs] = {}
        self.forget()

    def forget(self) -> None:
        """Drop all that depends on the weights; how the model was split stays, it reads them live."""
        self._cuts: dict[tuple[str, Seeds, Edits], Cut] = {}
        self._baselines: dict[tuple[str, Seeds], Tensor] = {}
        self._frame: tuple[tuple[Seeds, Edits, str], Frame] | None = None
        self._activation: tuple[tuple[Seeds, Edits, str], Tensor] | None = None
        self.reference.clear()
        self.examples.forget()

    def split_at(self, layer: str) -> Split:
        """Return the verified split at `layer`; made once."""
        if layer not in self._splits:
            self._splits[layer] = split(self.model, layer, self.latents, mode=self.mode)
        return self._splits[layer]

    def render(self, seeds: Seeds, edits: Edits, home: str) -> Frame:
        """Render `edits`, or the unedited model split at `home`, unless it was rendered last."""
        key = (seeds, edits, "" if edits else home)
        if self._frame is None or self._frame[0] != key:
            start = perf_counter()
            images, baseline, how, why = self._render(seeds, edits, home)
            if images.is_cuda:
                torch.cuda.synchronize(images.device)
            self._frame = key, Frame(images, baseline, how, why, 1000 * (perf_counter() - start))
        return self._frame[1]

    def activations(self, seeds: Seeds, edits: Edits, layer: str) -> Tensor:
        """Return what `layer` gives under `edits`: `(n, units, h, w)`, or `(n, units)` if fully connected."""
        key = (seeds, edits, layer)
        if self._activation is None or self._activation[0] != key:
            self._activation = key, self._activate(seeds, edits, layer)
        return self._activation[1]

    def _render(self, seeds: Seeds, edits: Edits, home: str) -> tuple[Tensor, Tensor, str, str]:
        layers = {edit.layer for edit in edits}
        layer = max(layers, key=self._order.__getitem__, default=home)
        here, earlier = _parted(edits, layer) if len(layers) > 1 else (edits, ())
        halves = self.split_at(layer)
        if earlier and not halves.runs_modules:
            return self._whole(seeds, edits)

        def unedited() -> Tensor:
            return as_images(halves.suffix(self._cut(layer, seeds, ())))

        baseline: Tensor = _kept(self._baselines, (layer, seeds), unedited)
        if not edits:
            return baseline, baseline, halves.how, halves.why
        cut = self._cut(layer, seeds, earlier)
        h = apply(here, cut.activation, self.reference.values(here, seeds))
        if earlier and halves.how == "full":
            with self._edited(earlier, seeds):
                ran = halves.run(cut, h)
        else:
            ran = halves.run(cut, h)
        return as_images(ran.output), baseline, ran.how, ran.why

    def _whole(self, seeds: Seeds, edits: Edits) -> tuple[Tensor, Tensor, str, str]:
        def run() -> Tensor:
            with quiet(self.model, self.mode):
                return as_images(call(self.model, each(self._latents_of(seeds), torch.clone)))

        baseline: Tensor = _kept(self._baselines, ("", seeds), run)
        with self._edited(edits, seeds):
            images = run()
        why = "The whole model runs, since several layers are edited and a recording holds what follows one."
        return images, baseline, "full", why

    def _activate(self, seeds: Seeds, edits: Edits, layer: str) -> Tensor:
        position = self._order[layer]
        reaching = tuple(edit for edit in edits if self._order[edit.layer] <= position)
        here, earlier = _parted(reaching, layer)
        cut = self._cuts.get((layer, seeds, earlier))
        if cut is not None:
            return (
                apply(here, cut.activation, self.reference.values(here, seeds))
                if here
                else cut.activation.clone()
            )
        with (
            quiet(self.model, self.mode, 0),
            self._edited(reaching, seeds),
            capture(self.model, [layer], stop=True) as acts,
        ):
            call(self.model, each(self._latents_of(seeds), torch.clone))
        return acts[layer]

    def _edited(self, edits: Edits, seeds: Seeds) -> AbstractContextManager[Any]:
        return intervene(self.model, edits, values=self.reference.values(edits, seeds), mode=self.mode)

    def _cut(self, layer: str, seeds: Seeds, earlier: Edits) -> Cut:
        def prefix() -> Cut:
            with self._edited(earlier, seeds) if earlier else nullcontext():
                return self.split_at(layer).prefix(self._latents_of(seeds))

        cut: Cut = _kept(self._cuts, (layer, seeds, earlier), prefix)
        return cut

    def _latents_of(self, seeds: Seeds) -> Inputs:
        inputs: Inputs = _kept(self._inputs, seeds, lambda: self.latents(seeds))
        return inputs


def _parted(edits: Edits, layer: str) -> tuple[Edits, Edits]:
    """Return the edits of `layer`, and all others."""
    return tuple(e for e in edits if e.layer == layer), tuple(e for e in edits if e.layer != layer)


def _kept(memory: dict[Any, Any], key: object, make: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Return `memory[key]`, made if missing; what was wanted least lately goes."""
    value = memory.pop(key) if key in memory else make()
    memory[key] = value
    while len(memory) > KEPT:
        del memory[next(iter(memory))]
    return value
