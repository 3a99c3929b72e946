"""Runs of seeds as half-open intervals: which are done, and which are left.

>>> union(((0, 4),), ((8, 12), (4, 6)))
((0, 6), (8, 12))
>>> minus(((0, 12),), ((4, 6),))
((0, 4), (6, 12))
"""

from collections.abc import Iterable
from typing import TypeAlias

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Intervals [low, high) in rising order, apart from each other; `()` is none at all."""


def union(a: Spans, b: Spans) -> Spans:
    """Give all that is in either."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted((*a, *b)):
        if low >= high:
            continue
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def minus(a: Spans, b: Spans) -> Spans:
    """Give what is in `a` and not in `b`."""
    left = list(a)
    for low, high in b:
        cut = []
        for start, stop in left:
            cut += [(start, min(stop, low)), (max(start, high), stop)]
        left = [(start, stop) for start, stop in cut if start < stop]
    return tuple(left)


def common(a: Spans, b: Spans) -> Spans:
    """Give what is in both.

    >>> common(((0, 6),), ((4, 9),))
    ((4, 6),)
    """
    return minus(a, minus(a, b))


def size(spans: Spans) -> int:
    """Count the seeds.

    >>> size(((0, 6), (8, 12)))
    10
    """
    return sum(high - low for low, high in spans)


def from_lists(pairs: Iterable[Iterable[int]]) -> Spans:
    """Read spans back from JSON, where they are lists.

    >>> from_lists([[0, 6], [8, 12]])
    ((0, 6), (8, 12))
    """
    return union((), tuple((low, high) for low, high in pairs))
