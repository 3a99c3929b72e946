"""Values that edits take from the model itself: a unit's mean, or its map for another seed.

>>> from torch import nn
>>> from gan_widgets.core.latents import normal
>>> reference = Reference(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), normal(3))
>>> reference.mean("1").shape, reference.resample("1", units=[0, 2], seeds=range(5)).shape
(torch.Size([4]), torch.Size([5, 2]))
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Edit, fit
from gan_widgets.core.errors import EditError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.hooks import alone
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import Mode, call, quiet, unwrap
from gan_widgets.core.seeds import check_seeds

_BATCH = 16
BANK = range(2**31, 2**31 + 64)
"""The seeds of the bank unless others are given: far from those people type."""


class Reference:
    """What the layers of an unedited model give for a fixed bank of seeds, run when first asked for.

    A layer costs one pass over the bank, ended as soon as the layer has run, in batches of 16 (which
    matters to BatchNorm in mode `"train"`), on latents of the model's device and dtype. What the model draws
    in it is the same each time. Call `clear` after the weights changed.
    """

    def __init__(
        self,
        model: nn.Module,
        latents: Latents | Callable[[int], Any],
        mode: Mode = "eval",
        seeds: Sequence[int] = BANK,
    ) -> None:
        self._model = unwrap(model)
        self._latents = fitting(latents, self._model)
        self._mode = mode
        self._seeds = tuple(seeds)
        self._means: dict[str, Tensor] = {}
        self._bank: tuple[str, Tensor] | None = None

    def mean(self, layer: str) -> Tensor:
        """Return each unit's mean over seeds and positions, `(units,)`, in the layer's dtype."""
        if layer not in self._means:
            bank = self._run(layer)
            # half precision overflows on large maps: per sample in float32, then in float64
            samples = bank.float().flatten(2).mean(2) if bank.ndim > 2 else bank
            self._means[layer] = samples.double().mean(0).to(bank.dtype)
        return self._means[layer]

    def resample(self, layer: str, units: Sequence[int], seeds: Iterable[int]) -> Tensor:
        """Return the units' values for another seed each, `(n, len(units), …)` for n seeds.

        The donor of seed s is the bank's seed number `s % len(bank)`, whatever other seeds are asked for.
        Raises `LatentsError` for what are no seeds.
        """
        known = check_seeds(seeds)
        bank = self._run(layer)
        donors = torch.tensor([seed % len(self._seeds) for seed in known], device=bank.device)
        return bank[donors[:, None], torch.tensor(units, device=bank.device)]

    def values(self, edits: Iterable[Edit], seeds: Iterable[int] | None = None) -> dict[Edit, Tensor]:
        """Return v for each edit whose value is measured, as `gan_widgets.core.edits.apply` takes it.

        `seeds` are those of the samples that will be edited; `"resample"` needs them. Raises `EditError`
        without them, and for units that the layer does not have.
        """
        seeds = None if seeds is None else tuple(seeds)
        found = {}
        for edit in edits:
            if edit.measured is None:
                continue
            if edit.measured == "resample" and seeds is None:
                raise EditError(
                    problem(
                        f"Resampling units of {edit.layer!r} needs the seeds of the samples.",
                        got="seeds=None",
                        allowed="one seed per sample",
                        next="Pass seeds=, the same that the latents were drawn for.",
                    )
                )
            mean = self.mean(edit.layer)
            fit(edit, len(mean))
            units = list(edit.units)
            found[edit] = (
                mean[units]
                if seeds is None or edit.measured == "mean"
                else self.resample(edit.layer, units, seeds)
            )
        return found

    def clear(self) -> None:
        """Forget everything measured: the weights have changed."""
        self._means.clear()
        self._bank = None

    def _run(self, layer: str) -> Tensor:
        """Return the layer's tensor for the whole bank, `(len(bank), units, …)`; the last layer's is kept."""
        if self._bank is None or self._bank[0] != layer:
            parts = []
            with quiet(self._model, self._mode, 0), alone():
                for k in range(0, len(self._seeds), _BATCH):
                    with capture(self._model, [layer], stop=True) as acts:
                        call(self._model, self._latents(self._seeds[k : k + _BATCH]))
                    parts.append(acts[layer])
            self._bank = layer, torch.cat(parts)
        return self._bank[1]
