"""A measured distance, and a difference of two: numbers with their intervals, in words and as JSON."""

from dataclasses import asdict, dataclass
from math import floor, log10
from typing import Any, TypeAlias

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, repr=False)
class Distance:
    """How far `n` samples are from `reals` real images: two distances, each with an interval.

    `frechet` is the squared Fréchet distance in LeNet features, without the bias that it has because `n` is
    finite; `plain` is the value at this `n`, as `metrics.frechet` gives it. `kid` is the unbiased kernel
    distance. The intervals, of this `confidence`, are about drawing other samples and other real images from
    where these came from; training the network again from another seed is not in them.

    >>> Distance(9.5, (8.25, 10.75), 0.021, (0.018, 0.024), n=2000, reals=2000, plain=10.125)
    Distance of 2,000 samples from 2,000 real images, intervals of 95 %
      Fréchet-LeNet: 9.5 (8.2 to 10.8), plain 10.1
      KID: 0.0210 (0.0180 to 0.0240)
    """

    frechet: float
    frechet_ci: Interval
    kid: float
    kid_ci: Interval
    n: int
    reals: int
    plain: float
    confidence: float = 0.95

    def facts(self) -> dict[str, Any]:
        """Give everything as JSON values, numbers to six digits."""
        return {name: rounded(value) for name, value in asdict(self).items()}

    def __repr__(self) -> str:
        places = _places(self.frechet_ci)
        return (
            f"Distance of {self.n:,} samples from {self.reals:,} real images, intervals of "
            f"{100 * self.confidence:g} %\n  Fréchet-LeNet: {said(self.frechet, self.frechet_ci)}, "
            f"plain {self.plain:.{places}f}\n  KID: {said(self.kid, self.kid_ci)}"
        )


@dataclass(frozen=True, repr=False)
class Difference:
    """The distance of a first set of samples minus that of a second: below 0, the first is nearer.

    Both were made from the same latents and compared with the same real images, and what they share cancels:
    the intervals are those of the differences, and often narrower than those of `first` and `second` say. An
    interval that holds 0 shows no difference at this `n`, which is not the same as showing that there is
    none.

    >>> near = Distance(9.5, (8.25, 10.75), 0.021, (0.018, 0.024), n=2000, reals=2000, plain=10.125)
    >>> Difference(-0.5, (-1.5, 0.5), -0.004, (-0.006, -0.002), first=near, second=near)
    Difference, first minus second, on 2,000 shared latents and 2,000 shared real images, intervals of 95 %
      Fréchet-LeNet: −0.5 (−1.5 to 0.5): no difference shown
      KID: −0.0040 (−0.0060 to −0.0020): the first is nearer
    """

    frechet: float
    frechet_ci: Interval
    kid: float
    kid_ci: Interval
    first: Distance
    second: Distance

    @property
    def verdict(self) -> str:
        """What the Fréchet distances show: "the first is nearer", "the second is …" or "no difference …"."""
        return _verdict(self.frechet_ci)

    def facts(self) -> dict[str, Any]:
        """Give everything as JSON values, numbers to six digits."""
        return {name: rounded(value) for name, value in asdict(self).items()}

    def __repr__(self) -> str:
        one = self.first
        return (
            f"Difference, first minus second, on {one.n:,} shared latents and {one.reals:,} shared real "
            f"images, intervals of {100 * one.confidence:g} %\n"
            f"  Fréchet-LeNet: {said(self.frechet, self.frechet_ci)}: {_verdict(self.frechet_ci)}\n"
            f"  KID: {said(self.kid, self.kid_ci)}: {_verdict(self.kid_ci)}"
        )


def said(value: float, interval: Interval) -> str:
    """Write a number and its interval, as many places as half the interval's width has two digits.

    >>> said(9.5, (8.25, 10.75)), said(-0.00012, (-0.0004, 0.00016))
    ('9.5 (8.2 to 10.8)', '−0.00012 (−0.00040 to 0.00016)')
    """
    places = _places(interval)
    number, low, high = (f"{each:z.{places}f}".replace("-", "−") for each in (value, *interval))
    return f"{number} ({low} to {high})"


def rounded(value: Any) -> Any:  # noqa: ANN401  (JSON values, nested)
    """Give a value as JSON has it: a list for a tuple, floats to six digits.

    >>> rounded({"a": (1 / 3, 2)})
    {'a': [0.333333, 2]}
    """
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _places(interval: Interval) -> int:
    half = (interval[1] - interval[0]) / 2
    return max(0, 1 - floor(log10(half))) if half > 0 else 3


def _verdict(interval: Interval) -> str:
    if interval[1] < 0:
        return "the first is nearer"
    if interval[0] > 0:
        return "the second is nearer"
    return "no difference shown"
