"""How far a statistic of samples can be trusted: leave out a block of samples, and see how much it moves.

A bootstrap draws samples more than once, and repeated samples look like a distribution that is narrower than
it is: distances between sets then come out too large, in every replicate. Leaving out repeats nothing, and it
measures the bias that a statistic has because its samples are finite as well as its error.

>>> import numpy as np
>>> x = np.array([1.0, 2.0, 4.0, 9.0])
>>> mean = Jackknife(4.0, (np.array([5.0, 14 / 3, 4.0, 7 / 3]),), (np.ones(4, int),))
>>> mean.bias, round(mean.error, 4), round(float(x.std(ddof=1)) / 2, 4)
(0.0, 1.7795, 1.7795)
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Jackknife:
    """A statistic of independent sets of samples, with all values that it takes without one block of one set.

    The delete-a-group jackknife for groups of unequal size of Busing, Meijer and van der Leeden (Statistics
    and Computing 9, 1999), for each set on its own; biases and variances of the sets add up. Blocks must be
    drawn at random.
    """

    whole: float
    """The statistic of all samples."""
    without: tuple[Floats, ...]
    """For each set `(blocks,)`: the statistic without each of its blocks."""
    sizes: tuple[Ints, ...]
    """For each set `(blocks,)`: how many samples each block holds."""

    def __sub__(self, other: "Jackknife") -> "Jackknife":
        """Give the difference of two statistics of the *same* samples: what they share cancels."""
        without = tuple(a - b for a, b in zip(self.without, other.without, strict=True))
        return Jackknife(self.whole - other.whole, without, self.sizes)

    @property
    def bias(self) -> float:
        """By how much the statistic is too large on average because its samples are finite, to order 1/n."""
        return sum(float(self.whole - pseudo.mean()) for pseudo in self._pseudovalues())

    @property
    def error(self) -> float:
        """The standard error of the statistic."""
        return float(np.sqrt(sum(self._variances())))

    def half_width(self, confidence: float = 0.95) -> float:
        """Give half the width of an interval: the error times a quantile of Student's t.

        Its degrees of freedom are those of the two or more variances together (Welch 1947, Satterthwaite
        1946), each with one less than its blocks.
        """
        from scipy.special import stdtrit

        variances = self._variances()
        if not sum(variances):
            return 0.0
        spread = sum(v**2 / (len(sizes) - 1) for v, sizes in zip(variances, self.sizes, strict=True))
        return self.error * float(stdtrit(sum(variances) ** 2 / spread, (1 + confidence) / 2))

    def _pseudovalues(self) -> list[Floats]:
        found = []
        for values, sizes in zip(self.without, self.sizes, strict=True):
            share = sizes.sum() / sizes
            # weighed such that their plain mean is the corrected statistic also for unequal blocks
            found.append(self.whole + len(sizes) * (1 - 1 / share) * (self.whole - values))
        return found

    def _variances(self) -> list[float]:
        found = []
        for values, sizes, even in zip(self.without, self.sizes, self._pseudovalues(), strict=True):
            share = sizes.sum() / sizes
            pseudo = share * self.whole - (share - 1) * values
            found.append(float(((pseudo - even.mean()) ** 2 / (share - 1)).mean()))
        return found


def blocks_of(n: int, blocks: int) -> list[slice]:
    """Divide `n` samples into runs of nearly equal length.

    >>> blocks_of(5, 2)
    [slice(0, 3, None), slice(3, 5, None)]
    """
    ends = np.cumsum([0, *(n // blocks + (k < n % blocks) for k in range(blocks))]).tolist()
    return [slice(low, high) for low, high in pairwise(ends)]


def sizes_of(parts: list[slice]) -> Ints:
    """Count the samples in each block."""
    return np.array([part.stop - part.start for part in parts])
