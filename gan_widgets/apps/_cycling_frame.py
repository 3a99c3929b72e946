"""What part of the plane and of the distances is shown: paths may go to the solution or to infinity."""

import numpy as np

from gan_widgets.train.cycling import Points, distance

_LEAST, _MOST = 1.25, 4.0  # half the width of the plane, in distances of the start
_DECADES = range(-6, 7)


def half_width(path: Points) -> float:
    """Return half the width of a square around (0, 0) that holds the path, or as much of it as can be seen.

    >>> half_width(np.array([[1.0, -2.0]])), half_width(np.array([[0.5, 1e9]]))
    (2.2, 4.0)
    """
    return float(np.clip(1.1 * np.abs(path).max(), _LEAST, _MOST))


def inside(path: Points, half: float) -> Points:
    """Return the path up to the first point far outside the square: a page cannot draw lines to infinity.

    >>> inside(np.array([[0.0, 1.0], [0.0, 9.0], [0.0, 1.0]]), 2.0).tolist()
    [[0.0, 1.0], [0.0, 9.0]]
    """
    outside = np.flatnonzero(np.abs(path).max(axis=1) > 2 * half)
    return path[: outside[0] + 1] if len(outside) else path


def decades(path: Points, mean: Points | None = None) -> range:
    """Return the powers of ten that hold most distances of both: two decades at least, twelve at most.

    The lowest fiftieth is left out, because a mean may pass through the solution.

    >>> decades(np.array([[1.0, 0.0], [3.0, 0.0]])), decades(np.array([[1e-99, 0.0], [1e99, 0.0]]))
    (range(-1, 2), range(-6, 7))
    """
    away = distance(path if mean is None else np.vstack([path, mean]))
    with np.errstate(divide="ignore"):
        low, high = np.log10([np.quantile(away, 0.02, method="lower"), away.max()])
    first = int(np.floor(np.clip(low, _DECADES[0], -1)))
    last = int(np.ceil(np.clip(high, 1, _DECADES[-1])))
    return range(first, last + 1)
