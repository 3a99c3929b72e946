"""What a dissection found: a value made of counts, which says what follows from them."""

import json
import os
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gan_widgets.dissect import ranks, stored, table
from gan_widgets.dissect.lookup import column_of, least_iou, level_of, unit_of
from gan_widgets.dissect.plan import ROLES, Role
from gan_widgets.dissect.scale import Threshold
from gan_widgets.dissect.scores import Scores
from gan_widgets.dissect.significance import Floats, Ints, ratio
from gan_widgets.dissect.spans import Spans, size, union
from gan_widgets.dissect.state import State, facts_of, refuse_others, same_tensors
from gan_widgets.dissect.statistics import Counts, TopImages, Total
from gan_widgets.dissect.summary import Best, Summary, labelled, ranked, summarised

_Array = TypeVar("_Array", bound=NDArray[Any])


class Dissection:
    """Units × concepts of one layer: counts of pixels, and what follows from them.

    Made by `gw.dissect` and `Dissection.load`; it never changes. Arrays are read-only, and worked out when
    first asked for; the random numbers behind intervals and p-values are always the same.

        found = gw.dissect(G, "net.6", latents=latents, segmenter=gw.concepts.strokes(), images=2000)
        found.iou[7, found.concepts.index("hole")], found.best()[:5], found.units_for("hole")
        found.summary(), found.to_frame(), found.save("net6.safetensors")
    """

    def __init__(
        self,
        facts: dict[str, Any],
        planned: dict[Role, Spans],
        state: State,
        untrained: "Dissection | None" = None,
    ) -> None:
        self._facts, self._planned, self._state, self._untrained = facts, planned, state, untrained
        chance = None if untrained is None else untrained._scores
        self._scores: Scores = Scores(state, facts["agreement"], chance)

    @property
    def layer(self) -> str:
        """The layer's name."""
        return str(self._facts["layer"])

    @property
    def units(self) -> int:
        """How many units it has."""
        return self._state.scale.units

    @property
    def size(self) -> tuple[int, ...]:
        """`(h, w)` of its maps; `()` when it is fully connected."""
        return self._state.scale.size

    @property
    def grid(self) -> tuple[int, int] | None:
        """`(H, W)` of the masks; None before any was seen."""
        return self._state.grid

    @property
    def concepts(self) -> tuple[str, ...]:
        """The concepts' names."""
        return tuple(self._facts["concepts"])

    @property
    def categories(self) -> tuple[str, ...]:
        """The kind of each concept."""
        return tuple(self._facts["categories"])

    @property
    def threshold(self) -> Threshold:
        """`"quantile"`: one level per unit; `"iqr"`: one per unit and concept."""
        return self._state.scale.threshold

    @property
    def images(self) -> int:
        """How many images it rests on, over all three ranges of seeds."""
        return sum(size(spans) for spans in self._state.done.values())

    @property
    def planned(self) -> int:
        """How many images it was to rest on."""
        return sum(map(size, self._planned.values()))

    @property
    def complete(self) -> bool:
        """Whether all of them were looked at, also those of the untrained network where that is the null."""
        whole = all(self._state.done[role] == self._planned[role] for role in ROLES)
        return whole and (self._untrained is None or self._untrained.complete)

    @property
    def provenance(self) -> dict[str, Any]:
        """Where it comes from, as JSON values: weights (sha256), latents, seeds, segmenter and so on."""
        seeds = {role: [list(span) for span in spans] for role, spans in self._state.done.items()}
        said: dict[str, Any] = json.loads(json.dumps(self._facts | {"seeds": seeds}))
        return said

    @property
    def counts(self) -> Counts:
        """Copies of the counts of the range for the report, by block of seeds."""
        return Counts.from_state_dict(self._state.report.state_dict())

    @property
    def label_counts(self) -> Counts:
        """Copies of the counts of the range for labels, by block of seeds."""
        return Counts.from_state_dict(self._state.labels.state_dict())

    @property
    def levels(self) -> NDArray[np.float32]:
        """Every level that was counted, `(units, L)` float32, ascending; L is 0 before they are known."""
        known = self._state.levels
        found = np.zeros((self.units, 0), np.float32) if known is None else known.numpy()
        return _frozen(found)

    @property
    def shares(self) -> tuple[float, ...]:
        """The shares of the levels that were found as quantiles, one per column of `levels`; else `()`."""
        return self._state.scale.shares

    @property
    def untrained(self) -> "Dissection | None":
        """The dissection of the untrained network, where that is the null."""
        return self._untrained

    @property
    def top(self) -> TopImages:
        """The images of the report that most activate each unit: `seeds` and `values`, `(units, top)`."""
        seeds, values = self._state.top.result()
        return TopImages(_frozen(seeds), _frozen(values))

    @property
    def states(self) -> tuple[str, ...]:
        """Each unit: "ok", "dead", "constant", "tied", "nan" or "inf". Only "ok" has an IoU and is ranked."""
        return self._scores.states

    @property
    def iou(self) -> Floats:
        """`(units, concepts)` float64, on the range for the report; NaN where nothing can be divided by."""
        return _frozen(self._scores.iou)

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """The levels of `iou`, float32: `(units,)`, or for "iqr" `(units, concepts)`; NaN for none."""
        return _frozen(self._scores.thresholds)

    @property
    def labels(self) -> Ints:
        """Each unit's best concept, `(units,)`, chosen on the range for labels; -1 for none."""
        return _frozen(self._scores.labels)

    @property
    def ci(self) -> Floats:
        """95 % intervals of the IoU, `(units, concepts, 2)` float64: see `significance.intervals`."""
        return _frozen(self._scores.ci)

    @property
    def p_values(self) -> Floats | None:
        """`(units, concepts)`: the chance of such an IoU under the null; None without one."""
        found = self._scores.chance
        return None if found is None else _frozen(found[0].p_values.reshape(self.iou.shape))

    @property
    def family_wise(self) -> Floats | None:
        """`(units, concepts)`: where it is at most α, so is the chance of any luck; as `Best.family_wise`."""
        found = self._scores.chance
        return None if found is None else _frozen(found[0].family_wise.reshape(self.iou.shape))

    @property
    def q_values(self) -> Floats | None:
        """`(units, concepts)`: false discovery rates (Benjamini and Hochberg); None without a null."""
        found = self._scores.q_values
        return None if found is None else _frozen(found)

    @property
    def label_p(self) -> Floats | None:
        """`(units,)`: the chance of the label's IoU where level and label are chosen anew on null data."""
        found = self._scores.chance
        return None if found is None else _frozen(found[1])

    @property
    def auc(self) -> Floats | None:
        """For fully connected layers, `(units, concepts)`: area under the ROC curve; None for maps."""
        return None if self.size else _frozen(self._masked(ranks.auc(self._ladder())))

    @property
    def correlation(self) -> Floats | None:
        """For fully connected layers, `(units, concepts)`: winsorised point-biserial correlation."""
        if self.size or self._state.levels is None:
            return None
        levels = np.nan_to_num(self.levels.astype(np.float64))
        return _frozen(self._masked(ranks.correlation(self._ladder(), levels)))

    def iou_at(self, level: float) -> Floats:
        """Give the reported IoU at `levels[:, level]`, or at a share's level, `(units, concepts)`.

        Nothing is run: all were counted. Raises `DissectionError` for a level that was not.
        """
        at = level_of(level, self.shares, self.levels.shape[1])
        of = self._ladder()
        return _frozen(self._masked(ratio(of.both[:, at], of.union[:, at])))

    def level(self, unit: int, concept: str | int | None = None) -> float:
        """Give the level that a unit is scored and drawn above; with "iqr", for a concept or its label.

        +∞ where there is none: nothing is above it. Raises `DissectionError` for an unknown unit or concept.
        """
        at = unit_of(unit, self.units, self.layer)
        column = None if concept is None else column_of(concept, self.concepts)
        own = self.thresholds[at]
        if self.threshold == "iqr":
            column = self.labels[at] if column is None else column
            own = own[column] if column >= 0 else np.nan
        return float(own) if self.states[at] == "ok" and np.isfinite(own) else float("inf")

    def best(self) -> list[Best]:
        """Give each ranked unit with its best concept, by falling IoU."""
        return ranked(self, labelled(self))

    def units_for(self, concept: str, at_least: float = 0.05) -> list[Best]:
        """Give the ranked units whose IoU with `concept` is at least so much, by falling IoU.

        Raises `DissectionError` for an unknown concept, with the nearest names.
        """
        column, least = column_of(concept, self.concepts), least_iou(at_least)
        return ranked(self, [(int(unit), column) for unit in np.flatnonzero(self.iou[:, column] >= least)])

    def summary(self, at_least: float = 0.05) -> Summary:
        """Count interpretable units per concept and category, each unit once, by its best concept."""
        return summarised(self, at_least)

    def to_frame(self) -> Any:  # noqa: ANN401  (a pandas.DataFrame)
        """Give a pandas frame with one row per unit and concept: IoU, interval, p-values, level, state."""
        return table.frame(self)

    def merge(self, other: "Dissection") -> "Dissection":
        """Give the dissection of both: the counts are added, and all else follows from them.

        Two parts of one plan (`part=`), or a second run at the levels of the first (`threshold=`), add up to
        what one run over all their seeds gives, bit for bit. Raises `DissectionError` for other weights,
        layers, latents or concepts, other levels, or images that both have seen.
        """
        refuse_others(self._facts, facts_of(other))
        state = self._state.copy()
        state.merge(other._state)
        planned = {role: union(self._planned[role], other._planned[role]) for role in ROLES}
        untrained = self._untrained
        if untrained is not None and other._untrained is not None:
            untrained = untrained.merge(other._untrained)
        return Dissection(self._facts, planned, state, untrained)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything that was counted to one file, whole or not at all; see `core.store`."""
        parts = {"trained": (self._facts, self._planned, self._state)}
        if self._untrained is not None:
            null = self._untrained
            parts["untrained"] = null._facts, null._planned, null._state
        stored.save(path, parts)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Dissection":
        """Read what `save` wrote: an equal value. Raises `StoreError` for any other file."""
        parts = stored.load(path)
        return cls(*parts["trained"], cls(*parts["untrained"]) if "untrained" in parts else None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dissection):
            return NotImplemented
        same = (self._facts, self._planned, self._state.done) == (
            other._facts,
            other._planned,
            other._state.done,
        )
        return same and self._untrained == other._untrained and same_tensors(self._state, other._state)

    def __hash__(self) -> int:
        return hash(json.dumps(self.provenance, sort_keys=True))

    def __repr__(self) -> str:
        return table.line(self)

    def _repr_html_(self) -> str:
        return table.html(self)

    def _ladder(self) -> Total:
        return (self._state.ladder or self._state.report).total()

    def _masked(self, cells: Floats) -> Floats:
        return np.where(self._scores.ok[:, None], cells, np.nan)


def _frozen(values: _Array) -> _Array:
    values = values.view()
    values.flags.writeable = False
    return values
