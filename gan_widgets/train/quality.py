"""How good a generator of digits is, as a classifier sees it: shares, not a distance."""

import operator
from dataclasses import asdict, dataclass
from math import log2, sqrt
from statistics import NormalDist
from typing import Any

import torch
from torch import Tensor, nn

from gan_widgets.core.errors import problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import call, quiet
from gan_widgets.core.locks import lock_of
from gan_widgets.train.features import DistanceError, as_digits

_BATCH = 250


@dataclass(frozen=True)
class Quality:
    """What a classifier says of `n` samples.

    `confident` is the share of samples, in [0, 1], to which it gives one digit a probability above `level`;
    `histogram` counts all samples by the digit it finds most likely, (10,), and `entropy` is that of the
    histogram in bits: log2(10) = 3.32 when all digits are equally frequent, 0 when there is only one.

    >>> Quality(n=4, confident=0.75, histogram=(2, 2, 0, 0, 0, 0, 0, 0, 0, 0))
    Quality: 75.0 % of 4 samples are a digit with a probability above 0.9; digits 0–9: 50, 50, 0, 0, 0, 0, 0,
    0, 0, 0 %; entropy 1.00 of 3.32 bits
    """

    n: int
    confident: float
    histogram: tuple[int, ...]
    level: float = 0.9

    @property
    def entropy(self) -> float:
        """The entropy of the histogram in bits, from 0 to log2(10)."""
        shares = [count / self.n for count in self.histogram if count]
        return 0.0 - sum(share * log2(share) for share in shares)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Give the interval of `confident`, in [0, 1]: the score interval of Wilson (JASA 22, 1927).

        It is right near 0 and 1 too, where the share plus and minus its error would leave [0, 1].

        >>> low, high = Quality(n=10, confident=1.0, histogram=(10,) + (0,) * 9).interval()
        >>> round(low, 3), high
        (0.722, 1.0)
        """
        z, n = NormalDist().inv_cdf((1 + confidence) / 2), self.n
        centre = (self.confident + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * sqrt(self.confident * (1 - self.confident) / n + (z / (2 * n)) ** 2)
        return max(0.0, centre - half), min(1.0, centre + half)

    def facts(self) -> dict[str, Any]:
        """Give everything as JSON values, shares rounded to four places."""
        said = asdict(self) | {"histogram": list(self.histogram), "confident": round(self.confident, 4)}
        return said | {"entropy_bits": round(self.entropy, 4)}

    def __repr__(self) -> str:
        shares = ", ".join(f"{100 * count / self.n:.0f}" for count in self.histogram)
        most = log2(len(self.histogram))
        return (
            f"Quality: {self.confident:.1%} of {self.n:,} samples are a digit with a probability above "
            f"{self.level}; digits 0–9: {shares} %; entropy {self.entropy:.2f} of {most:.2f} bits"
        ).replace("%", " %", 1)


def quality(
    generator: nn.Module,
    latents: Latents,
    *,
    n: int = 1000,
    first_seed: int = 0,
    classifier: nn.Module | None = None,
) -> Quality:
    """Judge the samples of the seeds `first_seed` to `first_seed + n − 1`, made in eval mode.

    `generator` gives grey images of 28×28 in [-1, 1]; `classifier` gives ten logits for them (default: the
    one that ships with the package). The generator is left as it was, and gets latents of its own dtype.

    Raises `DistanceError` for samples that are not finite, and unless `n` is 1 or more and `first_seed` 0 or
    more, both whole; `ImageError` for images of another shape.
    """
    check_drawn(n, first_seed=first_seed)
    if classifier is None:
        from gan_widgets.train.pretrained import digit_classifier

        classifier = digit_classifier()
    seeds, placed = range(first_seed, first_seed + n), fitting(latents, generator)
    probable = []
    with lock_of(generator), quiet(generator, "eval"), quiet(classifier, "eval"):
        for at in range(0, n, _BATCH):
            images = as_digits(call(generator, placed(seeds[at : at + _BATCH])))
            probable.append(classifier(images).softmax(1).cpu())
            _check_finite(images.cpu(), probable[-1], first_seed + at)
    best, digit = torch.cat(probable).max(1)
    histogram = torch.bincount(digit, minlength=10)
    level = 0.9
    return Quality(n, float((best > level).double().mean()), tuple(histogram.tolist()), level)


def check_drawn(n: int, **seed: int) -> None:
    """Raise `DistanceError` unless `n` is a whole number of 1 or more, and the named seed one of 0 or more.

    >>> check_drawn(1, seed=0)
    """
    for name, value, low in (("n", n, 1), *((name, value, 0) for name, value in seed.items())):
        try:
            fits = operator.index(value) >= low
        except TypeError:
            fits = False
        if not fits:
            raise DistanceError(
                problem(
                    "samples are drawn by whole numbers.",
                    got=f"{name}={value!r}",
                    allowed=f"a whole number, {low} or more",
                    next="Pass for instance n=1000; without a seed it is 0.",
                )
            )


def _check_finite(images: Tensor, probable: Tensor, first: int) -> None:
    # finite images may be so large that the classifier overflows
    broken = ~(images.flatten(1).isfinite().all(1) & probable.isfinite().all(1))
    if broken.any():
        seed = first + int(broken.nonzero()[0])
        raise DistanceError(
            problem(
                "samples that are not finite cannot be judged.",
                got=f"{int(broken.sum())} of {len(broken)} samples with NaN or beyond, first of seed {seed}",
                allowed="images of finite numbers in [-1, 1], for which the classifier gives finite ones",
                next="Look at the samples: a generator that gives NaN has broken weights.",
            )
        )
