"""All of a trainer that a checkpoint holds: how it is copied out, and how it is put back."""

import os
from typing import Any

import torch
from torch import Tensor, nn

from gan_widgets.core import custom, store
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.core.live import unwrap
from gan_widgets.train.controls import Change, changed
from gan_widgets.train.trainer import Trainer


def snapshot(trainer: Trainer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Copy all that `put_back` needs, as tensors and JSON values; the networks are held meanwhile.

    Raises `StoreError` in the middle of a step, or after one that failed half-way.
    """
    with trainer._alone():
        _check_whole(trainer)
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
    return tensors, metadata


def put_back(path: str | os.PathLike[str], stored: store.Stored, trainer: Trainer) -> None:
    """Put `trainer` where the run stood that `snapshot` gave `stored` of; `path` is for words only.

    Raises `StoreError` for a run with other settings or networks; the trainer is then as it was.
    """
    ours = trainer.settings()
    theirs = {"layers": ours["layers"], **stored.metadata["settings"]}  # older files do not tell
    ours, theirs = (settings.pop("layers") | settings for settings in (ours, theirs))
    _check(path, theirs, dict.fromkeys(theirs) | ours)
    with trainer._alone():
        models = _models(trainer)
        for part, own in models:
            found = {name: stored.tensors.get(f"{part}.{name}") for name in own}
            _check(path, {part: _shapes(found)}, {part: _shapes(own)})
        for part, own in models:
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
    facts = stored.metadata
    trainer.step = int(facts["step"])
    trainer.batches = int(facts.get("batches", trainer.step))
    trainer._begun, trainer._torn = trainer.step, False
    trainer.changes = tuple(map(Change.of, facts.get("changes", ())))
    trainer.controls = changed(trainer.controls, **facts.get("controls", {}))
    if "history" in facts:
        trainer.history.unpack(stored.tensors["history"], facts["history"])
        trainer.diversity = tuple((int(step), ratio) for step, ratio in stored.tensors["diversity"].tolist())


def _check_whole(trainer: Trainer) -> None:
    if trainer._torn:
        raise StoreError(
            problem(
                "the last step failed half-way.",
                got=f"a trainer inside step {trainer.step + 1:,}, with some weights changed already",
                allowed="a trainer between two steps",
                next="Restore the last checkpoint, or make a whole step first.",
            )
        )


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
    buffers = dict(model.named_buffers(remove_duplicate=False))
    return dict(model.named_parameters(remove_duplicate=False)) | buffers


def _shapes(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: None if tensor is None else list(tensor.shape) for name, tensor in tensors.items()}


def _check(path: str | os.PathLike[str], theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    different = [name for name in ours if not custom.alike(theirs.get(name), ours[name])]
    if different:
        raise StoreError(
            problem(
                f"{os.fspath(path)} is a checkpoint of another run.",
                got=", ".join(f"{name}={ours[name]!r}" for name in different),
                allowed=", ".join(f"{name}={theirs.get(name)!r}" for name in different),
                next="Make the trainer with the settings of the checkpoint, or start a new run elsewhere.",
            )
        )
