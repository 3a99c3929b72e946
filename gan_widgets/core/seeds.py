"""A seed is a whole number that names one latent."""

import operator
from collections.abc import Iterable

import numpy as np

from gan_widgets.core.errors import LatentsError, problem

SEED_LIMIT = 2**32
"""Seeds are whole numbers from 0 up to, and not including, this one (NumPy's own range)."""


def check_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Give the seeds as a tuple of ints; raises `LatentsError` unless each is a whole number in [0, 2**32).

    >>> check_seeds(range(3))
    (0, 1, 2)
    """
    try:
        given = tuple(seeds)
        known = tuple(operator.index(seed) for seed in given)
        legal = bool(known) and all(0 <= seed < SEED_LIMIT for seed in known)
        if legal and not any(isinstance(seed, (bool, np.bool_)) for seed in given):
            return known
        shown = repr(next((s for s in given if isinstance(s, bool) or not 0 <= s < SEED_LIMIT), seeds))
    except TypeError:
        shown = repr(seeds)
    raise LatentsError(
        problem(
            "seeds are a non-empty run of whole numbers.",
            got=shown,
            allowed="an iterable of integers from 0 to 2**32 - 1",
            next="Pass for instance range(16), or [7] for one.",
        )
    )
