"""The numbers of an edit, checked and turned into plain Python values: equal, hashable, exact in JSON.

>>> import torch
>>> units(torch.tensor([7, 12])), levels([0.5, 1], 2, "strength", 0.0, 1.0)
((7, 12), (0.5, 1.0))
"""

import math
import operator
from collections.abc import Iterable
from typing import Any, TypeAlias

from gan_widgets.core.errors import EditError, problem

PerUnit: TypeAlias = float | tuple[float, ...]
Mask: TypeAlias = tuple[tuple[float, ...], ...]


def whole_number(value: object) -> int:
    """Give a whole number as an int; raises `TypeError` for anything else, also for a bool.

    >>> import torch
    >>> whole_number(torch.tensor(3)), whole_number(7)
    (3, 7)
    """
    if isinstance(value, bool):
        raise TypeError("a bool is no number here")
    return operator.index(value)  # type: ignore[arg-type]  # it may be anything


def whole_or_none(value: object, least: int | None = None) -> int | None:
    """Give what `whole_number` gives, and None for anything else and for less than `least`.

    >>> whole_or_none(3), whole_or_none(True), whole_or_none("3"), whole_or_none(3, least=4)
    (3, None, None, None)
    """
    try:
        found = whole_number(value)
    except TypeError:
        return None
    return found if least is None or found >= least else None


def plain(value: float) -> float:
    """Give a float, always the same object for NaN, so that equal lists of numbers compare equal."""
    return math.nan if value != value else float(value)


def units(given: object) -> tuple[int, ...]:
    """Return unit numbers as a tuple of distinct ints from 0 on; raises `EditError`."""
    plain = given if type(given) is tuple else _plain(given)
    try:
        found = None if isinstance(plain, str) else tuple(map(operator.index, plain))
    except TypeError:
        found = None
    if found is None or bool in set(map(type, plain)):
        raise EditError(
            problem(
                "Units must be a list of whole numbers.",
                got=repr(given),
                allowed="channel numbers from 0 on",
                next="Pass for instance units=[7, 12].",
            )
        )
    if found and (min(found) < 0 or len(set(found)) < len(found)):
        raise EditError(
            problem(
                "Units must be distinct and not negative.",
                got=found,
                allowed="channel numbers from 0 on, each once",
                next="Count from the front, and name each unit once.",
            )
        )
    return found


def level(given: object, what: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Return one finite number in [low, high] as a float; raises `EditError`."""
    number = given if type(given) is float else _number(given)
    if not (math.isfinite(number) and low <= number <= high):
        within = f" in [{low:g}, {high:g}]" if math.isfinite(low) else ""
        raise EditError(
            problem(
                f"The {what} must be a finite number{within}.",
                got=repr(given),
                allowed=f"any finite number{within}",
                next=f"Pass numbers such as 1.0 for the {what}.",
            )
        )
    return number


def levels(given: object, count: int, what: str, low: float = -math.inf, high: float = math.inf) -> PerUnit:
    """Return one number for all units, or a tuple with one per unit; raises `EditError`."""
    plain = given if type(given) is float else _plain(given)
    if not isinstance(plain, (list, tuple)):
        return level(plain, what, low, high)
    if len(plain) != count:
        raise EditError(
            problem(
                f"A {what} per unit needs as many numbers as there are units.",
                got=f"{len(plain)} numbers for {count} units",
                allowed=f"one number, or {count}",
                next=f"Pass {what}=1.0 for all units alike.",
            )
        )
    return _row(plain, what, low, high)


def mask(given: object) -> Mask | None:
    """Return a mask as rows of numbers in [0, 1], or None; truth values are 0 and 1. Raises `EditError`."""
    if given is None:
        return None
    rows = _plain(given)
    rows = [_plain(row) for row in rows] if isinstance(rows, list | tuple) else []
    table = all(isinstance(row, list | tuple) and row for row in rows)
    if not table or len({len(row) for row in rows}) != 1:
        raise EditError(
            problem(
                "A mask must be a table of numbers.",
                got=f"shape {tuple(given.shape)}" if hasattr(given, "shape") else repr(given),
                allowed="(h, w) of the layer's maps, each number in [0, 1]",
                next="Pass for instance mask=torch.ones(h, w).",
            )
        )
    return tuple(_row(_numbers(row), "mask", 0.0, 1.0) for row in rows)


def _numbers(row: list[Any] | tuple[Any, ...]) -> list[Any] | tuple[Any, ...]:
    return (
        [float(item) if isinstance(item, bool) else item for item in row] if bool in map(type, row) else row
    )


def _row(given: list[Any] | tuple[Any, ...], what: str, low: float, high: float) -> tuple[float, ...]:
    if set(map(type, given)) <= {float}:
        row = tuple(given)
        # a NaN anywhere makes the sum NaN, however min and max treat it
        if not row or (low <= min(row) and max(row) <= high and math.isfinite(sum(row))):
            return row
    return tuple(level(number, what, low, high) for number in given)


def _number(given: object) -> float:
    """Return a number of any library as a float, and NaN for what is none."""
    try:
        given = given.item() if hasattr(given, "item") else given
        return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else math.nan
    except (ValueError, RuntimeError, OverflowError):  # an array of several numbers; an int beyond any float
        return math.nan


def _plain(given: Any) -> Any:  # noqa: ANN401
    """Turn tensors, arrays, ranges and other iterables into lists, and leave numbers and texts alone."""
    if hasattr(given, "tolist"):
        return given.tolist()
    if isinstance(given, str | bytes | list | tuple) or not isinstance(given, Iterable):
        return given
    return list(given)
