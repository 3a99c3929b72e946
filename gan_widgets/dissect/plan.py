"""Which seeds serve for what: three ranges that share no seed, cut into small groups.

>>> plan = Plan.of(start=100, images=2000)
>>> {role: plan.seeds(role) for role in ROLES}
{'thresholds': range(100, 600), 'labels': range(600, 1096), 'report': range(1096, 2100)}
>>> plan.group
16
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from typing import Literal, TypeAlias

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.seeds import SEED_LIMIT
from gan_widgets.dissect.spans import Spans, common, minus

Role: TypeAlias = Literal["thresholds", "labels", "report"]
ROLES: tuple[Role, ...] = ("thresholds", "labels", "report")

SHIFTS = 4
"""How many pairings of activations with masks a group is counted in: its own, and three of the null."""
_MOST_FOR_THRESHOLDS = 1000
_BLOCKS_WANTED = 32
_LARGEST_GROUP = 32


@dataclass(frozen=True)
class Chunk:
    """Consecutive seeds of one range that are looked at together."""

    role: Role
    low: int
    high: int


@dataclass(frozen=True)
class Plan:
    """Three ranges from `start`: `thresholds`, `labels` and `report` images, one after the other.

    Levels are found on the first, a unit's best concept (and with it the level, where each concept has its
    own) is chosen on the second, and what is reported comes from the third. `group` consecutive seeds of a
    range are counted together; a group's place in its range is all that decides to which block it belongs and
    how it is permuted.
    """

    start: int
    thresholds: int
    labels: int
    report: int
    group: int

    @classmethod
    def of(cls, start: int, images: int, *, levels_known: bool = False, batch: int | None = None) -> "Plan":
        """Share out `images`: a quarter, at most 1000, for thresholds; of the rest, a third for labels.

        More images than 1000 hardly move a level, and the values above it are kept, so the range is bounded.
        Groups have 4 to 32 images: as many as leave 32 groups to report on. With `levels_known` no image
        serves for thresholds. `batch` is given when an image depends on the others of its batch: then groups
        do not cross batches. Raises `DissectionError` for fewer than 4 images, or seeds beyond 2**32.
        """
        if not (images >= 4 and 0 <= start <= SEED_LIMIT - images):
            raise DissectionError(
                problem(
                    "a dissection needs images for three ranges of seeds.",
                    got=f"images={images}, start={start}",
                    allowed=f"images >= 4, start >= 0, start + images <= {SEED_LIMIT}",
                    next="Pass for instance images=2000, start=0.",
                )
            )
        thresholds = 0 if levels_known else min(images // 4, _MOST_FOR_THRESHOLDS)
        labels = (images - thresholds) // 3
        group = _LARGEST_GROUP
        while group > SHIFTS and (images - thresholds - labels) // group < _BLOCKS_WANTED:
            group //= 2
        while batch is not None and batch % group:
            group //= 2
        if labels > group:
            labels -= labels % group
        return cls(start, thresholds, labels, images - thresholds - labels, group)

    @property
    def images(self) -> int:
        """How many images there are in all three ranges."""
        return self.thresholds + self.labels + self.report

    def seeds(self, role: Role) -> range:
        """Give the seeds of one range."""
        begin = self.start + sum(getattr(self, before) for before in ROLES[: ROLES.index(role)])
        return range(begin, begin + getattr(self, role))

    def span(self, role: Role, part: tuple[int, int] = (0, 1)) -> Spans:
        """Give the seeds of one range as a span; of a `part` (k, of), its share of whole groups.

        Every part has all of the thresholds: without them nothing can be counted.

        >>> Plan.of(0, 2000).span("report", part=(1, 2))
        ((1492, 2000),)
        """
        seeds, (k, of) = self.seeds(role), part
        if role != "thresholds":
            groups = -(-len(seeds) // self.group)
            low, high = (seeds.start + groups * i // of * self.group for i in (k, k + 1))
            seeds = range(min(low, seeds.stop), min(high, seeds.stop))
        return ((seeds.start, seeds.stop),) if seeds else ()

    def groups(self, chunk: Chunk, done: Spans) -> Iterator[tuple[int, int, int]]:
        """Go through the groups of a chunk that are not done: (number of the group, low, high)."""
        seeds = self.seeds(chunk.role)
        for low in range(chunk.low, chunk.high, self.group):
            high = min(low + self.group, chunk.high)
            if not common(((low, high),), done):
                yield (low - seeds.start) // self.group, low, high

    def chunks(self, role: Role, size: int, wanted: Spans, done: Spans) -> list[Chunk]:
        """Cut what is wanted of a range and not done into chunks of `size` seeds, counted from its start.

        A chunk is shorter where some of its seeds are done: none is looked at twice.

        >>> Plan.of(0, 48).chunks("thresholds", 8, ((0, 12),), done=((2, 4),))
        [Chunk(role='thresholds', low=0, high=2), Chunk(role='thresholds', low=4, high=8),
         Chunk(role='thresholds', low=8, high=12)]
        """
        seeds = self.seeds(role)
        cut = [(low, min(low + size, seeds.stop)) for low in range(seeds.start, seeds.stop, size)]
        left = minus(wanted, done)
        pieces = (common((piece,), left) for piece in cut)
        return [Chunk(role, low, high) for piece in pieces for low, high in piece]


def interleaved(labels: list[Chunk], report: list[Chunk]) -> list[Chunk]:
    """Order the chunks of two ranges so that both are at the same share whenever the run is cut short.

    >>> halves = [Chunk("report", 4, 8), Chunk("report", 8, 12)]
    >>> [chunk.role for chunk in interleaved([Chunk("labels", 0, 4)], halves)]
    ['report', 'labels', 'report']
    """
    placed = [
        ((i + 0.5) / len(chunks), chunk) for chunks in (labels, report) for i, chunk in enumerate(chunks)
    ]
    return [chunk for _, chunk in sorted(placed, key=lambda pair: pair[0])]


def shifts(n: int, count: int) -> tuple[int, ...]:
    """Give the `count` cyclic shifts that the null may apply to a group of `n` images; the first is 0.

    Step r is `r · n / gcd(n, count)`: together they are closed under composition (a homomorphism from the
    cyclic group of order `count`), which makes a permutation test on them exact (Hemerik and Goeman, "Exact
    testing with random permutations", TEST 2018, section 3). A group whose size shares no factor with `count`
    stays as it is. Seeds must be exchangeable: a label that is `seed % 4` meets itself in all of them.

    >>> shifts(16, 4), shifts(6, 4), shifts(7, 4)
    ((0, 4, 8, 12), (0, 3, 0, 3), (0, 0, 0, 0))
    """
    return tuple(r * n // gcd(n, count) % n for r in range(count))


def batch_of(seed: int, seeds: range, batch: int) -> range:
    """Give the batch that a seed is in, where batches are counted from the beginning of its range.

    >>> batch_of(107, range(100, 118), 8), batch_of(116, range(100, 118), 8)
    (range(100, 108), range(116, 118))
    """
    first = seed - (seed - seeds.start) % batch
    return range(first, min(first + batch, seeds.stop))
