"""Places of units, concepts and levels, found by name, number or share."""

from numbers import Real
from typing import Any

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.names import nearest
from gan_widgets.core.quantities import whole_or_none


def unit_of(unit: int, units: int, layer: str) -> int:
    """Check a unit's place; raises `DissectionError` unless it is one of that many.

    >>> unit_of(3, 4, "net.6")
    3
    """
    at = _place(unit, units)
    if at is not None:
        return at
    raise DissectionError(
        problem(
            f"layer {layer!r} has no such unit.",
            got=repr(unit),
            allowed=f"a whole number from 0 to {units - 1}",
            next="Count from the front: found.units says how many there are.",
        )
    )


def column_of(concept: str | int, concepts: tuple[str, ...]) -> int:
    """Find a concept's place by its name, or check a place; raises `DissectionError` with the nearest names.

    >>> column_of("hole", ("ink", "hole"))
    1
    """
    at = concepts.index(concept) if concept in concepts else _place(concept, len(concepts))
    if at is not None:
        return at
    raise DissectionError(
        problem(
            "this concept was not looked for.",
            got=repr(concept),
            allowed=f"one of {len(concepts)}; the nearest: {nearest(concept, concepts)}",
            next="found.concepts lists them.",
        )
    )


def level_of(level: float, shares: tuple[float, ...], count: int) -> int:
    """Find the place of a level by its share, or check a place; raises `DissectionError`.

    >>> level_of(0.01, (0.02, 0.01), 2), level_of(0, (), 64)
    (1, 0)
    """
    at = shares.index(level) if isinstance(level, float) and level in shares else _place(level, count)
    if at is not None:
        return at
    raise DissectionError(
        problem(
            "this level was not counted.",
            got=level,
            allowed=f"a whole number below {count}, or a share out of {shares}",
            next="Count more levels: with beside=(0.02, 0.005), or threshold='iqr'.",
        )
    )


def least_iou(given: Any) -> float:  # noqa: ANN401
    """Check the IoU that is asked for at least; raises `DissectionError` unless it is a number.

    >>> least_iou(0.05)
    0.05
    """
    if not isinstance(given, bool) and isinstance(given, Real):
        return float(given)
    raise DissectionError(
        problem(
            "at_least is the IoU that counts as found.",
            got=repr(given),
            allowed="a number, usually from 0 to 1",
            next="Pass for instance at_least=0.05.",
        )
    )


def _place(given: object, count: int) -> int | None:
    at = whole_or_none(given, least=0)
    return at if at is not None and at < count else None
