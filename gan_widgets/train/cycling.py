"""Why two players who both follow their gradient may turn around the solution: the game f(x, y) = x·y.

x wants f small, y wants it large, and (0, 0) is the only point where neither can gain: the smallest model of
G and D near their solution (Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks", arXiv
1701.00160, section 8.2). The gradients are y for x and x for y, so that every step goes across the line to
the solution, never along it.

>>> GradientSteps("alternating", lr=0.5).path(2)
array([[1.   , 0.   ],
       [1.   , 0.5  ],
       [0.75 , 0.875]])
>>> GradientSteps("simultaneous", lr=0.5).path(2)
array([[1.  , 0.  ],
       [1.  , 0.5 ],
       [0.75, 1.  ]])
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gan_widgets.core.errors import TrainingError, problem
from gan_widgets.core.numbers import is_number

ORDERS = ("alternating", "simultaneous")
"""Does y see where x has just gone, or where x was?"""

Points: TypeAlias = NDArray[np.float64]
Pair: TypeAlias = tuple[float, float]

_EVEN = 1e-12  # nearer to 1 than this, a growth cannot be told from 1 in double precision


@dataclass(frozen=True)
class GradientSteps:
    """How x descends and y ascends f(x, y) = x·y, with Polyak's momentum β = `momentum`.

        simultaneous:  x' = x − lr·y + β·(x − x_before)      y' = y + lr·x  + β·(y − y_before)
        alternating:   x' = x − lr·y + β·(x − x_before)      y' = y + lr·x' + β·(y − y_before)

    Gidel et al., "Negative Momentum for Improved Game Dynamics", arXiv 1807.04740. Raises `TrainingError` for
    an order that is not in `ORDERS`, a learning rate that is not positive and a momentum outside (−1, 1).

    >>> GradientSteps("simultaneous", lr=0.75).growth, GradientSteps("alternating", lr=0.75).growth
    (1.25, 1.0)
    >>> GradientSteps("alternating", lr=0.75, momentum=-0.5).outcome
    'arrives'
    """

    order: str = "alternating"
    lr: float = 0.2
    momentum: float = 0

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise _refused("the two players have no such order.", self.order, " or ".join(map(repr, ORDERS)))
        if not (is_number(self.lr) and self.lr > 0):
            raise _refused("a learning rate is a positive number.", self.lr, "above 0, for instance 0.2")
        if not (is_number(self.momentum) and -1 < self.momentum < 1):
            raise _refused("there is no such momentum.", self.momentum, "above −1 and below 1; 0 for none")

    def step(self, point: Pair, moved: Pair = (0, 0)) -> Pair:
        """Return the point after `point`, to which the last step had `moved`; exact for exact numbers."""
        (x, y), (dx, dy) = point, moved
        new_x = x - self.lr * y + self.momentum * dx
        seen = new_x if self.order == "alternating" else x
        return new_x, y + self.lr * seen + self.momentum * dy

    def path(self, steps: int, start: Pair = (1.0, 0.0)) -> Points:
        """Return the points from `start` on, at rest there: float64 `(steps + 1, 2)`, x beside y."""
        points, moved = [start], (0.0, 0.0)
        for _ in range(steps):
            new = self.step(points[-1], moved)
            moved = (new[0] - points[-1][0], new[1] - points[-1][1])
            points.append(new)
        return np.array(points, dtype=np.float64)

    @property
    def growth(self) -> float:
        """By what one step multiplies the distance in the long run: the largest |λ| of a step's matrix.

        Without momentum the alternating matrix [[1, −lr], [lr, 1 − lr²]] has determinant 1, and its
        eigenvalues are on the unit circle as long as lr ≤ 2; the simultaneous one, [[1, −lr], [lr, 1]], has
        the eigenvalues 1 ± i·lr: √(1 + lr²). With momentum λ solves (λ − 1)²(λ − β)² = −lr²·λ³ or
        (λ − 1)(λ − β) = ±i·lr·λ (arXiv 1807.04740, sections 5 and 4).
        """
        lr, momentum = self.lr, self.momentum
        if self.order == "simultaneous":
            if not momentum:
                return sqrt(1 + lr * lr)
            return float(np.abs(np.roots([1, -(1 + momentum + 1j * lr), momentum])).max())
        if not momentum:
            half = 1 - lr * lr / 2  # of the trace
            return 1.0 if lr <= 2 else -half + sqrt(half * half - 1)
        twice = np.polymul([1, -1], [1, -momentum])
        return float(np.abs(np.roots(np.polyadd(np.polymul(twice, twice), [lr * lr, 0, 0, 0]))).max())

    @property
    def outcome(self) -> str:
        """What becomes of the path: "arrives" at the solution, "turns" around it or "leaves"."""
        growth = self.growth
        if abs(growth - 1) <= _EVEN:
            # two equal eigenvalues −1 at lr = 2: the distance grows without bound, though not geometrically
            return "turns" if self.lr < 2 else "leaves"
        return "arrives" if growth < 1 else "leaves"


def conserved(points: Points, lr: float) -> Points:
    """Return x² + y² − lr·x·y of points `(…, 2)`: alternating steps without momentum never change it.

    With x' = x − lr·y and y' = y + lr·x' it is x'² + y'² − lr·x'·y' = x'² + y·y' = x'² + y² + lr·x'·y
    = x'·(x' + lr·y) + y² = (x − lr·y)·x + y². For lr < 2 its level sets are ellipses around the solution.

    >>> conserved(GradientSteps("alternating", lr=0.5).path(3), 0.5)
    array([1., 1., 1., 1.])
    """
    x, y = points[..., 0], points[..., 1]
    found: Points = x * x + y * y - lr * x * y
    return found


def between(level: float, lr: float) -> Pair:
    """Return the least and the largest distance from the solution on the ellipse x² + y² − lr·x·y = level.

    Its axes are the diagonals: on x = −y the form is (1 + lr/2)·r², on x = y it is (1 − lr/2)·r². `lr` < 2.

    >>> between(1.6, 1.2)
    (1.0, 2.0)
    """
    return sqrt(level / (1 + lr / 2)), sqrt(level / (1 - lr / 2))


def averaged(points: Points, share: float = 1.0) -> Points:
    """Return after each step the mean of the latest points, `share` of all so far: `(n, 2)` → `(n, 2)`.

    `share` is in (0, 1]; with 1 the mean is over the whole path. On a path that turns, the sums stay bounded,
    because lr·(y₀ + … + yₜ) = x₀ − xₜ₊₁ telescopes (and x likewise): the mean arrives as 1/t, where the
    path never does (Gidel et al., "A Variational Inequality Perspective on Generative Adversarial Networks",
    arXiv 1802.10551, section 3.1).

    >>> averaged(np.array([[4.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), 0.5)
    array([[4. , 0. ],
           [2. , 0. ],
           [1. , 1.5]])
    """
    if not (is_number(share) and 0 < share <= 1):
        raise _refused("a mean is over a share of the points.", share, "above 0, at most 1")
    ends = np.arange(1, len(points) + 1)
    counts = np.array([ceil(share * end - _EVEN * end) for end in ends])  # 0.1 · 30 is a little above 3
    sums = np.concatenate([np.zeros((1, 2)), points.cumsum(axis=0)])
    means: Points = (sums[ends] - sums[ends - counts]) / counts[:, None]
    return means


def distance(points: Points) -> Points:
    """Return how far points `(…, 2)` are from the solution (0, 0).

    >>> distance(np.array([[3.0, -4.0]]))
    array([5.])
    """
    away: Points = np.hypot(points[..., 0], points[..., 1])
    return away


def _refused(what: str, got: object, allowed: str) -> TrainingError:
    return TrainingError(
        problem(what, got=repr(got), allowed=allowed, next="Pass another one, or leave it out.")
    )
