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

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin

from gan_widgets.core.calm import may_draw
from gan_widgets.core.errors import ModeError, RefusedModelError, problem
from gan_widgets.core.kept import kept, seed_everything, streams_kept

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
def eager(model: nn.Module | None = None) -> Iterator[None]:
    """Run compiled parts of `model` as plain Python inside the block: compiled code ignores later hooks.

    Nothing at all happens when nothing under `model` was compiled. Without a model, all that was compiled
    runs as plain Python, so a compiled function that calls a model too.
    """
    if "torch._dynamo" not in sys.modules or (model is not None and not any(map(compiled, model.modules()))):
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


def check_mode(mode: Mode) -> Mode:
    """Return the mode; raises `ModeError` for another one.

    >>> check_mode("train")
    'train'
    """
    if mode in get_args(Mode):
        return mode
    raise ModeError(
        problem("Unknown mode.", got=repr(mode), allowed=get_args(Mode), next="Pass mode='eval'.")
    )


@contextmanager
def quiet(model: nn.Module, mode: Mode = "eval", seed: int | None = None) -> Iterator[None]:
    """Run forwards of `model` inside the block as if they never happened.

    No gradient is recorded. Each module's `training` flag is set by `mode` and put back as it was. So are
    buffers that the forward may write to (running statistics, power iterations), attributes that it sets,
    and, where a module may draw from them, the random states of PyTorch (CPU and CUDA), NumPy and Python,
    which start from `seed` if it is given. Autocast stays as the caller has it, but keeps nothing of ours.
    Raises `RefusedModelError` for lazy modules that have no weights yet, `ModeError` for another mode.
    """
    check_mode(mode)
    modules = list(unwrap(model).modules())
    _refuse_lazy(modules)
    flags = [module.training for module in modules]
    cached = torch.is_autocast_cache_enabled()
    try:
        if mode != "asis":
            _set_training(modules, [mode == "train"] * len(modules))
        # a weight cast under no_grad and kept by autocast would cut the user's next backward
        torch.set_autocast_cache_enabled(False)
        # where nothing is drawn, they are not touched: another thread may be drawing from them
        drawing = may_draw(model)
        with streams_kept() if drawing else nullcontext(), kept(modules), torch.no_grad(), eager(model):
            if drawing and seed is not None:
                seed_everything(seed)
            yield
    finally:
        torch.set_autocast_cache_enabled(cached)
        _set_training(modules, flags)


def _set_training(modules: list[nn.Module], flags: list[bool]) -> None:
    for module, flag in zip(modules, flags, strict=True):
        if module.training is not flag:
            module.training = flag


def _refuse_lazy(modules: list[nn.Module]) -> None:
    # once it has its weights, a lazy module is of another class
    lazy = next((module for module in modules if isinstance(module, LazyModuleMixin)), None)
    if lazy is not None:
        raise RefusedModelError(
            problem(
                "A lazy module makes its weights in its first forward, which is not for us to run.",
                got=repr(lazy),
                allowed="a model that has its weights",
                next="Run the model once on some latents: model(latents([0])).",
            )
        )
