"""A dissection that looks like a real one, for tests of the views: made up, and the same each time."""

from dataclasses import dataclass, field

import numpy as np

STROKES = {
    "ink": "ink",
    "background": "ink",
    "horizontal": "orientation",
    "vertical": "orientation",
    "rising": "orientation",
    "falling": "orientation",
    "end point": "topology",
    "junction": "topology",
    "hole": "topology",
    "top half": "place",
    "left half": "place",
}
"""Concept to category, like those of digits."""


@dataclass(frozen=True)
class Best:
    unit: int
    concept: str
    category: str
    iou: float
    low: float
    high: float
    p: float | None


@dataclass(frozen=True)
class Top:
    seeds: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Found:
    """The fields of a dissection that views read."""

    layer: str
    units: int
    size: tuple[int, ...]
    concepts: tuple[str, ...]
    categories: tuple[str, ...]
    threshold: str
    iou: np.ndarray
    thresholds: np.ndarray
    ci: np.ndarray
    p_values: np.ndarray | None
    family_wise: np.ndarray | None
    q_values: np.ndarray | None
    label_p: np.ndarray | None
    labels: np.ndarray
    states: tuple[str, ...]
    top: Top
    images: int
    grid: tuple[int, int] | None = None
    complete: bool = True
    provenance: dict = field(default_factory=dict)

    def level(self, unit, concept=None):
        if self.threshold == "quantile":
            return float(self.thresholds[unit])
        at = self.labels[unit] if concept is None else self.concepts.index(concept)
        return float(self.thresholds[unit, at])

    def best(self):
        ranked = [self._best(unit, label) for unit, label in enumerate(self.labels) if label >= 0]
        return sorted(ranked, key=lambda best: -best.iou)

    def units_for(self, concept, at_least=0.05):
        column = self.concepts.index(concept)
        ranked = [unit for unit, state in enumerate(self.states) if state == "ok"]
        found = [self._best(unit, column) for unit in ranked if self.iou[unit, column] >= at_least]
        return sorted(found, key=lambda best: -best.iou)

    def _best(self, unit, column):
        low, high = self.ci[unit, column]
        p = None if self.p_values is None else float(self.p_values[unit, column])
        names = self.concepts[column], self.categories[column]
        return Best(unit, *names, float(self.iou[unit, column]), float(low), float(high), p)


def found(
    layer="3",
    units=8,
    size=(7, 5),
    concepts=STROKES,
    *,
    states=None,
    threshold="quantile",
    null=True,
    top=4,
    images=600,
    grid=None,
    seed=0,
):
    """Most cells are faint, every unit has a concept of its own; `states` are {unit: state}."""
    draw = np.random.default_rng(seed)
    names, categories = tuple(concepts), tuple(concepts.values())
    columns = len(names)
    iou = draw.beta(0.5, 18, (units, columns))
    iou[np.arange(units), draw.integers(0, columns, units)] += draw.beta(1.6, 5, units)
    iou = iou.clip(0, 1)
    spread = 0.02 + 0.1 * iou
    ci = np.stack([(iou - spread).clip(0, 1), (iou + 1.1 * spread).clip(0, 1)], axis=-1)
    p_values = np.minimum(1, np.exp(-60 * iou) + 0.001)
    state = ["ok"] * units
    for unit, name in (states or {}).items():
        state[unit] = name
    broken = np.array([name != "ok" for name in state])
    iou[[name == "dead" for name in state]] = 0
    each = (units,) if threshold == "quantile" else (units, columns)
    order = np.sort(draw.normal(3, 1, (units, top)).astype(np.float32), axis=1)[:, ::-1]
    return Found(
        layer=layer,
        units=units,
        size=size,
        concepts=names,
        categories=categories,
        threshold=threshold,
        iou=iou,
        thresholds=draw.normal(0.5, 0.2, each).astype(np.float32),
        ci=ci,
        p_values=p_values if null else None,
        family_wise=np.minimum(1, p_values * columns) if null else None,
        q_values=np.minimum(1, p_values * 2) if null else None,
        label_p=np.where(broken, np.nan, np.minimum(1, p_values.min(1) * 3)) if null else None,
        labels=np.where(broken, -1, iou.argmax(1)),
        states=tuple(state),
        top=Top(draw.integers(0, images, (units, top)), order),
        images=images,
        grid=grid,
    )
