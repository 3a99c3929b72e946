"""How far two sources mark the same pixels: Cohen's kappa of each concept that both know.

>>> from gan_widgets.dissect.concepts import strokes
>>> images = torch.linspace(-1, 1, 28 * 20).reshape(1, 1, 20, 28)
>>> agreement(strokes(), strokes(threshold=0.6), images).kappa["ink"]
0.8
"""

from dataclasses import dataclass
from math import nan

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.concepts.protocol import Segmenter, check_images, checked, described


@dataclass(frozen=True, eq=False, repr=False)
class Agreement:
    """Of each shared concept, how many pixels both sources mark, one alone marks, and neither does.

    `both`, `first`, `second` and `neither` are int64 `(concepts,)`, in the order of `concepts`. `a + b` is
    the agreement on the images of both.
    """

    concepts: tuple[str, ...]
    both: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    neither: NDArray[np.int64]

    @property
    def kappa(self) -> dict[str, float]:
        """Cohen's kappa of each concept: 1 is full agreement, 0 what chance gives, −1 the least there is.

        `κ = (p_o − p_e) / (1 − p_e)` (Cohen 1960, equation 1), with `p_o` the share of pixels of which both
        say the same and `p_e` that share if they marked as often, but independently. NaN where both mark all
        pixels, or both none: then nothing can be said.
        """
        found = {}
        for name, *counts in zip(
            self.concepts, self.both, self.first, self.second, self.neither, strict=True
        ):
            n11, n10, n01, n00 = map(int, counts)
            # both sides of the fraction times n²: whole numbers of any size
            chance = (n11 + n10) * (n10 + n00) + (n11 + n01) * (n01 + n00)
            found[name] = 2 * (n11 * n00 - n10 * n01) / chance if chance else nan
        return found

    def __add__(self, other: "Agreement") -> "Agreement":
        if self.concepts != other.concepts:
            raise DissectionError(
                problem(
                    "these agreements are about other concepts.",
                    got=", ".join(other.concepts),
                    allowed=", ".join(self.concepts),
                    next="Add agreements of the same two sources.",
                )
            )
        return Agreement(
            self.concepts,
            self.both + other.both,
            self.first + other.first,
            self.second + other.second,
            self.neither + other.neither,
        )

    def __repr__(self) -> str:
        wide = max(len("concept"), *map(len, self.concepts))
        rows = [f"{name:<{wide}}  {kappa:5.2f}" for name, kappa in self.kappa.items()]
        return "\n".join([f"{'concept':<{wide}}  kappa", *rows])


def agreement(a: Segmenter, b: Segmenter, images: Tensor, *, batch: int = 64) -> Agreement:
    """Compare two segmenters on images `(n, ch, H, W)`, over the concepts whose names both have.

    Counts are exact; they do not depend on `batch`. Raises `DissectionError` for what are no images, when no
    name is shared, or when the masks differ in size.
    """
    check_images(images)
    if type(batch) is not int or batch < 1:
        raise DissectionError(
            problem(
                "batch is how many images are looked at together.",
                got=repr(batch),
                allowed="a whole number from 1",
                next="Leave it out for 64.",
            )
        )
    first, second = described(a)[0], described(b)[0]
    shared = tuple(name for name in first if name in second)
    if not shared:
        raise DissectionError(
            problem(
                "two sources are compared by the concepts that both know.",
                got=f"{', '.join(first)} and {', '.join(second)}",
                allowed="at least one name in common",
                next="Rename them: gw.concepts.from_function(b, names=[...]).",
            )
        )
    ones, others = ([names.index(name) for name in shared] for names in (first, second))
    total = Agreement(shared, *np.zeros((4, len(shared)), np.int64))
    for part in torch.split(images, batch):
        x, y = checked(a, part), checked(b, part)
        if x.shape[2:] != y.shape[2:]:
            raise DissectionError(
                problem(
                    "the masks of two sources that are compared differ in size.",
                    got=f"{tuple(x.shape[2:])} and {tuple(y.shape[2:])}",
                    allowed="one size",
                    next="Resize the smaller ones in their segmenter.",
                )
            )
        x, y = x[:, ones], y[:, others]
        counts = [_count(mask) for mask in (x & y, x & ~y, ~x & y, ~(x | y))]
        total = total + Agreement(shared, *counts)
    return total


def _count(masks: Tensor) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = torch.count_nonzero(masks, dim=(0, 2, 3)).cpu().numpy()
    return counts
