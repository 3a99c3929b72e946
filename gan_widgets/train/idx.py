"""IDX files, the format in which MNIST is published: read, checked, written; gzipped or raw.

Two zero bytes, a type code (0x08 is unsigned bytes), the number of axes, each axis as a big-endian uint32,
then the values.
"""

import gzip
import os
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_widgets.core.errors import DataError, problem

_UNSIGNED_BYTE = 0x08


def read(path: Path, *, axes: int) -> NDArray[np.uint8]:
    """Read one file of unsigned bytes with so many axes, uint8 `(n, …)`; gzip is seen from the content.

    Raises `DataError`, naming the file, when it is cut off, damaged, too long or something else.
    """
    content = _content(path)
    header = 4 + 4 * axes
    wanted = bytes((0, 0, _UNSIGNED_BYTE, axes))
    if content[:4] != wanted or len(content) < header:
        raise _corrupt(
            path, f"it starts with the bytes {content[:4].hex(' ')}", f"{wanted.hex(' ')} and {axes} sizes"
        )
    shape = struct.unpack(f">{axes}I", content[4:header])
    values = int(np.prod(shape, dtype=object))
    if len(content) - header != values:
        sizes = " × ".join(map(str, shape))
        raise _corrupt(
            path, f"{len(content) - header:,} values", f"{sizes} = {values:,} values, as its header says"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def write(path: Path, array: NDArray[np.uint8]) -> None:
    """Write uint8 `(n, …)` as one IDX file, gzipped when the name ends in .gz; never half a file."""
    header = bytes((0, 0, _UNSIGNED_BYTE, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    content = header + np.ascontiguousarray(array, np.uint8).tobytes()
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _corrupt(path, str(error), "a file that can be read") from error
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError, zlib.error) as error:
        raise _corrupt(path, f"a damaged gzip file ({error})", "a whole gzip file") from error


def _corrupt(path: Path, got: str, allowed: str) -> DataError:
    return DataError(
        problem(
            f"{path} is not a whole IDX file.",
            got=got,
            allowed=allowed,
            next="Delete it and fetch it again, or gunzip it to see where it breaks.",
        )
    )
