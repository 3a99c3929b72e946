"""A training run in one file: networks, average, optimisers, controls and history, never half written.

Nothing random needs saving but the counters that it is a function of: see `Trainer`.

    keeper = Keeper(trainer, "run.safetensors")
    keeper.resume()                       # goes on where the last process was ended, if there was one
    with keeper:
        for step in trainer.steps(5000): ...
"""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import torch
from torch import Tensor, nn

from gan_widgets.core import custom, store
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.core.live import unwrap
from gan_widgets.core.words import said
from gan_widgets.train.controls import Change, changed
from gan_widgets.train.trainer import Step, Trainer

KIND = "training checkpoint"


def save(path: str | os.PathLike[str], trainer: Trainer) -> int:
    """Write all that `restore` needs to go on as if nothing had happened; an old file is replaced whole.

    Returns the step after which that was. The networks are held while they are copied, not while the file is
    written.
    """
    tensors, metadata = _snapshot(trainer)
    store.save(path, tensors, kind=KIND, metadata=metadata)
    return int(metadata["step"])


def _snapshot(trainer: Trainer) -> tuple[dict[str, Tensor], dict[str, Any]]:
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
    return tensors, metadata


def restore(path: str | os.PathLike[str], trainer: Trainer) -> None:
    """Put `trainer`, made with the same settings, where the saved one stood.

    Raises `StoreError` when the file is damaged or comes from a run with other settings (both are named),
    and `FileNotFoundError` when there is none; the trainer is then as it was.
    """
    _restore(path, store.load(path, kind=KIND), trainer)


def _restore(path: str | os.PathLike[str], stored: store.Stored, trainer: Trainer) -> None:
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


class Keeper:
    """Saves a run every so many steps, when a background run stops, and when it is closed.

    It saves in the thread that trains, and never stands in its way: when a save fails (the disk is full, the
    folder read-only), the training goes on, the last good file stays, and `trainer.trouble` says so until a
    save succeeds. Networks with weights that are not finite, or in the middle of a step that failed, are not
    saved. The good file before the last one is kept beside it, with `.before` in its name.
    Its folder is made where there is none; raises `StoreError` where it cannot be.
    """

    def __init__(self, trainer: Trainer, path: str | os.PathLike[str], every: int = 500) -> None:
        if every < 1:
            raise ValueError(
                problem(
                    "a run is saved every so many steps.",
                    got=f"every={every!r}",
                    allowed="1 or more",
                    next="Pass for instance every=500.",
                )
            )
        self.trainer, self.every = trainer, every
        self.path = Path(path).resolve()
        self.before = self.path.with_name(f"{self.path.stem}.before{self.path.suffix}")
        _make(self.path.parent)
        self.saved: int | None = None
        """The step of the last good file, as far as this keeper knows."""
        self._complaint = ""
        self._written: tuple[int, int, int] | None = None
        self._guard = threading.RLock()
        with suppress(OSError):  # what a process that was killed while it wrote has left
            for torn in self.path.parent.glob(f".{self.path.name}.*.tmp"):
                torn.unlink()
        self._unwatch: Callable[[], None] | None = trainer.watch(self._follow)

    def resume(self) -> int:
        """Put the trainer where the last good file stood, and return its step; without a file, it stays.

        Of a file that is damaged, `trainer.trouble` tells, and the one before it is taken. Raises
        `StoreError` when both are, or when they come from another run.
        """
        damage: Exception | None = None
        for path in (self.path, self.before):
            try:
                stored = store.load(path, kind=KIND)
            except (FileNotFoundError, StoreError) as error:
                damage = damage or (error if isinstance(error, StoreError) else None)
                continue
            _restore(path, stored, self.trainer)
            self.saved = self.trainer.step
            if damage is not None:
                self._complain(f"{said(damage)} Went on from {self.before.name}, step {self.saved:,}.")
            return self.saved
        if damage is not None:
            raise damage
        return self.trainer.step

    def save(self) -> bool:
        """Save now; returns whether that succeeded. Of a failure, `trainer.trouble` tells."""
        with self._guard:
            with self.trainer._alone():
                refusal = self._refusal()
                tensors, metadata = _snapshot(self.trainer)
            step = int(metadata["step"])
            try:
                if not refusal:
                    self._set_aside()
                    store.save(self.path, tensors, kind=KIND, metadata=metadata)
                    self._written = _stamp(self.path)
            except (OSError, StoreError) as error:
                refusal = said(error)
            if refusal:
                self._complain(f"Not saved after step {step:,}: {refusal}. {self._rest()}")
                return False
            self.saved = step
            if self.trainer.trouble == self._complaint:
                self.trainer.trouble = ""
            self._complaint = ""
            return True

    def close(self) -> None:
        """Save a last time, and follow the trainer no more; closing twice is harmless."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
            self.save()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self, trainer: Trainer, step: Step | None) -> None:
        if step is None or step.step % self.every == 0:
            self.save()
        elif self._complaint and not trainer.trouble:  # `play` takes away what was said before it
            trainer.trouble = self._complaint

    def _refusal(self) -> str:
        if self.trainer._torn:
            return "the last step failed half-way"
        last = self.trainer.history.last(1)
        if last and not all(map(isfinite, last[0].weights.values())):
            return "there are weights that are not finite"
        return ""

    def _rest(self) -> str:
        return (
            "There is no checkpoint yet." if self.saved is None else f"That of step {self.saved:,} is there."
        )

    def _complain(self, words: str) -> None:
        self._complaint = self.trainer.trouble = words

    def _set_aside(self) -> None:
        """Give the last file, unless it was damaged since, a second name that outlives the next one."""
        try:
            if _stamp(self.path) != self._written:
                store.load(self.path, kind=KIND)
            if self.before.exists() and self.before.samefile(self.path):
                return
        except (FileNotFoundError, StoreError):
            return
        beside = self.before.with_name(f".{self.path.name}.{uuid4().hex}.tmp")
        try:
            try:
                beside.hardlink_to(self.path)
            except OSError:  # not every disk has links
                shutil.copyfile(self.path, beside)
            beside.replace(self.before)
        finally:
            beside.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            problem(
                "the folder that a run is to be saved in cannot be made.",
                got=said(error),
                allowed="a folder, there already or to be made",
                next="Choose another folder.",
            )
        ) from error


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


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
