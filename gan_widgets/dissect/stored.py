"""A dissection in one file: its counts, exact, and what they are counts of."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from gan_widgets.core import store
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.dissect.plan import ROLES, Role
from gan_widgets.dissect.scale import Scale
from gan_widgets.dissect.spans import Spans, from_lists
from gan_widgets.dissect.state import State

_KIND = "dissection"
_TUPLES = ("size", "beside")
_WHOLE = (torch.uint8, torch.int16, torch.int32)


def save(
    path: str | os.PathLike[str], parts: Mapping[str, tuple[dict[str, Any], dict[Role, Spans], State]]
) -> None:
    """Write (facts, planned, state) by name; whole numbers as narrow as they fit."""
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, Any] = {}
    for name, (facts, planned, state) in parts.items():
        tensors |= {f"{name}.{key}": _narrow(tensor) for key, tensor in state.state_dict().items()}
        metadata[name] = {
            "facts": facts,
            "planned": _lists(planned),
            "done": _lists(state.done),
            "scale": asdict(state.scale) | {name: list(getattr(state.scale, name)) for name in _TUPLES},
            "grid": None if state.grid is None else list(state.grid),
        }
    store.save(path, tensors, kind=_KIND, metadata=metadata)


def load(path: str | os.PathLike[str]) -> dict[str, tuple[dict[str, Any], dict[Role, Spans], State]]:
    """Read back what `save` wrote; raises `StoreError` for any other file."""
    held = store.load(path, kind=_KIND)
    try:
        return {name: _part(name, said, held.tensors) for name, said in held.metadata.items()}
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise StoreError(
            problem(
                "this file holds no dissection that can be read.",
                got=f"{type(error).__name__}: {error}",
                allowed="what Dissection.save wrote",
                next="Dissect again.",
            )
        ) from error


def _part(
    name: str, said: dict[str, Any], tensors: Mapping[str, Tensor]
) -> tuple[dict[str, Any], dict[Role, Spans], State]:
    scale = Scale(**said["scale"] | {name: tuple(said["scale"][name]) for name in _TUPLES})
    own = {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
    own = {key: t.long() if t.dtype in _WHOLE else t for key, t in own.items()}
    grid = None if said["grid"] is None else (said["grid"][0], said["grid"][1])
    return (
        said["facts"],
        _spans(said["planned"]),
        State.from_state_dict(scale, own, _spans(said["done"]), grid),
    )


def _lists(spans: Mapping[Role, Spans]) -> dict[str, list[list[int]]]:
    return {role: [list(span) for span in held] for role, held in spans.items()}


def _spans(lists: Mapping[str, list[list[int]]]) -> dict[Role, Spans]:
    return {role: from_lists(lists[role]) for role in ROLES}


def _narrow(tensor: Tensor) -> Tensor:
    if tensor.dtype != torch.int64 or tensor.numel() == 0:
        return tensor
    low, high = (int(end) for end in tensor.aminmax())
    for kind in _WHOLE:
        if torch.iinfo(kind).min <= low and high <= torch.iinfo(kind).max:
            return tensor.to(kind)
    return tensor
