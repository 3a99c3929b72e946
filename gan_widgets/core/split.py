"""Cut a model in two at a layer, so that moving a slider runs only what lies after it.

>>> from torch import nn
>>> from gan_widgets.core.latents import normal
>>> model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4), nn.Tanh())
>>> parts = split(model, "1", normal(3))
>>> parts
Split('1', how='sequential', error=0.0)
  2 modules follow the layer in a chain; checked on 4 samples: bit for bit the same.
>>> cut = parts.prefix(normal(3)(range(5)))
>>> cut.activation.shape, parts.suffix(cut).shape
(torch.Size([5, 8]), torch.Size([5, 4]))
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from gan_widgets.core.agree import apart, bound
from gan_widgets.core.chain import Chain, chain
from gan_widgets.core.errors import EditError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.inputs import tensors
from gan_widgets.core.latents import Latents, Sampler
from gan_widgets.core.live import Inputs, Mode, unwrap
from gan_widgets.core.names import Target, resolve
from gan_widgets.core.probe import is_all, observe, remarks, touches
from gan_widgets.core.trace import UntraceableError
from gan_widgets.core.traced import Traced
from gan_widgets.core.whole import Cut, Way, Whole, disagreement

How = Literal["sequential", "traced", "full"]


class Ran(NamedTuple):
    """What a suffix gave, and how and why it ran that way."""

    output: Any
    how: How
    why: str


@dataclass(frozen=True, eq=False)
class Split:
    """A model cut at `layer`, checked against the model itself.

    `how` is "sequential" (the modules after the layer run one by one), "traced" (their recorded operations
    run) or "full" (the whole model runs with the layer's tensor put in); `why` is a sentence about it.
    `error` is the largest difference that the check found, 0.0 when both gave the same bits. `steps` is the
    number of modules or operations that a suffix runs, 0 for "full".

    Weights are read at every run. Once modules, their attributes or hooks are others, the whole model runs.
    """

    layer: str
    error: float
    mode: Mode
    steps: int
    _found: How
    _reason: str
    _way: Way = field(repr=False)
    _whole: Whole = field(repr=False)
    _copies: bool = field(repr=False)
    _notes: tuple[str, ...] = ()

    @property
    def how(self) -> How:
        """How a suffix would run now."""
        return self._now()[1]

    @property
    def why(self) -> str:
        """A sentence on how the model was cut, or on what has changed since."""
        return self._now()[2]

    @property
    def runs_modules(self) -> bool:
        """Whether a suffix calls the model's own modules; a recording does not, unless hooks were added."""
        return self.how != "traced"

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is worth knowing: batch statistics, random numbers, inputs that could not be recorded."""
        return (*self._notes, *getattr(self._way, "notes", ()))

    def prefix(self, inputs: Inputs) -> Cut:
        """Run the model up to the layer; leaves the model, the inputs and all random states as they were.

        Raises what the model raises on inputs that do not fit it.
        """
        return self._now()[0].prefix(inputs)

    def suffix(self, cut: Cut, h: Tensor | None = None) -> Any:  # noqa: ANN401  (a model may return anything)
        """Give the model's output with `h`, or the cut's own activation, as the layer's tensor.

        `h` has the shape, dtype and device of `cut.activation`, else `EditError`; it is not written to.
        The output has no gradient.
        """
        return self.run(cut, h).output

    def run(self, cut: Cut, h: Tensor | None = None) -> Ran:
        """Do what `suffix` does, and tell how it was done."""
        known = cut.activation
        if h is None:
            h = known
        elif (h.shape, h.dtype, h.device) != (known.shape, known.dtype, known.device):
            raise EditError(
                problem(
                    f"this is no tensor for layer {self.layer!r}.",
                    got=f"{tuple(h.shape)} {h.dtype} on {h.device}",
                    allowed=f"{tuple(known.shape)} {known.dtype} on {known.device}",
                    next="Start from cut.activation.clone().",
                )
            )
        h = h.detach()
        if h.stride() != known.stride():
            h = torch.empty_like(known).copy_(h)
        way, how, why = self._now()
        return Ran(way.suffix(cut, h.clone() if self._copies else h), how, why)

    def _now(self) -> tuple[Way, How, str]:
        stale = self._way.stale()
        if stale:
            return self._whole, "full", f"The whole model runs, now that {stale}. Split again."
        return self._way, self._found, self._reason

    def __repr__(self) -> str:
        lines = [f"Split({self.layer!r}, how={self.how!r}, error={self.error:.3g})", self.why, *self.notes]
        return "\n  ".join(lines).replace("error=0)", "error=0.0)")


def split(
    model: nn.Module,
    layer: str,
    latents: Latents | Sampler | Callable[[int], Any],
    *,
    mode: Mode = "eval",
    seeds: Iterable[int] = range(4),
) -> Split:
    """Cut `model` at `layer`, in the fastest way that gives the same output on the samples of `seeds`.

    The model runs a few times, and its operations are recorded (up to seconds for a large one) where it is no
    chain of modules. Latents go to the model's device and dtype; see `core.fitting`. Raises
    `UnknownLayerError` for a layer that does not exist, did not run or ran several times under its bare name.
    """
    root = unwrap(model)
    (target,) = resolve(root, [layer])
    inputs = fitting(latents, root)(seeds)
    output, noise = observe(root, layer, inputs, mode)
    whole = Whole(root, layer, mode, seeded=noise is not None)
    notes = remarks(root, mode)
    known = whole.prefix(inputs)
    error = apart(whole.suffix(known, known.activation), output)
    if error > bound(output):
        notes.append(
            f"Putting the layer's own tensor back changes the output by {error:.3g}: edits may not show."
        )
    way: Way = whole
    how: How = "full"
    steps, why = 0, f"{noise}; each run here draws the same ones, so edits can be compared"
    if noise is None:
        way, how, steps, why = _fastest(whole, target, inputs)
        error = error if way is whole else disagreement(way, whole, inputs)[0]
        n = len(tensors(inputs)[0])
        why += f"; checked on {n} sample{'s' if n > 1 else ''}: "
        why += "bit for bit the same" if error == 0 else f"within {error:.2g}"
    why = f"{why[0].upper()}{why[1:]}."
    return Split(layer, error, mode, steps, how, why, way, whole, touches(way, inputs), tuple(notes))


def _fastest(whole: Whole, target: Target, inputs: Inputs) -> tuple[Way, How, int, str]:
    found = chain(whole, target)
    broken = _broken(found, whole, inputs)
    if found is not None and broken is None:
        n = len(found.tail)
        return (
            found,
            "sequential",
            n,
            f"{n} module{'s follow' if n != 1 else ' follows'} the layer in a chain",
        )
    try:
        traced = Traced(whole, inputs)
    except UntraceableError as error:
        return whole, "full", 0, f"the whole model runs: {broken}, and {error}"
    why = f"{broken}; the {traced.first.steps} operations that follow the layer were recorded"
    if traced.first.skips:
        why += (
            f", with {traced.first.skips} tensor{'s' if traced.first.skips > 1 else ''} kept from before it"
        )
    return traced, "traced", traced.first.steps, why


def _broken(found: Chain | None, whole: Whole, inputs: Inputs) -> str | None:
    """Say why the chain will not do, or None when it does."""
    if found is None:
        return "the layer is in no chain of modules"
    hooked = next((module for module in found.containers if module._forward_hooks), None)
    if hooked is not None:
        return f"a hook sits on the {type(hooked).__name__} around the layer"
    try:
        if is_all(found, whole, inputs) and disagreement(found, whole, inputs)[1]:
            return None
    except Exception as error:  # noqa: BLE001  (modules called out of their order may fail in any way)
        return f"the modules after the layer do not run in a chain ({type(error).__name__})"
    return "more follows the layer than a chain of modules"
