"""Edit layers while the model runs.

>>> import torch
>>> from torch import nn
>>> from gan_widgets.core.edits import Insert
>>> model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
>>> with intervene(model, [Insert("1", units=[0], value=9.0)]):
...     output = model(torch.ones(5, 3))
>>> output[:, 0]
tensor([9., 9., 9., 9., 9.], grad_fn=<SelectBackward0>)
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from torch import Tensor, nn

from gan_widgets.core.capture import capture
from gan_widgets.core.edits import Edit, apply, as_edits, check
from gan_widgets.core.errors import EditError, HookFailedError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.hooks import Hooked, Hooks, alone
from gan_widgets.core.latents import Latents
from gan_widgets.core.layers import layers
from gan_widgets.core.live import Mode, call, quiet, unwrap
from gan_widgets.core.names import Target, resolve
from gan_widgets.core.reference import Reference
from gan_widgets.core.seeds import check_seeds


class Intervention(Hooked):
    """The context that `intervene` gives."""

    doing = "edit"

    def __init__(
        self, model: nn.Module, edits: tuple[Edit, ...], values: Callable[[], Mapping[Edit, Tensor]]
    ) -> None:
        super().__init__()
        self.edits = edits
        self._model = model
        self._values = values

    def __enter__(self) -> Self:
        groups = self._grouped()
        values = self._values()

        def edited(target: Target, tensor: Tensor) -> Tensor:
            return apply(groups[target.name], tensor, values)

        self._entered.append(Hooks(self._model, groups, edited, reads=False))
        return self

    def _grouped(self) -> dict[str, list[Edit]]:
        """Group the edits by what their layer's name means: other names of one module are one layer."""
        groups: dict[str, list[Edit]] = {}
        names: dict[tuple[nn.Module, int | None], str] = {}
        targets = resolve(unwrap(self._model), [edit.layer for edit in self.edits])
        for edit, target in zip(self.edits, targets, strict=True):
            name = names.setdefault((target.module, target.call), target.name)
            groups.setdefault(name, []).append(edit)
        return groups

    def _unused(self, hooks: Hooks) -> Exception | None:
        unused = [hook.target.name for hook in hooks.layers if not hook.fired]
        return _never_fired(unused) if unused and hooks.forwards else None


def intervene(
    model: nn.Module,
    edits: Iterable[Edit] | Edit,
    *,
    latents: Latents | Callable[[int], Any] | None = None,
    seeds: Iterable[int] | None = None,
    mode: Mode = "eval",
    values: Mapping[Edit, Tensor] | None = None,
) -> Intervention:
    """Apply `edits`, from left to right, in every forward inside the block.

    An entered context inside another one edits what the outer one gave. Edits whose value is measured need
    `latents`, and `"resample"` also `seeds`, one per sample of the batch; `mode` is how the model is run to
    measure, unless `values`, as `Reference.values` gives them, says what was measured. With `latents` the
    edits are also checked against the layers of a probe forward before any hook is placed.

    Raises `LatentsError` for what are no seeds, and `UnknownLayerError` and `EditError` on entering. What
    only shows while the model runs is raised on leaving and never breaks the model's forward:
    `HookFailedError` for an edit that does not fit or a layer that never ran, `UnknownLayerError` for a
    module that ran more than once under its bare name.
    """
    edits = as_edits(edits)
    needs = [edit for edit in edits if edit.measured is not None]
    if needs and latents is None and values is None:
        raise EditError(
            problem(
                f"The value {needs[0].measured!r} is measured on the model.",
                got="latents=None",
                allowed="the latents that the model is run on",
                next="Pass latents=, such as gw.normal(64).",
            )
        )
    known = None if seeds is None else check_seeds(seeds)

    def measure() -> Mapping[Edit, Tensor]:
        if values is not None or latents is None:
            return values or {}
        found = layers(model, latents, mode=mode)
        for edit in edits:
            check(edit, found.find(edit.layer))
        return Reference(model, latents, mode).values(needs, known)

    return Intervention(model, edits, measure)


def dry_run(
    model: nn.Module,
    names: Iterable[str],
    latents: Latents | Callable[[int], Any],
    *,
    mode: Mode = "eval",
) -> None:
    """Run `model`, as given, once on two latents; raises `HookFailedError` unless each layer's hook fired.

    >>> from gan_widgets.core.latents import normal
    >>> dry_run(nn.Sequential(nn.Linear(3, 2)), ["0"], normal(3))
    """
    names = tuple(names)
    with quiet(model, mode), alone(), capture(model, names) as acts:
        call(model, fitting(latents, model)((0, 1)))
    missing = [name for name in names if name not in acts]
    if missing:
        raise _never_fired(missing)


def _never_fired(names: list[str]) -> HookFailedError:
    return HookFailedError(
        problem(
            "The model ran, but not through these layers' hooks.",
            got=", ".join(map(repr, names)),
            allowed="layers that the model calls as modules, from Python, in each forward",
            next="Take a layer that gw.layers(model, latents) lists; call modules, not their forward().",
        )
    )
