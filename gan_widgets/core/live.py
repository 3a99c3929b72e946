"""The user's model, run by us without leaving a trace.

>>> import torch
>>> from torch import nn
>>> model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)).train()
>>> with quiet(model, "eval"):
...     call(model, torch.zeros(4, 3)).shape, model.training
(torch.Size([4, 2]), False)
>>> model.training
True
"""

import random
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor, nn

from gan_widgets.core.errors import RefusedModelError, problem

Inputs: TypeAlias = Tensor | tuple[Any, ...] | dict[str, Any]
"""What latents give and a model takes: one tensor, positional arguments, or keyword arguments."""

Draw: TypeAlias = Callable[[Iterable[int]], Inputs]
"""`latents(seeds)`: inputs for these seeds, batch first."""

Mode: TypeAlias = Literal["eval", "train", "asis"]
"""How BatchNorm, Dropout and the like run: as `model.eval()`, as `model.train()`, or as they stand."""


def call(model: nn.Module, inputs: Inputs) -> Any:  # noqa: ANN401  (a model may return anything)
    """Run `model` on what latents gave: a tensor, a tuple of arguments, or a dict of keyword arguments.

    >>> call(nn.Bilinear(2, 3, 5), (torch.ones(4, 2), torch.ones(4, 3))).shape
    torch.Size([4, 5])
    >>> call(nn.Linear(2, 5), {"input": torch.ones(4, 2)}).shape
    torch.Size([4, 5])
    """
    if isinstance(inputs, tuple):
        return model(*inputs)
    if isinstance(inputs, dict):
        return model(**inputs)
    return model(inputs)


def unwrap(model: nn.Module) -> nn.Module:
    """Return the module whose own forward runs, inside `torch.compile`, `DataParallel` and its like.

    Raises `RefusedModelError`, with the reason, for what hooks cannot read: TorchScript, FSDP, no module.

    >>> inner = nn.Linear(2, 3)
    >>> unwrap(nn.DataParallel(inner)) is inner
    True
    """
    while True:
        if not isinstance(model, nn.Module):
            raise RefusedModelError(
                problem(
                    "Only a PyTorch module can be looked into.",
                    got=type(model).__name__,
                    allowed="an nn.Module whose layers are its submodules",
                    next="Pass the module itself, or wrap the function in an nn.Module that owns its layers.",
                )
            )
        if isinstance(model, torch.jit.ScriptModule):
            raise scripted(model)
        inner = model._modules.get("_orig_mod")
        if inner is not None:
            model = inner
        elif isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        else:
            break
    fsdp = sys.modules.get("torch.distributed.fsdp")
    if fsdp is not None:
        kinds = fsdp.FullyShardedDataParallel, fsdp.FSDPModule
        if any(isinstance(module, kinds) for module in model.modules()):
            raise RefusedModelError(
                problem(
                    "An FSDP model keeps only a shard of each weight here: its layers cannot be read.",
                    got=type(model).__name__,
                    allowed="a module that holds all of its weights",
                    next="Gather the full state dict and load it into an unsharded copy of the module.",
                )
            )
    return model


def scripted(module: nn.Module) -> RefusedModelError:
    """Make the error for a module that TorchScript runs."""
    return RefusedModelError(
        problem(
            "TorchScript runs a module outside Python, so its layers cannot be read or edited.",
            got=f"{type(module).__name__} (from torch.jit.trace or torch.jit.script)",
            allowed="the Python module that was traced or scripted",
            next="Build the original nn.Module and give it model.load_state_dict(scripted.state_dict()).",
        )
    )


class _Eager:
    """Counts who wants eager code: torch keeps one stance per process, so the last one out restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._stance: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._stance = torch.compiler.set_stance("force_eager")
            self._depth += 1

    def leave(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._stance.__exit__(None, None, None)


_EAGER = _Eager()
_COMPILED = "_torchdynamo_orig_callable"


@contextmanager
def eager(model: nn.Module) -> Iterator[None]:
    """Run compiled parts of `model` as plain Python inside the block: compiled code ignores later hooks.

    Nothing at all happens when nothing under `model` was compiled.
    """
    if "torch._dynamo" not in sys.modules or not any(map(compiled, model.modules())):
        yield
        return
    _EAGER.enter()
    try:
        yield
    finally:
        _EAGER.leave()


def compiled(module: nn.Module) -> bool:
    """Whether this very module runs compiled code, in any of the ways that PyTorch has for it."""
    return (
        module._compiled_call_impl is not None
        or "_orig_mod" in module._modules
        or hasattr(type(module).forward, _COMPILED)
        or any(hasattr(value, _COMPILED) for value in vars(module).values() if callable(value))
    )


@contextmanager
def quiet(model: nn.Module, mode: Mode = "eval") -> Iterator[None]:
    """Run forwards of `model` inside the block as if they never happened.

    No gradient is recorded. Each module's `training` flag is set by `mode` and put back as it was. Buffers
    that the forward may change (running statistics, power iterations) are swapped for copies. Random states
    of PyTorch (CPU and CUDA), NumPy and Python are put back. Autocast stays as the caller has it, but keeps
    nothing of ours.
    """
    if mode not in get_args(Mode):
        raise ValueError(
            problem("Unknown mode.", got=repr(mode), allowed=get_args(Mode), next="Pass mode='eval'.")
        )
    modules = list(unwrap(model).modules())
    flags = [module.training for module in modules]
    cached = torch.is_autocast_cache_enabled()
    random_states = _random_states()
    swapped: list[tuple[dict[str, Any], str, Any]] = []
    try:
        if mode != "asis":
            _set_training(modules, [mode == "train"] * len(modules))
        _swap(modules, swapped)
        # a weight cast under no_grad and kept by autocast would cut the user's next backward
        torch.set_autocast_cache_enabled(False)
        with torch.no_grad(), eager(model):
            yield
    finally:
        torch.set_autocast_cache_enabled(cached)
        for home, name, value in swapped:
            home[name] = value
        _set_training(modules, flags)
        _restore_random(random_states)


def _set_training(modules: list[nn.Module], flags: list[bool]) -> None:
    for module, flag in zip(modules, flags, strict=True):
        if module.training is not flag:
            module.training = flag


def _swap(modules: list[nn.Module], swapped: list[tuple[dict[str, Any], str, Any]]) -> None:
    """Put copies where a forward may write, and note the originals in `swapped`.

    The originals are never written to: a graph the user has yet to run backward through may hold them.
    """
    copies: dict[int, Tensor] = {}
    for module in modules:
        # torch's own modules write to their buffers only while training; anybody else's may do it at any time
        if module._buffers and (module.training or not type(module).__module__.startswith("torch.nn.")):
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    swapped.append((module._buffers, name, buffer))
                    if id(buffer) not in copies:
                        copies[id(buffer)] = buffer.detach().clone()
                    module._buffers[name] = copies[id(buffer)]
        # the older spectral and weight norms set `module.weight` anew in a pre-hook
        if module._forward_pre_hooks:
            home = vars(module)
            swapped.extend((home, name, value) for name, value in home.items() if isinstance(value, Tensor))


def _random_states() -> tuple[Any, ...]:
    ready = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = torch.cuda.get_rng_state_all() if ready else None
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002  (the global state is what is kept)
    return torch.get_rng_state(), cuda, numpy_state, random.getstate()


def _restore_random(states: tuple[Any, ...]) -> None:
    cpu, cuda, numpy_state, python_state = states
    torch.set_rng_state(cpu)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)
    np.random.set_state(numpy_state)  # noqa: NPY002
    random.setstate(python_state)
