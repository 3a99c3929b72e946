"""Edits are values: what to change in some units of one layer, apart from any model.

For each unit named, with strength α, mask m and value v, the layer's `x` becomes `y = x·(1 − α·m) + v·α·m`;
all other units keep their bits. Edits of one layer act from left to right.

>>> edits = (Ablate("net.6", units=[7, 12]), Scale("net.6", units=[3], factor=2.0, strength=0.5))
>>> edits[0]
Ablate('net.6', units=(7, 12))
>>> from_json(to_json(edits)) == edits
True
>>> to_code(edits[:1])
'(gw.Ablate("net.6", units=(7, 12)),)'
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, NoReturn

import torch
from torch import Tensor

from gan_widgets.core.edit_kinds import Ablate, Edit, Insert, Scale
from gan_widgets.core.errors import EditError, problem
from gan_widgets.core.layers import LayerInfo

__all__ = [
    "Ablate",
    "Edit",
    "Insert",
    "Scale",
    "apply",
    "as_edits",
    "check",
    "fit",
    "from_json",
    "to_code",
    "to_json",
]

_KINDS = {kind.__name__: kind for kind in (Ablate, Insert, Scale)}


def apply(edits: Iterable[Edit], h: Tensor, values: Mapping[Edit, Tensor] | None = None) -> Tensor:
    """Return what the edits of one layer make of its tensor `h`, `(n, units, …)` floating; `h` is only read.

    `values` gives v for edits whose value is measured (`"mean"`, `"resample"`): `(k,)` or `(n, k, …)` for k
    units, as `Reference.values` does. Raises `EditError` for units, masks or numbers that do not fit `h`,
    before anything is computed. Without edits the result is `h` itself.

    >>> import torch
    >>> apply([Insert("a", units=[1], value=8.0, strength=0.5)], torch.tensor([[2.0, 4.0]]))
    tensor([[2., 6.]])
    """
    edits = tuple(edits)
    if not edits:
        return h
    found = [_value(edit, h, values or {}) for edit in edits]
    out = h.clone()
    for edit, value in zip(edits, found, strict=True):
        edit.law.write(out, value)
    return out


def _value(edit: Edit, h: Tensor, values: Mapping[Edit, Tensor]) -> Tensor | None:
    """Return v of a measured edit, or None, once the edit is known to fit `h`."""
    n, units, *size = h.shape
    fit(edit, units, tuple(size), h.dtype)
    if edit.measured is None:
        return None
    value = values.get(edit)
    k = len(edit.units)
    if value is None or tuple(value.shape) not in {(k,), (n, k, *size)}:
        raise EditError(
            problem(
                f"The edit of {edit.layer!r} needs a measured value for each sample.",
                got="none" if value is None else f"shape {tuple(value.shape)}",
                allowed=f"({k},) or {(n, k, *size)}",
                next="Pass latents=, and for 'resample' one of seeds= per sample, to gw.intervene.",
            )
        )
    return value


def as_edits(given: Iterable[Edit] | Edit) -> tuple[Edit, ...]:
    """Return edits, or one edit alone, as a tuple; raises `EditError` for anything that is no edit.

    >>> as_edits(Ablate("a", units=[1]))
    (Ablate('a', units=(1,)),)
    """
    edits = tuple(given) if isinstance(given, Iterable) else (given,)
    for edit in edits:
        if not isinstance(edit, Edit):
            raise EditError(
                problem(
                    "Edits come as a list of Ablate, Insert and Scale.",
                    got=repr(edit),
                    allowed="edits, any number of them",
                    next='Pass for instance [gw.Ablate("net.6", units=[7, 12])].',
                )
            )
    return edits


def check(edit: Edit, info: LayerInfo) -> None:
    """Raise `EditError` unless the edit is one of this layer, of units, a mask and numbers that fit it."""
    if edit.layer not in (info.name, *info.aliases):
        raise EditError(
            problem(
                "The edit is of another layer.",
                got=repr(edit.layer),
                allowed=repr(info.name),
                next=f"Pass layer={info.name!r}.",
            )
        )
    fit(edit, info.units, info.size, info.dtype)


def fit(
    edit: Edit, units: int, size: tuple[int, ...] | None = None, dtype: torch.dtype | None = None
) -> None:
    """Raise `EditError` unless a layer of so many units, on a grid of this size, has what the edit names.

    `size` None leaves the mask unchecked, `dtype` None whether the edit's numbers are finite in the layer's.
    """
    if edit.units and max(edit.units) >= units:
        raise EditError(
            problem(
                f"Layer {edit.layer!r} has no such unit.",
                got=f"units {[unit for unit in edit.units if unit >= units]}",
                allowed=f"0 to {units - 1}",
                next="Count units from 0.",
            )
        )
    if edit.mask is not None and size is not None and (len(edit.mask), len(edit.mask[0])) != size:
        raise EditError(
            problem(
                f"The mask does not fit layer {edit.layer!r}.",
                got=f"shape {(len(edit.mask), len(edit.mask[0]))}",
                allowed=f"{size}, its grid" if len(size) == 2 else "mask=None, it has no grid",
                next="Make the mask on the layer's own grid, not on the image's.",
            )
        )
    if dtype is not None:
        _fit_dtype(edit, dtype)


def _fit_dtype(edit: Edit, dtype: torch.dtype) -> None:
    most = torch.finfo(dtype).max
    if edit.law.largest > most:
        what = "factor" if isinstance(edit, Scale) else "value"
        raise EditError(
            problem(
                f"The {what} is not finite in the numbers of layer {edit.layer!r}, {dtype}.",
                got=f"a {what} of size {edit.law.largest:g}",
                allowed=f"numbers from {-most:g} to {most:g}",
                next=f"Take a smaller {what}, such as 1.0.",
            )
        )


def to_json(edits: Iterable[Edit]) -> str:
    """Write edits as JSON text from which `from_json` makes equal ones, number for number.

    >>> to_json([Ablate("a", units=[1])])
    '[{"kind": "Ablate", "layer": "a", "units": [1]}]'
    """
    said = [{"kind": type(edit).__name__, "layer": edit.layer, **edit.said()} for edit in edits]
    return json.dumps(said, allow_nan=False)


def from_json(text: str) -> tuple[Edit, ...]:
    """Read what `to_json` wrote; raises `EditError` for anything else, NaN and infinities included."""
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, TypeError, RecursionError) as error:
        raise _unreadable(f"{type(error).__name__}: {error}") from error
    if not isinstance(data, list):
        raise _unreadable(type(data).__name__)
    return tuple(map(_from_dict, data))


def _from_dict(data: Any) -> Edit:  # noqa: ANN401
    kind = _KINDS.get(str(data.get("kind"))) if isinstance(data, dict) else None
    if kind is None:
        raise _unreadable(data)
    names = {field.name: field.default is MISSING for field in fields(kind)}
    given = {name: value for name, value in data.items() if name != "kind"}
    if (
        not given.keys() <= names.keys()
        or not {name for name, needed in names.items() if needed} <= given.keys()
    ):
        raise _unreadable(f"{kind.__name__} with {', '.join(given) or 'nothing'}")
    return kind(**given)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number an edit can have")


def _unreadable(got: object) -> EditError:
    return EditError(
        problem(
            "This is not a list of edits.",
            got=got,
            allowed='JSON such as [{"kind": "Ablate", "layer": "net.6", "units": [7]}]',
            next="Pass what to_json gave.",
        )
    )


def to_code(edits: Iterable[Edit]) -> str:
    """Write edits as Python source, a tuple, given `import gan_widgets as gw`.

    >>> to_code([Scale("a", units=[1], factor=0.5), Ablate("b", units=[2], value="mean")])
    '(gw.Scale("a", units=(1,), factor=0.5), gw.Ablate("b", units=(2,), value="mean"))'
    """
    written = [
        f"gw.{type(edit).__name__}({_quoted(edit.layer)}, "
        + ", ".join(f"{name}={_quoted(value)}" for name, value in edit.said().items())
        + ")"
        for edit in edits
    ]
    return f"({', '.join(written)}{',' if len(written) == 1 else ''})"


def _quoted(value: object) -> str:
    """Give a value's repr, with double quotes around text."""
    text = repr(value)
    if not isinstance(value, str) or text.startswith('"'):
        return text
    return '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
