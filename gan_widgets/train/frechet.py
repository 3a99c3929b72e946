"""The Fréchet distance between Gaussians, and between sets of features through their means and covariances.

>>> at, there = Gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]]), Gaussian([3.0, 0.0], [[9.0, 0.0], [0.0, 4.0]])
>>> round(between(at, there), 12)                                # (0 − 3)² + (1 − 3)² + (2 − 2)²
13.0
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from gan_widgets.core.errors import problem
from gan_widgets.train.features import DistanceError, checked_pair
from gan_widgets.train.jackknife import Floats, Jackknife, blocks_of, sizes_of

_SYMMETRIC, _POSITIVE = 1e-9, 1e-6  # relative to the largest entry and to the largest eigenvalue


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution: `mean` (d,) and `covariance` (d, d), both kept as float64.

    Raises `DistanceError` unless all numbers are finite and the covariance is square, as wide as the mean and
    symmetric: nothing else ever reaches an eigenvalue routine.
    """

    mean: Floats
    covariance: Floats

    def __init__(self, mean: ArrayLike, covariance: ArrayLike) -> None:
        centre, spread = np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
        _check(centre, spread)
        object.__setattr__(self, "mean", centre)
        object.__setattr__(self, "covariance", (spread + spread.T) / 2)

    @cached_property
    def root(self) -> Floats:
        """The symmetric positive semidefinite square root of the covariance, (d, d).

        Raises `DistanceError` when the covariance has an eigenvalue that is negative beyond rounding.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        if values.size and values[0] < -_POSITIVE * max(values[-1], 0.0):
            raise DistanceError(
                problem(
                    "this is no covariance: it has a negative eigenvalue.",
                    got=f"eigenvalues from {values[0]:.3g} to {values[-1]:.3g}",
                    allowed="0 and above",
                    next="Pass np.cov(features, rowvar=False).",
                )
            )
        root: Floats = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
        return root


def between(p: Gaussian, q: Gaussian) -> float:
    """Give the squared Fréchet distance of two Gaussians of one width, 0 and above (float64).

    |m₁ − m₂|² + tr(S₁ + S₂ − 2 (S₁^½ S₂ S₁^½)^½), Dowson and Landau (1982), equation 4, with the covariances
    in their symmetric form. The trace of the last root is the sum of the singular values of S₁^½ S₂^½: no
    product of covariances is formed, whose small eigenvalues would be lost in rounding.
    """
    if p.mean.shape != q.mean.shape:
        raise DistanceError(
            problem(
                "two Gaussians of different width have no distance.",
                got=f"{len(p.mean)} and {len(q.mean)} dimensions",
                allowed="the same number",
                next="Take both from the same features.",
            )
        )
    apart = float(((p.mean - q.mean) ** 2).sum())
    shared = float(np.linalg.svd(p.root @ q.root, compute_uv=False).sum())
    return max(0.0, apart + float(np.trace(p.covariance) + np.trace(q.covariance)) - 2.0 * shared)


def frechet(a: Tensor, b: Tensor) -> float:
    """Give the squared Fréchet distance of two sets of features, `(n, d)` and `(m, d)`, in float64.

    This is the plain value of Heusel et al. (arXiv 1706.08500, section 2), from means and unbiased
    covariances. It is too large on average, by a bias that falls as 1/n (Bińkowski et al., arXiv 1801.01401,
    appendix D): compare it only at equal n, or take `metrics.distance`, which removes that bias and gives an
    interval.

    Raises `DistanceError` for features that are not `(n, d)`, not finite, or no more than they have
    dimensions.

    >>> import torch
    >>> x = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> round(frechet(x, x + 3), 9)                              # moved by (3, 3), and by nothing else
    18.0
    """
    x, y = checked_pair(a, b, least=lambda width: width + 1)
    return between(_gaussian(x), _gaussian(y))


def jackknifed(a: Floats, b: Floats, blocks: int) -> Jackknife:
    """Give the distance of two sets, and without each of `blocks` blocks of one of them.

    What is left without a block must still be more samples than dimensions.
    """
    p, q = _gaussian(a), _gaussian(b)
    without = (
        np.array([between(part, q) for part in _without_each(a, blocks)]),
        np.array([between(p, part) for part in _without_each(b, blocks)]),
    )
    return Jackknife(between(p, q), without, tuple(sizes_of(blocks_of(len(x), blocks)) for x in (a, b)))


def _gaussian(x: Floats) -> Gaussian:
    centred = x - x.mean(0)
    return Gaussian(x.mean(0), centred.T @ centred / (len(x) - 1))


def _without_each(x: Floats, blocks: int) -> Iterator[Gaussian]:
    mean = x.mean(0)
    centred = x - mean
    scatter = centred.T @ centred
    for where in blocks_of(len(x), blocks):
        part, left = centred[where], len(x) - (where.stop - where.start)
        moved = -part.sum(0) / left  # the rest sums to minus the block: all together sum to 0
        rest = scatter - part.T @ part - left * np.outer(moved, moved)
        yield Gaussian(mean + moved, rest / (left - 1))


def _check(mean: Floats, covariance: Floats) -> None:
    wrong = ""
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        wrong = f"shapes {mean.shape} and {covariance.shape}"
    elif not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        wrong = "NaN or infinite numbers"
    elif np.abs(covariance - covariance.T).max(initial=0.0) > _SYMMETRIC * np.abs(covariance).max(
        initial=0.0
    ):
        wrong = "a matrix that is not symmetric"
    if wrong:
        raise DistanceError(
            problem(
                "a Gaussian needs a mean and a covariance.",
                got=wrong,
                allowed="finite numbers of shapes (d,) and (d, d), the second symmetric",
                next="Pass features.mean(0) and np.cov(features, rowvar=False).",
            )
        )
