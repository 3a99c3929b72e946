"""Which of a unit's levels a value exceeds: all 64 of them at once."""

import torch
from torch import Tensor

from gan_widgets.dissect.quick import above, repeated


class Bands:
    """The levels `(units, L)` float32 of some units, ascending.

    Levels in even steps are guessed by arithmetic, and the guess is put right by one comparison.

    >>> bands = Bands(torch.tensor([[0.0, 1.0, 2.0], [5.0, 5.0, 9.0]]))
    >>> bands.place(torch.tensor([0.5, 1.0, 7.0, 5.5]), 0, torch.tensor([[3, 1]])).tolist()
    [1, 1, 3, 5]
    """

    def __init__(self, levels: Tensor) -> None:
        self._levels = levels.contiguous()
        units, self._depth = levels.shape
        self._slope = (self._depth - 1) / (levels[:, -1] - levels[:, 0])
        self._start = levels[:, 0] - 0.5 / self._slope
        own = self._guess(self._levels, self._start[:, None], self._slope[:, None])
        even = (own == torch.arange(self._depth, device=levels.device)).all(1)
        self._even = even & self._slope.isfinite() & self._start.isfinite()
        self._base = torch.arange(units, dtype=torch.int32, device=levels.device) * self._depth

    def place(self, values: Tensor, first: int, counts: Tensor) -> Tensor:
        """Count the levels that each value exceeds, which is one at least.

        `values` `(k,)` float32 come in rounds: `counts` `(rounds, units)` int64 are those of unit `first`, of
        the next unit, and so on. Gives int32 `(k,)`: the number of levels, and L more for each unit after the
        first.
        """
        rounds, units = counts.shape
        block, counts = slice(first, first + units), counts.flatten()
        flat = self._levels[block].view(-1)
        base = repeated(self._base[:units].repeat(rounds), counts)
        if self._even[block].all():
            # each step of a guess keeps order: the level before the guessed one is exceeded, the next is not
            lines = (part[block].repeat(rounds) for part in (self._start, self._slope))
            start, slope = (repeated(line, counts) for line in lines)
            place = self._guess(values, start, slope).add_(base)
            return place.add_(above(values, flat.index_select(0, place)))
        number = torch.zeros_like(base)
        step = 1 << (self._depth.bit_length() - 1)
        while step:
            probe = number + step
            level = flat.index_select(0, base + probe.clamp(max=self._depth) - 1)
            number += (above(values, level) & (probe <= self._depth)) * step
            step >>= 1
        return number.add_(base)

    def _guess(self, values: Tensor, start: Tensor, slope: Tensor) -> Tensor:
        return (values - start).mul_(slope).clamp_(0, self._depth - 1).int()
