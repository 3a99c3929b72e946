"""Tensors and what they mean in one file: safetensors with a checksum, written whole, never pickled.

>>> import tempfile, pathlib
>>> path = pathlib.Path(tempfile.mkdtemp()) / "level.safetensors"
>>> save(path, {"level": torch.tensor([0.5, 2.0])}, kind="levels", metadata={"layer": "net.6"})
>>> load(path, kind="levels")
Stored(tensors={'level': tensor([0.5000, 2.0000])}, metadata={'layer': 'net.6'})
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import safetensors.torch
import torch
from torch import Tensor, nn

from gan_widgets.core.errors import StoreError, problem
from gan_widgets.core.live import unwrap

_KEY = "gan_widgets"
_BLANK = "0" * 64
# the checksum covers the whole file with its own 64 digits blanked, so no byte can change unseen
_MARK = f'"{_KEY}":"{{\\"sha256\\":\\"'.encode()
# either half says that a file is ours, so a change in the other does not make it someone else's
_HALVES = _MARK[: len(_KEY) + 4], _MARK[len(_KEY) + 3 :]
_PICKLES = (b"PK\x03\x04", b"\x80")


@dataclass(frozen=True)
class Stored:
    """What a file held: `tensors` on the CPU by name, and `metadata` as JSON values."""

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]


def save(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Tensor],
    *,
    kind: str,
    metadata: Mapping[str, Any],
    schema: int = 1,
) -> None:
    """Write tensors of any shape and dtype with their metadata to one safetensors file.

    The file appears complete or not at all: it is written beside `path`, flushed to disk and then moved.
    `metadata` must come back equal from JSON (no tuples, NaN or keys that are not strings) and tensors must
    be dense; raises `StoreError` otherwise. `OSError` from the disk passes through.
    """
    path = Path(path).resolve()
    said = {"sha256": _BLANK, "kind": kind, "schema": schema, "metadata": dict(metadata)}
    try:
        text = json.dumps(said, separators=(",", ":"), allow_nan=False)
        if json.loads(text) != said:
            raise ValueError("it comes back changed")  # noqa: TRY301  (both roads end in one message)
    except (TypeError, ValueError) as error:
        raise StoreError(
            problem(
                "metadata must come back equal from JSON.",
                got=f"{dict(metadata)!r}: {error}",
                allowed="dicts with string keys, lists, strings, finite numbers, booleans, None",
                next="Turn tuples into lists and arrays into tensors of their own.",
            )
        ) from error
    try:
        copies = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        blank = safetensors.torch.save(copies, {_KEY: text})
    except (AttributeError, ValueError, RuntimeError, NotImplementedError, KeyError) as error:
        raise StoreError(
            problem(
                "these tensors cannot be stored.",
                got=f"{sorted(tensors)}: {error}",
                allowed="dense tensors with data, by name",
                next="Pass a dict of tensors, for instance model.state_dict().",
            )
        ) from error
    at = blank.index(_MARK) + len(_MARK)
    _replace(path, blank[:at] + _digest(blank, at).encode() + blank[at + 64 :])


def load(path: str | os.PathLike[str], *, kind: str, schema: int = 1) -> Stored:
    """Read back what `save` wrote; the tensors are on the CPU.

    Raises `StoreError` for a file that is truncated, changed in any byte, pickled, of another `kind` or of a
    schema newer than `schema`; `FileNotFoundError` when there is none.
    """
    path = Path(path)
    content = path.read_bytes()
    said = _verified(path, content)
    if said is None:
        raise _refused(path, "is a safetensors file, but not one of ours", f"a file of kind {kind!r}")
    if said["kind"] != kind:
        raise _refused(path, f"holds {said['kind']!r}", f"a file of kind {kind!r}")
    if said["schema"] > schema:
        raise StoreError(
            problem(
                f"{path.name} was written by a newer version.",
                got=f"schema {said['schema']}",
                allowed=f"schema {schema} or older",
                next="Update gan_widgets.",
            )
        )
    return Stored(safetensors.torch.load(content), said["metadata"])


def load_weights(path: str | os.PathLike[str], *, key: str | None = None) -> dict[str, Tensor]:
    """Read a state dict, on the CPU, from a safetensors or a PyTorch file, without ever running code from it.

    PyTorch files are read with `weights_only=True` and nothing else. `key` picks one state dict where the
    file holds several. Raises `StoreError` when the file is damaged or holds anything but tensors.
    """
    path = Path(path)
    content = path.read_bytes()
    if not _pickled(content):
        _verified(path, content)
        held: Any = safetensors.torch.load(content)
    else:
        try:
            held = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle fails in any way at all
            raise StoreError(
                problem(
                    f"{path.name} is damaged, or holds more than weights.",
                    got=(str(error) or type(error).__name__).splitlines()[0],
                    allowed="a state dict: tensors by name, with nothing that runs code",
                    next="Save it again with torch.save(model.state_dict(), path), or as safetensors.",
                )
            ) from error
    if key is not None and isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
        held = held[key]
    if isinstance(held, Mapping) and held and all(isinstance(t, Tensor) for t in held.values()):
        return dict(held)
    inner = [k for k, v in held.items() if isinstance(v, Mapping)] if isinstance(held, Mapping) else []
    raise StoreError(
        problem(
            f"{path.name} is no state dict.",
            got=f"a dict of {sorted(map(str, held))}" if isinstance(held, Mapping) else type(held).__name__,
            allowed="tensors by name",
            next=f"Pass key= one of {inner}." if inner else "Save model.state_dict() to a file of its own.",
        )
    )


def weight_hash(model: nn.Module) -> str:
    """Give the sha256, 64 hex digits, of every parameter and buffer: names, dtypes, shapes and bytes.

    Wrappers such as that of `torch.compile` do not count.

    >>> weight_hash(nn.Linear(2, 2)) == weight_hash(nn.Linear(2, 2))
    False
    """
    total = hashlib.sha256()
    model = unwrap(model)
    named = dict(model.named_parameters(remove_duplicate=False))
    for name, tensor in sorted({**named, **dict(model.named_buffers(remove_duplicate=False))}.items()):
        if nn.parameter.is_lazy(tensor):
            raise StoreError(
                problem(
                    f"{name} has no values yet.",
                    got="a lazy module that has not run",
                    allowed="a model with weights",
                    next="Run the model once on some latents.",
                )
            )
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _digest(content: bytes, at: int) -> str:
    total = hashlib.sha256(content[:at] + _BLANK.encode())
    total.update(memoryview(content)[at + 64 :])
    return total.hexdigest()


def _verified(path: Path, content: bytes) -> dict[str, Any] | None:
    """Give what we wrote about the file, or None for a sound safetensors file of someone else's."""
    if _pickled(content):
        raise _refused(path, "is a pickled PyTorch file, which may run code", "a safetensors file")
    size = 8 + int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > len(content):
        raise _refused(path, f"is truncated or no safetensors file ({len(content)} bytes)", "a whole file")
    try:
        header = json.loads(content[8:size])
        end = size + max((i["data_offsets"][1] for n, i in header.items() if n != "__metadata__"), default=0)
        mine = any(half in content[:size] for half in _HALVES)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _refused(path, f"was changed or is no safetensors file ({error})", "a whole file") from error
    if end > len(content):
        raise _refused(path, f"is truncated ({len(content)} of {end} bytes)", "a whole file")
    if not mine:
        try:
            safetensors.torch.load(content)
        except (safetensors.SafetensorError, ValueError, KeyError) as error:
            raise _refused(path, f"is no sound safetensors file ({error})", "a whole file") from error
        return None
    at = content.find(_MARK, 0, size) + len(_MARK)
    if at < len(_MARK) or content[at : at + 64] != _digest(content, at).encode():
        raise _refused(path, "was changed after it was written (its sha256 differs)", "the file as written")
    said: dict[str, Any] = json.loads(header["__metadata__"][_KEY])
    return said


def _pickled(content: bytes) -> bool:
    # safetensors begins with its header's length, whose low byte may be a pickle's 0x80; then comes a brace
    return content.startswith(_PICKLES) and content[8:9] != b"{"


def _refused(path: Path, found: str, allowed: str) -> StoreError:
    return StoreError(
        problem(
            f"{path.name} {found}.",
            got=str(path),
            allowed=allowed,
            next="Save or download it again, or pass another path.",
        )
    )


def _replace(path: Path, content: bytes) -> None:
    """Write beside and move: readers see the old file or the new one, also after a power cut."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)  # noqa: PTH105  (the name everyone knows it by)
    finally:
        beside.unlink(missing_ok=True)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
