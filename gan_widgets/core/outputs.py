"""The one tensor of a layer's output, whatever the output is wrapped in.

>>> import torch
>>> output = {"features": (torch.zeros(2, 3, 4, 5), "note")}
>>> tensor_of(output).shape
torch.Size([2, 3, 4, 5])
>>> replace(output, torch.ones(1, 1))
{'features': (tensor([[1.]]), 'note')}
"""

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

from torch import Tensor


def tensor_of(output: Any) -> Tensor | None:  # noqa: ANN401  (a module may return anything)
    """Return the first floating tensor with at least two dimensions, `(n, units, …)`, or None without one.

    Looked for, in order and at any depth: a tensor, the items of a tuple (named ones too) or list, the values
    of a dict, the fields of a dataclass.

    >>> import torch
    >>> tensor_of((torch.arange(3), torch.zeros(2, 7))).shape
    torch.Size([2, 7])
    >>> tensor_of("no tensor here") is None
    True
    """
    return next(tensors_of(output), None)


def tensors_of(output: Any) -> Iterator[Tensor]:  # noqa: ANN401
    """Go through all floating tensors with at least two dimensions, in the order of `tensor_of`.

    >>> import torch
    >>> [tuple(tensor.shape) for tensor in tensors_of({"w": torch.zeros(2, 7), "x": [torch.zeros(2, 3, 4)]})]
    [(2, 7), (2, 3, 4)]
    """
    if isinstance(output, Tensor):
        if output.ndim >= 2 and output.is_floating_point():
            yield output
    else:
        for _, part in parts(output):
            yield from tensors_of(part)


def images_of(output: Any) -> Tensor | None:  # noqa: ANN401
    """Return what is meant as images: the first tensor `(n, 1 | 3 | 4, H, W)`, else that of `tensor_of`.

    >>> import torch
    >>> images_of({"w": torch.zeros(2, 7), "x": torch.zeros(2, 3, 4, 4)}).shape
    torch.Size([2, 3, 4, 4])
    """
    found = list(tensors_of(output))
    return next((t for t in found if t.ndim == 4 and t.shape[1] in (1, 3, 4)), found[0] if found else None)


def parts(output: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
    """Return (key, part) of each part: an index, a dict's key or a field's name; none for anything else.

    >>> parts(("a", 3))
    [(0, 'a'), (1, 3)]
    """
    if isinstance(output, dict):
        return list(output.items())
    if isinstance(output, tuple | list):
        return list(enumerate(output))
    if dataclasses.is_dataclass(output) and not isinstance(output, type):
        fields = [field.name for field in dataclasses.fields(output)]
        return [(name, getattr(output, name)) for name in fields if hasattr(output, name)]
    return []


def replace(output: Any, tensor: Tensor) -> Any:  # noqa: ANN401
    """Return a value like `output`, of the same type, with `tensor` wherever `tensor_of(output)` stood.

    `output` itself and everything in it stays as it was.

    >>> import torch
    >>> replace([torch.zeros(1, 2), "note"], torch.ones(1, 2))
    [tensor([[1., 1.]]), 'note']
    """
    old = tensor_of(output)
    return output if old is None else _swapped(output, old, tensor)


def _swapped(output: Any, old: Tensor, new: Tensor) -> Any:  # noqa: ANN401
    if output is old:
        return new
    if isinstance(output, Tensor):
        return output
    changed = {}
    for key, part in parts(output):
        rebuilt = _swapped(part, old, new)
        if rebuilt is not part:
            changed[key] = rebuilt
    if not changed:
        return output
    if isinstance(output, tuple):
        return _like(output, [changed.get(k, part) for k, part in enumerate(output)])
    twin = copy.copy(output)
    for key, value in changed.items():
        if isinstance(twin, dict | list):
            twin[key] = value
        else:
            # a frozen dataclass forbids assignment, and its __init__ may not take every field
            object.__setattr__(twin, key, value)
    return twin


def _like(original: tuple[Any, ...], items: list[Any]) -> tuple[Any, ...]:
    kind = type(original)
    if hasattr(kind, "n_sequence_fields"):  # torch.return_types and other C structs refuse tuple.__new__
        return kind(items)
    # past the class's own __new__, whose signature only the class knows
    twin = tuple.__new__(kind, items)
    if hasattr(original, "__dict__"):
        vars(twin).update(vars(original))
    return twin
