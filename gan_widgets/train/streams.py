"""Random numbers of one training step's own, whatever else draws meanwhile in other threads.

>>> chance = Chance(7)
>>> before = torch.get_rng_state()
>>> with chance:
...     first = nn.Dropout(0.5)(torch.ones(6))
>>> with Chance(7):
...     again = nn.Dropout(0.5)(torch.ones(6))
>>> first.equal(again), torch.get_rng_state().equal(before)
(True, True)
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gan_widgets.core.calm import may_draw

_aten = torch.ops.aten
_LIKE: dict[Any, Callable[..., Tensor]] = {
    _aten.rand_like.default: lambda new, generator: new.uniform_(generator=generator),
    _aten.randn_like.default: lambda new, generator: new.normal_(generator=generator),
    _aten.randint_like.default: lambda new, high, generator: new.random_(0, high, generator=generator),
    _aten.randint_like.low_dtype: lambda new, low, high, generator: new.random_(
        low, high, generator=generator
    ),
}


class Chance(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Hands every random operation of this thread, inside its block, a generator of its own.

    The numbers are those that PyTorch's global generators give after `torch.manual_seed(seed)`, but those are
    neither read nor set, so that another thread may draw from them at any time. `generator(device)` is the
    one for a device. The few operations that take no generator run on the global one, seeded for the
    moment. What is drawn inside `torch.utils.checkpoint` is drawn anew in the backward pass: draw elsewhere.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seed = seed
        self._generators: dict[torch.device, torch.Generator] = {}

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """Give the stream for this device; the same object every time."""
        device = torch.device(device)
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self._seed)
        return self._generators[device]

    def inside(self, net: nn.Module, *functions: Callable[..., Any] | None) -> AbstractContextManager[object]:
        """Give the block to run `net` and `functions` in: this one, or none when they surely draw nothing.

        Of functions that is known of the package's own.
        """
        foreign = (f is not None and not _ours(f) for f in functions)
        return self if any(foreign) or may_draw(net) else nullcontext()

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401  (an operation of PyTorch)
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags or kwargs.get("generator") is not None:
            return func(*args, **kwargs)
        first = next((value for value in args if isinstance(value, Tensor)), None)
        own = self.generator(kwargs.get("device") or (first.device if first is not None else "cpu"))
        if func is _aten.native_dropout.default:
            return _dropped(*args, generator=own)
        if func in _LIKE:
            new = torch.empty_like(args[0], **kwargs)
            return _LIKE[func](new, *args[1:], generator=own)
        taking = _taking_a_generator(func)
        if taking is not None:
            return taking(*args, **kwargs, generator=own)
        return self._borrowed(own, func, args, kwargs)

    @staticmethod
    def _borrowed(own: torch.Generator, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        seed = int(torch.randint(2**62, (), generator=own, device=own.device))
        cuda = [own.device] if own.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(seed)
            return func(*args, **kwargs)


def _ours(function: Callable[..., Any]) -> bool:
    return str(getattr(function, "__module__", "")).startswith("gan_widgets.")


def _taking_a_generator(func: Any) -> Any:  # noqa: ANN401
    """Give the overload of an operation that takes a generator: itself, or its twin; None without any."""
    if any(argument.name == "generator" for argument in func._schema.arguments):
        return func
    twin = {"default": "generator", "low": "low_generator"}.get(func._overloadname, "")
    return getattr(func.overloadpacket, twin, None) if twin in func.overloadpacket.overloads() else None


def _dropped(x: Tensor, p: float, train: bool | None, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    if train is False or p == 0:
        return x, torch.ones_like(x, dtype=torch.bool)
    kept = torch.empty_like(x, dtype=torch.bool).bernoulli_(1 - p, generator=generator)
    return x * kept / (1 - p) if p < 1 else x * kept, kept
