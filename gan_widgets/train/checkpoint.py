"""A training run in one file: networks, average, optimisers, controls and history, never half written.

Nothing random needs saving but the counters that it is a function of: see `Trainer`.
"""

import os
from typing import Any

import torch
from torch import Tensor, nn

from gan_widgets.core import store
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.core.live import unwrap
from gan_widgets.train.controls import Change, changed
from gan_widgets.train.trainer import Trainer

KIND = "training checkpoint"


def save(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Write all that `restore` needs to go on as if nothing had happened; an old file is replaced whole.

    The networks are held while they are copied, not while the file is written.
    """
    with trainer._alone():
        tensors = {f"{part}.{name}": t for part, model in _models(trainer) for name, t in model.items()}
        for part, optimizer in trainer.optimizers.items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{part}.{index}.{name}": value for name, value in state.items()}
        tensors = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        tensors["history"], columns = trainer.history.pack()
        tensors["diversity"] = torch.tensor(trainer.diversity, dtype=torch.float64).reshape(-1, 2)
        metadata = {
            "step": trainer.step,
            "batches": trainer.batches,
            "controls": trainer.controls.facts(),
            "changes": [change.facts() for change in trainer.changes],
            "history": columns,
            "settings": trainer.settings(),
        }
    store.save(path, tensors, kind=KIND, metadata=metadata)


def restore(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Put `trainer`, made with the same settings, where the saved one stood.

    Raises `StoreError` when the file is damaged or comes from a run with other settings (both are named),
    and `FileNotFoundError` when there is none; the trainer is then as it was.
    """
    stored = store.load(path, kind=KIND)
    theirs, ours = stored.metadata["settings"], trainer.settings()
    nothing = dict.fromkeys([*ours, *theirs])
    _check(path, nothing | theirs, nothing | ours)
    with trainer._alone():
        models = dict(_models(trainer))
        for part, own in models.items():
            found = {name: stored.tensors.get(f"{part}.{name}") for name in own}
            _check(path, {part: _shapes(found)}, {part: _shapes(own)})
        for part, own in models.items():
            with torch.no_grad():
                for name, tensor in own.items():
                    tensor.copy_(stored.tensors[f"{part}.{name}"])
        for part, optimizer in trainer.optimizers.items():
            state = optimizer.state_dict()
            state["state"] = _optimizer_state(stored.tensors, f"optimizer.{part}.")
            optimizer.load_state_dict(state)
        _go_to(trainer, stored)


def _go_to(trainer: Trainer, stored: store.Stored) -> None:
    """Take over counters, controls and history; files from before there were any had d_steps=1 throughout."""
    said = stored.metadata
    trainer.step = int(said["step"])
    trainer.batches = int(said.get("batches", trainer.step))
    trainer._begun = trainer.step
    trainer.changes = tuple(map(Change.of, said.get("changes", ())))
    trainer.controls = changed(trainer.controls, **said.get("controls", {}))
    if "history" in said:
        trainer.history.unpack(stored.tensors["history"], said["history"])
        trainer.diversity = tuple((int(step), ratio) for step, ratio in stored.tensors["diversity"].tolist())


def _models(trainer: Trainer) -> list[tuple[str, dict[str, Tensor]]]:
    models = {"G": trainer.G, "D": trainer.D}
    if trainer.average is not trainer.G:
        models["average"] = trainer.average
    return [(part, _tensors(unwrap(model))) for part, model in models.items()]


def _optimizer_state(tensors: dict[str, Tensor], prefix: str) -> dict[int, dict[str, Tensor]]:
    found: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".")
            found.setdefault(int(index), {})[key] = tensor
    return found


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    # what a state dict has, and the buffers that it leaves out
    return dict(model.named_parameters(remove_duplicate=False)) | dict(
        model.named_buffers(remove_duplicate=False)
    )


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
