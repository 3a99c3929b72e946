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
    at = np.flatnonzero(lines)
    flat, code = lines.ravel(), np.zeros(len(at), np.int64)
    for bit, step in enumerate(_steps(lines)):
        code |= flat[at + step].astype(np.int64) << bit
    leaving = np.zeros(lines.size, np.int64)
    leaving[at] = _LINES[code]
    square = np.array([0, 1, lines.shape[1], lines.shape[1] + 1])
    squares = at[flat[at[:, None] + square].all(1)][:, None] + square
    crossings = squares[(leaving[squares] >= 2).sum(1) >= 3]
    return at[_END[code]], np.union1d(at[_LINES[code] >= 3], crossings)


def pruned(lines: Bools, spur: int) -> Bools:
    """Remove branches shorter than `spur` pixels that lead from a junction to an end."""
    from skimage.measure import label

    ends, junctions = points(lines)
    around = np.array([0, *_steps(lines)])
    near = np.zeros(lines.size, np.bool_)
    near[(junctions[:, None] + around).ravel()] = True
    near &= lines.ravel()
    branches: NDArray[Any] = label((lines.ravel() & ~near).reshape(lines.shape), connectivity=2).ravel()
    length = np.bincount(branches) + 1  # the pixel next to the junction is not part of the label
    short = length < spur
    short &= _among(len(length), branches[ends])
    short &= _among(len(length), branches[(np.flatnonzero(near)[:, None] + around).ravel()])
    short[0] = False
    left = lines.ravel() & ~short[branches]
    if spur > 1:
        left[ends[near[ends]]] = False
    # the first pixels of a removed branch are left over as ends beside the junction
    stubs = points(left.reshape(lines.shape))[0]
    left[np.setdiff1d(stubs[near[stubs]], ends)] = False
    kept: Bools = left.reshape(lines.shape)
    return kept


def _steps(lines: Bools) -> list[int]:
    return [down * lines.shape[1] + right for down, right in _RING]


def _among(count: int, chosen: NDArray[Any]) -> Bools:
    flags = np.zeros(count, np.bool_)
    flags[chosen] = True
    return flags
