"""Numbers as settings: Python's own or NumPy's.

>>> import numpy as np
>>> is_number(np.float32(0.5)), is_whole(np.int64(16), 1), is_whole(16.0, 1)
(True, True, False)
"""

from math import isfinite
from numbers import Integral, Real


def is_number(value: object) -> bool:
    """Tell whether this is a finite number that a float can hold; a bool is none.

    >>> is_number(10**400), is_number(True)
    (False, False)
    """
    try:
        return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def is_whole(value: object, least: int) -> bool:
    """Tell whether this is a whole number from `least` on; a bool is none."""
    return is_number(value) and isinstance(value, Integral) and int(value) >= least
