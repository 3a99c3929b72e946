"""The plain way to see an edited layer: run the whole model with the edited tensor in the layer's place."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from gan_widgets.core.agree import apart, bound
from gan_widgets.core.capture import capture
from gan_widgets.core.errors import HookFailedError, problem
from gan_widgets.core.hooks import Hooks
from gan_widgets.core.inputs import each
from gan_widgets.core.live import Inputs, Mode, call, quiet


@dataclass(frozen=True, eq=False)
class Cut:
    """A forward stopped at one layer: `activation` is the layer's tensor `(n, units, h, w)`.

    `inputs` are what the model was called with; `rest` is what else a suffix needs, None when it needs only
    the inputs. A cut belongs to the weights that made it: after a training step, make another.
    """

    activation: Tensor
    inputs: Inputs = field(repr=False)
    rest: Any = field(default=None, repr=False)


class Way(Protocol):
    """How a layer's tensor is reached and what follows it is run, while it is not stale."""

    def prefix(self, inputs: Inputs) -> Cut:
        """Run the model up to and including the layer."""
        ...

    def suffix(self, cut: Cut, h: Tensor, /) -> Any:  # noqa: ANN401
        """Run what follows the layer, with `h` as the layer's tensor."""
        ...

    def stale(self) -> str | None:
        """Say why the whole model has to run now although this way was found, or None."""
        ...


class Whole:
    """Run the whole model each time; always right, never fast.

    With `seeded`, random numbers that the model draws are the same in every run, so that two pictures differ
    by their edits alone.
    """

    def __init__(self, root: nn.Module, layer: str, mode: Mode, *, seeded: bool = False) -> None:
        self.root, self.layer, self.mode, self.seeded = root, layer, mode, seeded

    def prefix(self, inputs: Inputs) -> Cut:
        """Run the model up to the layer, on copies of the inputs, which some models write into."""
        kept = each(inputs, torch.clone)
        with self._quiet(), capture(self.root, [self.layer], stop=True) as acts:
            call(self.root, each(inputs, torch.clone))
        return Cut(acts[self.layer], kept)

    def suffix(self, cut: Cut, h: Tensor) -> Any:  # noqa: ANN401
        """Run the whole model with `h` in the place of the layer's tensor; `h` is not written to."""
        with self._quiet():
            hooks = Hooks(self.root, [self.layer], lambda _target, _tensor: h.clone(), reads=False)
            try:
                output = call(self.root, each(cut.inputs, torch.clone))
            finally:
                hooks.close()
        if hooks.failure is not None:
            raise hooks.failure[1]
        if not hooks.layers[0].fired:
            raise HookFailedError(
                problem(
                    f"Layer {self.layer!r} did not run, so its edited tensor was not used.",
                    got="a forward that passed the layer by",
                    allowed="a layer that every forward runs",
                    next="Choose one of gw.layers(model, latents).",
                )
            )
        return output

    def stale(self) -> None:
        """Give None: the whole model is always right."""

    def _quiet(self) -> AbstractContextManager[None]:
        return quiet(self.root, self.mode, 0 if self.seeded else None)


class Still:
    """No gradient, and no weight cast in the block is kept by autocast for the user's next backward."""

    def __enter__(self) -> None:
        self._grad, self._cached = torch.is_grad_enabled(), torch.is_autocast_cache_enabled()
        torch.set_grad_enabled(False)
        torch.set_autocast_cache_enabled(False)

    def __exit__(self, *failure: object) -> None:
        torch.set_autocast_cache_enabled(self._cached)
        torch.set_grad_enabled(self._grad)


def disagreement(way: Way, whole: Whole, inputs: Inputs) -> tuple[float, bool]:
    """Compare a way with the whole model: the largest difference found, and whether rounding explains it.

    The layer's tensor is compared, and the output for that tensor and for another one.
    """
    cut, known = way.prefix(inputs), whole.prefix(inputs)
    h = known.activation
    bent = h.flip(0) * 0.5 - h.flip(1) * 0.25
    pairs = [(cut.activation, h)]
    pairs += [(way.suffix(cut, tensor.clone()), whole.suffix(known, tensor)) for tensor in (h, bent)]
    gaps = [apart(one, other) for one, other in pairs]
    fine = all(gap <= bound(other) for gap, (_, other) in zip(gaps, pairs, strict=True))
    return max(gaps), fine
