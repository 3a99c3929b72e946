"""The skeleton of drawn lines: its end points and junctions, with the spurs of thinning removed.

>>> T = np.pad(np.array([[1, 1, 1, 1, 1, 1, 1], *[[0, 0, 0, 1, 0, 0, 0]] * 5], bool), 1)
>>> ends, junctions = points(T)
>>> [divmod(int(at), 9) for at in ends], [divmod(int(at), 9) for at in junctions]
([(1, 1), (1, 7), (6, 4)], [(1, 4)])
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gan_widgets.dissect.concepts.scaled import Bools

Places: TypeAlias = NDArray[np.int64]
"""Indices into a flattened canvas."""

_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # clockwise from above


def _tables() -> tuple[Places, Bools]:
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    lines = ((bits == 0) & (np.roll(bits, -1, axis=1) == 1)).sum(1)
    # one line leaves, one or two pixels wide; a lone pixel is an end too
    return lines, (lines <= 1) & (bits.sum(1) <= 2)


_LINES, _END = _tables()  # by the eight neighbours, one bit each


def of(figure: Bools, spur: int) -> Bools:
    """Thin a figure `(H, W)` with an empty border to lines of one pixel, without spurs shorter than `spur`.

    The thinning is that of Zhang and Suen (1984), by scikit-image. A spur is a branch from a junction to an
    end; its length counts its pixels from the junction's neighbour on.
    """
    from skimage.morphology import skeletonize

    thin: Bools = skeletonize(figure)
    return pruned(thin, spur)


def points(lines: Bools) -> tuple[Places, Places]:
    """Find the end points and the junctions of lines `(H, W)` of one pixel with an empty border.

    A pixel is a junction when three lines or more leave it, that is when a walk around its eight neighbours
    enters the figure so often (the crossing number of Rutovitz 1966). Where two lines cross, thinning may
    leave a square of four pixels with one line each: they are a junction when there are three lines or more.
    A pixel is an end when at most one line leaves it.
    """
    at, code = _neighbours(lines)
    flat, leaving = lines.ravel(), np.zeros(lines.size, np.int64)
    leaving[at] = _LINES[code]
    square = np.array([0, 1, lines.shape[1], lines.shape[1] + 1])
    squares = at[flat[at[:, None] + square].all(1)][:, None] + square
    crossings = squares[(leaving[squares] >= 2).sum(1) >= 3]
    return at[_END[code]], np.union1d(at[_LINES[code] >= 3], crossings)


def pruned(lines: Bools, spur: int) -> Bools:
    """Remove branches shorter than `spur` pixels that lead from a junction to an end.

    Lines that would vanish or fall apart, because all their branches are short, keep them.
    """
    from skimage.measure import label

    ends, junctions = points(lines)
    flat = lines.ravel()
    near = _around(junctions, lines) & flat
    branches: NDArray[Any] = label((flat & ~near).reshape(lines.shape), connectivity=2).ravel()
    length = np.bincount(branches) + 1  # the pixel next to the junction is not part of the label
    short = length < spur
    short &= _among(len(length), branches[ends])
    short &= _among(len(length), branches[_around(np.flatnonzero(near), lines)])
    short[0] = False
    gone = short[branches]
    if spur > 1:
        gone[ends[near[ends]]] = True
    left = flat & ~gone
    # the first pixel of a removed branch is left over beside the junction
    at, code = _neighbours(left.reshape(lines.shape))
    stub = (_LINES[code] == 1) & near[at] & _around(np.flatnonzero(gone), lines)[at]
    left[at[stub]] = False
    kept: Bools = left.reshape(lines.shape)
    whole, part = (label(drawn, connectivity=2).ravel() for drawn in (lines, kept))
    owner = np.zeros(part.max() + 1, np.int64)
    owner[part] = whole  # the background's entry is of no use
    parts = np.bincount(owner[1:], minlength=whole.max() + 1)
    kept |= lines & (parts != 1)[whole].reshape(lines.shape)
    return kept


def _neighbours(lines: Bools) -> tuple[Places, Places]:
    """Give the pixels of lines, and one bit for each of their neighbours."""
    at, flat = np.flatnonzero(lines), lines.ravel()
    code = np.zeros(len(at), np.int64)
    for bit, step in enumerate(_steps(lines)):
        code |= flat[at + step].astype(np.int64) << bit
    return at, code


def _around(places: Places, lines: Bools) -> Bools:
    """Mark places and their neighbours on a flattened canvas."""
    marked = np.zeros(lines.size, np.bool_)
    for step in (0, *_steps(lines)):
        marked[places + step] = True
    return marked


def _steps(lines: Bools) -> list[int]:
    return [down * lines.shape[1] + right for down, right in _RING]


def _among(count: int, chosen: NDArray[Any]) -> Bools:
    flags = np.zeros(count, np.bool_)
    flags[chosen] = True
    return flags
