"""The arithmetic of one edit: `y = x·(1 − α·m) + v·α·m` on some units, in place, on any device and dtype.

Bau et al., *GAN Dissection* (arXiv 1811.10597), eq. 3, with a strength α in [0, 1] and a mask m in [0, 1].

>>> x = torch.tensor([[1.0, 2.0, 3.0]])
>>> Law(units=(0, 2), strength=(0.5, 1.0), mask=None, value=7.0).write(x)
>>> x
tensor([[4., 2., 7.]])
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_widgets.core.quantities import Mask, PerUnit

Numbers: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class _Terms:
    """`y = x·keep + add` for the units of `index`; each `(k, 1, 1)` or `(k, h, w)`, in the layer's dtype."""

    index: Tensor
    weight: Tensor
    keep: Tensor
    add: Tensor | None  # None: nothing is added
    one: Tensor | None  # where the weight is 1; None: nowhere
    zero: Tensor | None  # where the weight is 0; None: nowhere
    full: bool  # the weight is 1 everywhere


class Law:
    """One edit's numbers as tensors, made once for each device, dtype and number of dimensions.

    `value` is v, one number or one per unit, or None when it is given to each call; `factor` stands for v =
    factor·x. Where α·m is 1 a unit becomes v, whatever it was (NaN too); where it is 0 it keeps its bits.
    """

    @torch.inference_mode(False)  # else a later forward with gradients could not save these
    def __init__(
        self,
        units: tuple[int, ...],
        strength: PerUnit,
        mask: Mask | None,
        *,
        value: PerUnit | None = None,
        factor: PerUnit | None = None,
    ) -> None:
        # in NumPy, whose small arrays cost a tenth of PyTorch's: a slider makes a new law at every move
        alpha = _column(strength, len(units))
        picked = np.flatnonzero(alpha)
        self._picked = torch.from_numpy(picked)
        self._index = torch.from_numpy(np.array(units, dtype=np.int64)[picked])
        self._weight = alpha[picked]
        if mask is not None:
            self._weight = self._weight * np.array(mask)
        self._value = None if value is None else _column(value, len(units))[picked]
        self._factor = None if factor is None else _column(factor, len(units))[picked]
        self._made: dict[tuple[torch.device, torch.dtype, int], _Terms] = {}

    def write(self, out: Tensor, value: Tensor | None = None) -> None:
        """Change the units in `out`, `(n, units, …)` floating; `value` is v, `(k,)` or `(n, k, …)`."""
        if not len(self._index):
            return
        terms = self._terms(out)
        v = terms.add if value is None else self._shaped(value, out)
        if terms.full:
            _put(out, terms.index, v)
            return
        x = out.index_select(1, terms.index)
        if v is None:
            y = x * terms.keep
        elif value is None:
            y = torch.addcmul(v, x, terms.keep)
        else:
            y = torch.addcmul(x * terms.keep, v, terms.weight)
        if terms.one is not None:
            y = torch.where(terms.one, 0.0 if v is None else v, y)
        if terms.zero is not None:
            y = torch.where(terms.zero, x, y)
        out.index_copy_(1, terms.index, y)

    def _shaped(self, value: Tensor, out: Tensor) -> Tensor:
        per_unit = value.ndim == 1
        value = value.to(out).detach()
        if value.shape[0 if per_unit else 1] != len(self._picked):
            value = value.index_select(0 if per_unit else 1, self._picked.to(value.device))
        return value.reshape(-1, *[1] * (out.ndim - 2)) if per_unit else value

    def _terms(self, out: Tensor) -> _Terms:
        key = out.device, out.dtype, out.ndim
        if key not in self._made:
            self._made[key] = self._make(out)
        return self._made[key]

    @torch.inference_mode(False)
    def _make(self, out: Tensor) -> _Terms:
        # in float64: 1 − α·m is rounded once
        weight, keep, add = self._weight, 1 - self._weight, None
        one: Numbers | None = weight == 1
        zero: Numbers | None = weight == 0
        if self._factor is not None:
            # x·(1 − w) + k·x·w, exact where w is 0 or 1
            keep = keep + self._factor * weight
            one = zero = None
        elif self._value is not None and self._value.any():
            add = self._value * weight
        full = one is not None and bool(one.all())
        return _Terms(
            self._index.to(out.device),
            _like(weight, out),
            _like(keep, out),
            None if add is None else _like(add, out),
            _where(one, out),
            _where(zero, out),
            full,
        )


def _put(out: Tensor, index: Tensor, v: Tensor | None) -> None:
    if v is None:
        out.index_fill_(1, index, 0.0)
    else:
        out.index_copy_(1, index, v.expand(out.shape[0], len(index), *out.shape[2:]))


def _column(numbers: PerUnit, count: int) -> Numbers:
    return np.full(count, numbers, dtype=np.float64).reshape(-1, 1, 1)


def _like(term: Numbers, out: Tensor) -> Tensor:
    """Give `(k, 1, 1)` as many dimensions as a unit of `out` has; a masked `(k, h, w)` has them."""
    if term.shape[1:] == (1, 1):
        term = term.reshape(-1, *[1] * (out.ndim - 2))
    return torch.from_numpy(term).to(out.device, torch.bool if term.dtype == bool else out.dtype)


def _where(places: Numbers | None, out: Tensor) -> Tensor | None:
    return None if places is None or not places.any() else _like(places, out)
