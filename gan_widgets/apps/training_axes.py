"""Where an axis begins and ends, and which round numbers stand along it."""

from math import ceil, floor, isfinite, log10

MOST = 6
"""Numbers along an axis."""
TINY = 1e-290
"""No two numbers this near to each other are told apart: tenths of their distance would be no numbers."""


def even(low: float, high: float) -> list[float]:
    """Return round numbers, evenly spaced, the first at most `low` and the last at least `high`.

    >>> even(0.31, 2.04), even(-2.4, 1.2)
    ([0.0, 0.5, 1.0, 1.5, 2.0, 2.5], [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0])
    >>> even(7, 7)
    [6.0, 6.5, 7.0, 7.5, 8.0]
    """
    most_far = max(abs(low), abs(high))
    if not high - low > max(1e-9 * most_far, TINY):
        room = most_far / 10 if most_far > TINY else 1.0
        low, high = low - room, high + room
    smallest = floor(log10((high - low) / MOST))
    for factor in (1, 2, 5, 10, 20, 50, 100):
        step = factor * 10.0**smallest
        first, last = floor(low / step), ceil(high / step)
        if last - first < MOST:
            break
    return [float(f"{step * k:.12g}") for k in range(first, last + 1)]


def step_ticks(first: float, last: float) -> list[float]:
    """Return round whole numbers from `first` to `last`.

    >>> step_ticks(1, 362), step_ticks(0, 3)
    ([100.0, 200.0, 300.0], [0.0, 1.0, 2.0, 3.0])
    """
    return [value for value in even(first, last) if first <= value <= last and value == int(value)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers for a logarithmic axis, the first at most `low` and the last at least `high`.

    >>> log_ticks(0.002, 30), log_ticks(0.3, 2)
    ([0.001, 0.01, 0.1, 1.0, 10.0, 100.0], [0.2, 0.5, 1.0, 2.0])
    """
    ends = floor(log10(low)), ceil(log10(high))
    finer = [factor * 10.0**k for k in range(ends[0], ends[1] + 1) for factor in (1, 2, 5)]
    from_below = max((place for place, value in enumerate(finer) if value <= low), default=0)
    to_above = min((place for place, value in enumerate(finer) if value >= high), default=len(finer) - 1)
    if 2 <= to_above - from_below + 1 <= MOST:
        return [float(f"{value:.12g}") for value in finer[from_below : to_above + 1]]
    stride = max(1, ceil((ends[1] - ends[0]) / (MOST - 1)))
    last = ends[0] + stride * max(1, ceil((ends[1] - ends[0]) / stride))
    return [float(f"1e{k}") for k in range(ends[0], last + 1, stride)]


def label(value: float) -> str:
    """Write a number along an axis.

    >>> [label(value) for value in (0.5, -2.0, 1500.0, 1e-7, 2e9)]
    ['0.5', '−2', '1,500', '1e−7', '2e9']
    """
    if not isfinite(value) or value == 0 or 1e-4 <= abs(value) < 1e6:
        text = f"{value:,.6g}" if abs(value) >= 1000 else f"{value:g}"
    else:
        text = f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return text.replace("-", "−")
