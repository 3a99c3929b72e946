"""Read what layers give while the model runs.

>>> import torch
>>> from torch import nn
>>> model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(inplace=True))
>>> with capture(model, ["0"]) as acts:
...     output = model(torch.ones(5, 3))
>>> acts["0"].shape
torch.Size([5, 2])
"""

from collections.abc import Iterable
from types import TracebackType

from torch import Tensor, nn

from gan_widgets.core.errors import UnknownLayerError, problem
from gan_widgets.core.hooks import Hooked, Hooks, Stop, stopped
from gan_widgets.core.names import Target, unknown


class Activations(dict[str, Tensor]):
    """What each layer gave in the last forward, by the name it was asked for; see `capture`."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.names = tuple(names)

    def __missing__(self, name: str) -> Tensor:
        if name not in self.names:
            raise unknown(name, self.names)
        raise UnknownLayerError(
            problem(
                f"Layer {name!r} has not run.",
                got=f"{len(self)} of {len(self.names)} layers captured",
                allowed="a layer that the last forward of the model ran",
                next="Call the model inside the block; gw.layers(model, latents) lists the layers that run.",
            )
        )


class Capture(Hooked):
    """The context that `capture` gives."""

    doing = "capture"

    def __init__(self, model: nn.Module, layers: Iterable[str], *, stop: bool) -> None:
        super().__init__()
        self._model = model
        self._stop = Stop() if stop else None
        self.acts = Activations(dict.fromkeys([layers] if isinstance(layers, str) else layers))

    def __enter__(self) -> Activations:
        acts = self.acts
        self._entered.append(Hooks(self._model, acts.names, self._keep, reads=True, begin=acts.clear))
        return self.acts

    def _keep(self, target: Target, tensor: Tensor) -> None:
        self.acts[target.name] = tensor.detach().clone()
        if self._stop is not None and len(self.acts) == len(self.acts.names):
            raise self._stop

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Stop) and error is self._stop:
            stopped(self._model)
            # kept, the frames that it passed would hold all their tensors until the next garbage collection
            error.__traceback__ = error.__context__ = None
            super().__exit__(None, None, None)
            return True
        super().__exit__(kind, error, trace)
        return False


def capture(model: nn.Module, layers: Iterable[str], *, stop: bool = False) -> Capture:
    """Keep a copy of each layer's tensor, `(n, units, …)` detached, in every forward inside the block.

    `with capture(model, ["net.6", "act#1"]) as acts:` gives a dict from name to tensor, filled anew by each
    forward: `acts["net.6"]`. A layer that is edited is read after the edit, whichever context was entered
    first. `stop=True` ends the forward, and with it the block, as soon as every layer was read.

    Raises `UnknownLayerError` for names that the model does not have, before any hook is placed, and on
    leaving for a module that ran more than once under its bare name; `HookFailedError`, on leaving, for a
    layer without a tensor.
    """
    return Capture(model, layers, stop=stop)
