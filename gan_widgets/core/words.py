"""Short words that several rooms say alike."""

from math import ceil


def many(count: int, what: str) -> str:
    """Say how many.

    >>> many(1, "unit"), many(31, "concept")
    ('1 unit', '31 concepts')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def left(seconds: float) -> str:
    """Say how long it will take from now on.

    >>> left(0.4), left(75.2), left(600), left(9000)
    ('1 s left', '76 s left', '10 min left', '2.5 h left')
    """
    if seconds <= 90:
        return f"{max(0, ceil(seconds))} s left"
    return f"{ceil(seconds / 60)} min left" if seconds < 5400 else f"{seconds / 3600:.1f} h left"


def said(error: BaseException) -> str:
    r"""Give what an exception says, with its kind, in one line.

    >>> said(ValueError("no disk\nat all")), said(KeyError())
    ('ValueError: no disk', 'KeyError: ')
    """
    return f"{type(error).__name__}: {error}".splitlines()[0]


def interval(low: float, high: float, form: str = ".3f") -> str:
    """Write the ends of an interval, or "unknown" for NaN; without dashes, which not every font has.

    >>> interval(0.25, 0.5), interval(float("nan"), float("nan"))
    ('0.250 to 0.500', 'unknown')
    """
    return f"{low:{form}} to {high:{form}}" if low == low and high == high else "unknown"
