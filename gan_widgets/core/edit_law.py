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
    value: Tensor
    add: Tensor | None  # None: nothing is added
    one: Tensor | None  # where the weight is 1; None: nowhere
    zero: Tensor | None  # where the weight is 0; None: nowhere


class Law:
    """One edit's numbers, applied as they are where each is the same everywhere, else as tensors.

    `value` is v, one number or one per unit, unless a call gives another; `factor` stands for v = factor·x.
    Where α·m is 1 a unit becomes v, whatever it was (NaN too); where it is 0 it keeps its bits.
    """

    def __init__(
        self,
        units: tuple[int, ...],
        strength: PerUnit,
        mask: Mask | None,
        *,
        value: PerUnit = 0.0,
        factor: PerUnit | None = None,
    ) -> None:
        self._units, self._strength, self._mask = units, strength, mask
        self._value, self._factor = value, factor
        self._even = mask is None and tuple not in map(type, (strength, value, factor))
        self._made: dict[tuple[torch.device, torch.dtype, int], _Terms] = {}

    @property
    def largest(self) -> float:
        """The largest size of the factor, or of v as far as it is not measured."""
        given = self._value if self._factor is None else self._factor
        return max(map(abs, given), default=0.0) if isinstance(given, tuple) else abs(given)

    def write(self, out: Tensor, value: Tensor | None = None) -> None:
        """Change the units in `out`, `(n, units, …)` floating; `value` is v, `(k,)` or `(n, k, …)`."""
        if not self._units or self._strength == 0:
            return
        measured = None if value is None else _shaped(value, out)
        # a Python number would meet a half with all its digits, and a tensor's with those that a half has
        if not self._even or out.dtype.itemsize <= 2:
            self._write_each(out, measured)
            return
        # a tensor of numbers would cost more than all the rest when a slider moves
        weight: Any = self._strength
        v: Any = self._value if measured is None else measured
        index = torch.tensor(self._units, device=out.device) if len(self._units) > 1 else None
        x = out.narrow(1, self._units[0], 1) if index is None else out.index_select(1, index)
        if self._factor is not None:
            x.mul_(1 - weight + self._factor * weight)
        elif weight < 1:
            x.mul_(1 - weight)
            if measured is not None or v != 0:
                x.add_(v * weight)
        elif measured is not None:
            x.copy_(v)
        else:
            x.fill_(v)
        if index is not None:
            out.index_copy_(1, index, x)

    def _write_each(self, out: Tensor, measured: Tensor | None) -> None:
        terms = self._terms(out)
        x = out.index_select(1, terms.index)
        y = x * terms.keep
        add = terms.add if measured is None else measured * terms.weight
        if add is not None:
            y += add
        if terms.one is not None:
            y = torch.where(terms.one, terms.value if measured is None else measured, y)
        if terms.zero is not None:
            y = torch.where(terms.zero, x, y)
        out.index_copy_(1, terms.index, y)

    def _terms(self, out: Tensor) -> _Terms:
        key = out.device, out.dtype, out.ndim
        if key not in self._made:
            self._made[key] = self._make(out)
        return self._made[key]

    @torch.inference_mode(False)  # else a later forward with gradients could not save these
    def _make(self, out: Tensor) -> _Terms:
        count = len(self._units)
        weight, value = _column(self._strength, count), _column(self._value, count)
        if self._mask is not None:
            weight = weight * np.array(self._mask)
        # in float64: 1 − α·m is rounded once
        keep, one = 1 - weight, weight == 1
        if self._factor is not None:
            # x·(1 − w) + k·x·w, exact where w is 1
            keep, one = keep + _column(self._factor, count) * weight, np.zeros(1, bool)
        return _Terms(
            index=torch.tensor(self._units, device=out.device),
            weight=_like(weight, out),
            keep=_like(keep, out),
            value=_like(value, out),
            add=_like(value * weight, out) if value.any() else None,
            one=_where(one, out),
            zero=_where(weight == 0, out),
        )


def _shaped(value: Tensor, out: Tensor) -> Tensor:
    value = value.to(out).detach()
    return value.reshape(-1, *[1] * (out.ndim - 2)) if value.ndim == 1 else value


def _column(numbers: PerUnit, count: int) -> Numbers:
    return np.full(count, numbers, dtype=np.float64).reshape(-1, 1, 1)


def _like(term: Numbers, out: Tensor) -> Tensor:
    """Give `(k, 1, 1)` as many dimensions as a unit of `out` has; a masked `(k, h, w)` has them."""
    if term.shape[1:] == (1, 1):
        term = term.reshape(-1, *[1] * (out.ndim - 2))
    return torch.from_numpy(term).to(out.device, torch.bool if term.dtype == bool else out.dtype)


def _where(places: Numbers, out: Tensor) -> Tensor | None:
    return _like(places, out) if places.any() else None
