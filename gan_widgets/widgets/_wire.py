"""What is put on the wire: the one place that knows how arrays become bytes and when a reply is padded."""

import os

import numpy as np

from gan_widgets.server import NODELAY

_PAST = 65_600  # above 64 KiB a reply is written in pieces, and the delayed acknowledgement is not waited for


def padded(data: bytes) -> bytes:
    """Append zeros until `data` passes 64 KiB, unless `GAN_WIDGETS_NODELAY` says that the server never waits.

    >>> import os
    >>> os.environ["GAN_WIDGETS_NODELAY"] = "1"
    >>> len(padded(b"1234"))
    4
    >>> del os.environ["GAN_WIDGETS_NODELAY"]
    >>> len(padded(b"1234")) > 65536
    True
    """
    return data if os.environ.get(NODELAY) else data.ljust(_PAST, b"\0")


def floats(values: np.ndarray) -> bytes:
    """Return `values` as float32, little-endian, C order.

    >>> floats(np.array([1.0, 0.5])).hex()
    '0000803f0000003f'
    """
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


def short(value: float) -> float:
    """Return the shortest decimal that is the same float32: what a hand meant by 0.3.

    >>> short(np.float32(0.3)), float(np.float32(0.3))
    (0.3, 0.30000001192092896)
    """
    return float(str(np.float32(value)))
