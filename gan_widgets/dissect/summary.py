"""Short answers: which unit stands for what, and how many units stand for anything."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gan_widgets.core.quantities import plain
from gan_widgets.dissect.lookup import least_iou

if TYPE_CHECKING:
    from gan_widgets.dissect.result import Dissection


class Best(NamedTuple):
    """A unit and a concept that it stands for.

    `low` and `high` bound the IoU with 95 % confidence, NaN where too few blocks of images have any overlap.
    `p` is the chance that the IoU is as large in this cell under the null (masks shuffled among the images,
    or an untrained network), `family_wise` bounds the chance that any of the cells up to this one, best
    first, is luck (NaN against an untrained network), `q` is the false discovery rate; None without a null.
    """

    unit: int
    concept: str
    category: str
    iou: float
    low: float
    high: float
    p: float | None
    family_wise: float | None
    q: float | None


@dataclass(frozen=True)
class Summary:
    """How many units are interpretable: each counts once, by its best concept.

    `per_concept` and `per_category` give numbers of units, the most first; `units` is their sum, `unique` how
    many concepts there are among them, `of` how many units there are in all (`ranked` of them are neither
    dead, constant, tied, NaN nor infinite). Bau et al., "GAN Dissection" (arXiv 1811.10597), section 4.1.

    >>> Summary(0.05, of=8, ranked=7, per_concept={"hole": 2}, per_category={"topology": 2})
    units with IoU ≥ 0.05: 2 of 8
    units not ranked: 1
    concepts they stand for: 1
    categories
      topology     2
    concepts
      hole         2
    """

    at_least: float
    of: int
    ranked: int
    per_concept: dict[str, int]
    per_category: dict[str, int]

    @property
    def units(self) -> int:
        """How many units are interpretable."""
        return sum(self.per_concept.values())

    @property
    def unique(self) -> int:
        """How many concepts the units stand for."""
        return len(self.per_concept)

    def __repr__(self) -> str:
        lines = [
            f"units with IoU ≥ {self.at_least:g}: {self.units} of {self.of}",
            *([f"units not ranked: {self.of - self.ranked}"] if self.ranked < self.of else []),
            f"concepts they stand for: {self.unique}",
        ]
        wide = max(map(len, (*self.per_category, *self.per_concept)), default=0)
        for title, counts in (("categories", self.per_category), ("concepts", self.per_concept)):
            lines += [title, *(f"  {name:<{wide}}  {count:>4}" for name, count in counts.items())]
        return "\n".join(lines)


def labelled(found: "Dissection") -> list[tuple[int, int]]:
    """Give (unit, concept) of each unit that has a best concept."""
    return [(unit, label) for unit, label in enumerate(found.labels.tolist()) if label >= 0]


def interpretable(found: "Dissection", at_least: float) -> list[tuple[int, int]]:
    """Give (unit, concept) of each unit whose best concept has an IoU of `at_least`, by falling IoU."""
    return by_iou(found, [cell for cell in labelled(found) if found.iou[cell] >= at_least])


def by_iou(found: "Dissection", cells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort cells by falling IoU; equal ones, and those without any, by unit."""
    return sorted(cells, key=lambda cell: (-np.nan_to_num(found.iou[cell], nan=-1.0), cell))


def ranked(found: "Dissection", cells: list[tuple[int, int]]) -> list[Best]:
    """Say all about some cells, by falling IoU."""
    tables = found.p_values, found.family_wise, found.q_values
    return [
        Best(
            unit,
            found.concepts[concept],
            found.categories[concept],
            plain(found.iou[unit, concept]),
            *map(plain, found.ci[unit, concept]),
            *(None if chances is None else plain(chances[unit, concept]) for chances in tables),
        )
        for unit, concept in by_iou(found, cells)
    ]


def summarised(found: "Dissection", at_least: float) -> Summary:
    """Count the units whose best concept has an IoU of `at_least`."""
    at_least = least_iou(at_least)
    cells = interpretable(found, at_least)
    concepts = Counter(found.concepts[concept] for _, concept in cells)
    categories = Counter(found.categories[concept] for _, concept in cells)
    counts = dict(concepts.most_common()), dict(categories.most_common())
    return Summary(at_least, found.units, found.states.count("ok"), *counts)
