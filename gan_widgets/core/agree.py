"""Whether two ways of running a model give the same output: bit for bit, or how far apart they are.

>>> import torch
>>> apart(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan]))
0.0
>>> apart({"image": torch.zeros(2, 3)}, torch.zeros(2, 3))
inf
"""

from math import inf, isnan
from typing import Any

import torch
from torch import Tensor

from gan_widgets.core.outputs import parts

PLAIN = (int, float, complex, str, bytes, type(None))
"""Values that an output may hold beside tensors, and that are compared by value."""


def leaves(output: Any) -> list[Any]:  # noqa: ANN401  (a model may return anything)
    """Give everything in `output` that is not itself a tuple, list, dict or dataclass, in order.

    >>> leaves({"n": 3, "pair": (1.0, "x")})
    [3, 1.0, 'x']
    """
    inner = parts(output)
    if isinstance(output, Tensor) or (not inner and not isinstance(output, tuple | list | dict)):
        return [output]
    return [leaf for _, part in inner for leaf in leaves(part)]


def apart(a: Any, b: Any) -> float:  # noqa: ANN401
    """Give the largest difference between two outputs: 0.0 means the same values, inf another form.

    NaN agrees with NaN, and an infinity with itself. Tensors must have one shape, dtype and device; objects
    that are neither tensors nor plain values are compared by their class alone.
    """
    ones, others = leaves(a), leaves(b)
    if type(a) is not type(b) or len(ones) != len(others):
        return inf
    return max((_between(x, y) for x, y in zip(ones, others, strict=True)), default=0.0)


def bound(output: Any) -> float:  # noqa: ANN401
    """Give the largest difference that rounding may make in `output`: 8 units in the last place of its peak.

    >>> bound(torch.tensor([1.0, -4.0])) == 8 * 4 * torch.finfo(torch.float32).eps
    True
    """
    tensors = [leaf for leaf in leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    return max((8 * torch.finfo(t.dtype).eps * _peak(t) for t in tensors), default=0.0)


def _peak(tensor: Tensor) -> float:
    finite = tensor[tensor.isfinite()]
    return float(finite.abs().max()) if finite.numel() else 0.0


def _between(x: Any, y: Any) -> float:  # noqa: ANN401
    if not isinstance(x, Tensor):
        return 0.0 if type(x) is type(y) and (not isinstance(x, PLAIN) or x == y or x != x) else inf
    if not isinstance(y, Tensor) or (x.shape, x.dtype, x.device) != (y.shape, y.dtype, y.device):
        return inf
    if torch.equal(x, y):
        return 0.0
    if not x.is_floating_point():
        return inf
    same = (x == y) | (x.isnan() & y.isnan())
    gap = float(torch.where(same, 0.0, (x.double() - y.double()).abs()).max())
    return inf if isnan(gap) else gap
