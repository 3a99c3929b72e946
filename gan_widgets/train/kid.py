"""The kernel distance: unbiased at every sample size, and below 0 now and then when two sets are alike.

>>> import torch
>>> a, b = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])
>>> kid(a, b)                            # 1³ + 7³ − 2 · (1³ + 1³ + 3³ + 4³) / 4
297.5
"""

import numpy as np
from torch import Tensor

from gan_widgets.train.features import checked_pair
from gan_widgets.train.jackknife import Floats, Jackknife, blocks_of, sizes_of

_ROWS = 256  # of the kernel matrix at once


def kid(a: Tensor, b: Tensor) -> float:
    """Give the unbiased squared maximum mean discrepancy of two sets of features, `(n, d)` and `(m, d)`.

    The kernel is (xᵀy / d + 1)³ (Bińkowski et al., arXiv 1801.01401, section 3), the estimator equation 3 of
    Gretton et al. (JMLR 13, 2012) over *all* pairs: subsets, as they are drawn where the kernel matrix does
    not fit in memory, estimate the same with a larger error.

    Raises `DistanceError` for features that are not `(n, d)`, not finite, or of fewer than two samples.
    """
    x, y = checked_pair(a, b, least=lambda _: 2)
    return _estimate(
        (_within(x).sum(), len(x)),
        (_within(y).sum(), len(y)),
        _rows_and_columns(x, y)[0].sum(),
    )


def jackknifed(a: Floats, b: Floats, blocks: int) -> Jackknife:
    """Give the distance of two sets, and without each of `blocks` blocks of one of them.

    What is left without a block must still be two samples. All follow from the same kernel sums.
    """
    rows, columns = _rows_and_columns(a, b)
    own_a, own_b, across = _within(a), _within(b), rows.sum()
    parts_a, parts_b = blocks_of(len(a), blocks), blocks_of(len(b), blocks)
    whole_a, whole_b = (own_a.sum(), len(a)), (own_b.sum(), len(b))
    left_a = [_estimate(_without(a, own_a, part), whole_b, across - rows[part].sum()) for part in parts_a]
    left_b = [_estimate(whole_a, _without(b, own_b, part), across - columns[part].sum()) for part in parts_b]
    return Jackknife(
        _estimate(whole_a, whole_b, across),
        (np.array(left_a), np.array(left_b)),
        (sizes_of(parts_a), sizes_of(parts_b)),
    )


def _estimate(own_a: tuple[float, int], own_b: tuple[float, int], across: float) -> float:
    (sum_a, n), (sum_b, m) = own_a, own_b
    return float(sum_a / (n * (n - 1)) + sum_b / (m * (m - 1)) - 2 * across / (n * m))


def _kernel(x: Floats, y: Floats) -> Floats:
    base = x @ y.T
    base /= x.shape[1]
    base += 1.0
    found: Floats = base * base * base
    return found


def _rows_and_columns(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Sum the kernel over the other set, for each sample of either."""
    rows, columns = np.empty(len(x)), np.zeros(len(y))
    for at in range(0, len(x), _ROWS):
        kernel = _kernel(x[at : at + _ROWS], y)
        rows[at : at + _ROWS] = kernel.sum(1)
        columns += kernel.sum(0)
    return rows, columns


def _within(x: Floats) -> Floats:
    """Sum the kernel over all other samples of a set, for each of them."""
    return _rows_and_columns(x, x)[0] - _with_itself(x)


def _with_itself(x: Floats) -> Floats:
    base = (x * x).sum(1) / x.shape[1] + 1.0
    found: Floats = base * base * base
    return found


def _without(x: Floats, own: Floats, part: slice) -> tuple[float, int]:
    """Sum the kernel over the pairs of what a block leaves; pairs within the block were taken off twice."""
    block = x[part]
    inside = _kernel(block, block).sum() - _with_itself(block).sum()
    return float(own.sum() - 2 * own[part].sum() + inside), len(x) - len(block)
