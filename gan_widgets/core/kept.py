"""What a forward may change beside its output, kept and put back.

>>> import torch
>>> class Counting(nn.Module):
...     calls = 0
...     def forward(self, z):
...         self.calls += 1
...         return z
>>> model = Counting()
>>> with kept([model]):
...     output = model(torch.zeros(2, 3))
>>> model.calls
0
"""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import is_
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_ABSENT = object()
_STREAMS = torch.Generator, np.random.Generator, np.random.RandomState, random.Random


def foreign(module: nn.Module) -> bool:
    """Whether a module is not PyTorch's own: its forward may write to anything it holds, in any mode.

    >>> foreign(nn.Linear(2, 3))
    False
    """
    return not type(module).__module__.startswith("torch.nn.")


@contextmanager
def kept(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Put back what forwards inside the block change in these modules.

    Attributes, and parameters, buffers and submodules that are set anew, become the objects they were; those
    that are added go. Buffers that may be written to (running statistics, power iterations) are swapped for
    copies, and random generators that a module of the user's holds are set back. What is inside lists, dicts
    and plain tensors is not looked at.
    """
    homes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    streams: list[Callable[[], object]] = []
    copies: dict[int, Tensor] = {}
    try:
        for module in modules:
            state = vars(module)
            held: tuple[dict[str, Any], ...] = (state, module._parameters, module._buffers, module._modules)
            homes += [(home, dict(home)) for home in held]
            theirs = foreign(module)
            if theirs:
                streams.extend(filter(None, map(_rewind, state.values())))
            if module._buffers and (theirs or module.training):
                _swap(module._buffers, copies)
        yield
    finally:
        for home, was in homes:
            _put_back(home, was)
        for rewind in streams:
            rewind()


def _swap(buffers: dict[str, Tensor | None], copies: dict[int, Tensor]) -> None:
    """Put copies in place; the originals are not written to: a graph yet to run backward may hold them."""
    for name, buffer in buffers.items():
        if buffer is not None:
            if id(buffer) not in copies:
                copies[id(buffer)] = buffer.detach().clone()
            buffers[name] = copies[id(buffer)]


def _put_back(home: dict[str, Any], was: dict[str, Any]) -> None:
    if len(home) == len(was) and all(map(is_, home.values(), was.values())):
        return
    for name, value in was.items():
        if home.get(name, _ABSENT) is not value:
            home[name] = value
    for name in home.keys() - was.keys():
        del home[name]


def _rewind(stream: object) -> Callable[[], object] | None:
    """Return what sets a random generator back to where it is now, or None for anything else."""
    if isinstance(stream, torch.Generator):
        place = stream.get_state()
        return partial(stream.set_state, place)
    if isinstance(stream, np.random.Generator):
        bits = stream.bit_generator
        at = bits.state
        return partial(setattr, bits, "state", at)
    if isinstance(stream, np.random.RandomState):
        legacy = stream.get_state(legacy=False)
        return partial(stream.set_state, legacy)
    if isinstance(stream, random.Random):
        state = stream.getstate()
        return partial(stream.setstate, state)
    return None


def held_streams(modules: Iterable[nn.Module]) -> list[object]:
    """Give the random generators that modules of the user's hold as attributes, in order and each once."""
    values = (value for module in modules if foreign(module) for value in vars(module).values())
    return list({id(value): value for value in values if isinstance(value, _STREAMS)}.values())


def seed_stream(stream: object, seed: int) -> None:
    """Seed a random generator of any kind that modules hold anew, with 0 ≤ seed < 2**32.

    >>> stream = random.Random()
    >>> seed_stream(stream, 7)
    >>> stream.random() == random.Random(7).random()
    True
    """
    if isinstance(stream, torch.Generator):
        stream.manual_seed(seed)
    elif isinstance(stream, np.random.Generator):
        stream.bit_generator.state = type(stream.bit_generator)(seed).state
    elif isinstance(stream, np.random.RandomState):
        kind = stream.get_state(legacy=False)["bit_generator"]
        stream.set_state(np.random.RandomState(getattr(np.random, kind)(seed)).get_state(legacy=False))
    elif isinstance(stream, random.Random):
        stream.seed(seed)


def seed_everything(seed: int) -> None:
    """Seed PyTorch's, NumPy's and Python's global streams; for use inside `streams_kept`."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)
    np.random.seed(seed)  # noqa: NPY002  (the global stream is the one that models draw from)
    random.seed(seed)


@contextmanager
def streams_kept() -> Iterator[None]:
    """Put back the global random states of PyTorch (CPU and CUDA), NumPy and Python.

    >>> before = torch.get_rng_state()
    >>> with streams_kept():
    ...     noise = torch.randn(3)
    >>> torch.get_rng_state().equal(before)
    True
    """
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]
    cpu, python = torch.get_rng_state(), random.getstate()
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002  (the global state is what is kept)
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python)
