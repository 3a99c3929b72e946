"""A dissection as text, as HTML and as a data frame."""

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_widgets.core.words import interval, many
from gan_widgets.dissect.summary import interpretable

if TYPE_CHECKING:
    from gan_widgets.dissect.result import Dissection

_ROWS = 10
_INTERPRETABLE = 0.05


def line(found: "Dissection") -> str:
    """Say in one line what was dissected and how much was found; the same for equal results."""
    where = " at " + "×".join(map(str, found.size)) if found.size else ", fully connected"
    text = f"{found.layer!r}: {many(found.units, 'unit')}{where}, {many(len(found.concepts), 'concept')}"
    text += f", {found.images:,} images"
    if not found.complete:
        text += f" of {found.planned:,}"
    count = many(len(interpretable(found, _INTERPRETABLE)), "unit")
    return f"Dissection({text}; {count} with IoU ≥ {_INTERPRETABLE})"


def html(found: "Dissection") -> str:
    """Draw the first units as a small table; every name is escaped."""
    cells = interpretable(found, _INTERPRETABLE)[:_ROWS]
    bounds = found._scores.bounds(cells)
    rows = [
        f"<tr><td>{unit}</td><td>{escape(found.concepts[concept])}</td>"
        f"<td>{escape(found.categories[concept])}</td><td>{found.iou[unit, concept]:.3f}</td>"
        f"<td>{interval(low, high)}</td></tr>"
        for (unit, concept), (low, high) in zip(cells, bounds, strict=True)
    ]
    heads = ("unit", "concept", "category", "IoU", "95 % interval")
    head = "".join(f"<th>{name}</th>" for name in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""
    return f"<div><p>{escape(line(found))}</p>{table}</div>"


def frame(found: "Dissection") -> Any:  # noqa: ANN401  (a pandas.DataFrame)
    """Make one row per unit and concept, units first; `label_p` is the unit's, whatever the concept."""
    import pandas as pd

    units, concepts = np.indices(found.iou.shape).reshape(2, -1)
    thresholds = found.thresholds if found.thresholds.ndim == 2 else found.thresholds[:, None]
    missing = np.full(found.iou.shape, np.nan)
    columns = {
        "unit": units,
        "concept": np.array(found.concepts, dtype=object)[concepts],
        "category": np.array(found.categories, dtype=object)[concepts],
        "iou": found.iou.ravel(),
        "low": found.ci[..., 0].ravel(),
        "high": found.ci[..., 1].ravel(),
        "threshold": np.broadcast_to(thresholds, found.iou.shape).ravel(),
        "p": (missing if found.p_values is None else found.p_values).ravel(),
        "family_wise": (missing if found.family_wise is None else found.family_wise).ravel(),
        "q": (missing if found.q_values is None else found.q_values).ravel(),
        "label": concepts == found.labels[units],
        "label_p": np.full(len(units), np.nan) if found.label_p is None else found.label_p[units],
        "state": np.array(found.states, dtype=object)[units],
    }
    return pd.DataFrame(columns)
