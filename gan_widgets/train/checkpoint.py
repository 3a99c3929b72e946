"""A training run in one file: networks, average, optimisers and step, never half written."""

import os
from typing import Any

import torch
from torch import Tensor

from gan_widgets.core import store
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.core.locks import lock_of
from gan_widgets.train.trainer import Trainer

KIND = "training checkpoint"


def save(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Write all that `restore` needs to go on as if nothing had happened; an old file is replaced whole."""
    with lock_of(trainer.G), lock_of(trainer.D):
        tensors = {f"{part}.{name}": t for part, model in _models(trainer) for name, t in model.items()}
        for part, optimizer in trainer.optimizers.items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{part}.{index}.{name}": value for name, value in state.items()}
        store.save(path, tensors, kind=KIND, metadata={"step": trainer.step, "settings": trainer.settings()})


def restore(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Put `trainer`, made with the same settings, where the saved one stood.

    Raises `StoreError` when the file is damaged or comes from a run with other settings (both are named),
    and `FileNotFoundError` when there is none; the trainer is then as it was.
    """
    stored = store.load(path, kind=KIND)
    _check(path, stored.metadata["settings"], trainer.settings())
    with lock_of(trainer.G), lock_of(trainer.D):
        models = dict(_models(trainer))
        for part, own in models.items():
            theirs = {name: stored.tensors.get(f"{part}.{name}") for name in own}
            _check(path, {part: _shapes(theirs)}, {part: _shapes(own)})
        for part, own in models.items():
            with torch.no_grad():
                for name, tensor in own.items():
                    tensor.copy_(stored.tensors[f"{part}.{name}"])
        for part, optimizer in trainer.optimizers.items():
            state = optimizer.state_dict()
            state["state"] = _optimizer_state(stored.tensors, f"optimizer.{part}.")
            optimizer.load_state_dict(state)
        trainer.step = int(stored.metadata["step"])


def _models(trainer: Trainer) -> list[tuple[str, dict[str, Tensor]]]:
    models = {"G": trainer.G, "D": trainer.D}
    if trainer.average is not trainer.G:
        models["average"] = trainer.average
    return [(part, model.state_dict()) for part, model in models.items()]


def _optimizer_state(tensors: dict[str, Tensor], prefix: str) -> dict[int, dict[str, Tensor]]:
    found: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".")
            found.setdefault(int(index), {})[key] = tensor
    return found


def _shapes(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: None if tensor is None else list(tensor.shape) for name, tensor in tensors.items()}


def _check(path: str | os.PathLike[str], theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    different = [name for name in ours if theirs.get(name) != ours[name]]
    if different:
        raise StoreError(
            problem(
                f"{os.fspath(path)} is a checkpoint of another run.",
                got=", ".join(f"{name}={ours[name]!r}" for name in different),
                allowed=", ".join(f"{name}={theirs.get(name)!r}" for name in different),
                next="Make the trainer with the settings of the checkpoint, or start a new run elsewhere.",
            )
        )
