"""In which order units are shown: only units that can be ranked are, and the others come last, by number.

A unit can be ranked when its state is "ok" and it has a best concept. That was chosen on other seeds than its
IoU comes from, so that choosing the largest does not flatter it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SORTS = ("concept", "iou", "category", "cluster", "number")


def ranked(labels: NDArray[Any], states: Sequence[str]) -> NDArray[np.bool_]:
    """Return which units can be ranked, bool `(units,)`.

    >>> ranked(np.array([2, -1, 0]), ["ok", "ok", "tied"]).tolist()
    [True, False, False]
    """
    can_rank: NDArray[np.bool_] = (np.asarray(labels) >= 0) & (np.asarray(states) == "ok")
    return can_rank


def by_category(categories: Sequence[str]) -> list[int]:
    """Return the concepts grouped by category, both in the order in which they first occur.

    >>> by_category(["place", "ink", "place", "ink"])
    [0, 2, 1, 3]
    """
    first = list(dict.fromkeys(categories))
    return sorted(range(len(categories)), key=lambda concept: first.index(categories[concept]))


def best_iou(iou: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Return each unit's IoU `(units,)` with its best concept; NaN without one."""
    own = np.take_along_axis(iou, np.maximum(labels, 0)[:, None], axis=1)[:, 0]
    return np.where(labels >= 0, own, np.nan)


def clustered(iou: NDArray[Any], can_rank: NDArray[np.bool_]) -> list[int]:
    """Order units so that neighbours have IoU in like proportions over the concepts `iou (units, concepts)`.

    Average linkage of cosine distances; of all orders that the tree allows, the one with the least distance
    between neighbours (Bar-Joseph, Gifford and Jaakkola, Bioinformatics 17, 2001). Units that cannot be
    ranked, and those without any overlap, come last.

    >>> iou = np.array([[0.4, 0.0], [0.0, 0.3], [0.2, 0.01], [0.0, 0.0], [0.01, 0.1]])
    >>> clustered(iou, np.array([True] * 5))
    [0, 2, 4, 1, 3]
    """
    # half a second that most views never need
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import pdist

    rows = np.nan_to_num(np.asarray(iou, dtype=np.float64))
    compared = np.flatnonzero(can_rank & rows.any(axis=1))
    inside = compared
    if len(compared) > 2:
        # distances, not rows: as many units as concepts could be taken for a table of distances
        tree = linkage(pdist(rows[compared], "cosine"), method="average", optimal_ordering=True)
        inside = compared[leaves_list(tree)]
    if (
        len(inside) and inside[0] > inside[-1]
    ):  # either direction is as good: begin at the end with the lower number
        inside = inside[::-1]
    return [*inside.tolist(), *np.setdiff1d(np.arange(len(rows)), inside).tolist()]


def order(
    sort: str, iou: NDArray[Any], labels: NDArray[Any], states: Sequence[str], categories: Sequence[str]
) -> list[int]:
    """Return the units in the order of one of `SORTS`, those that cannot be ranked last.

    "concept": by best concept, as concepts are shown, then by falling IoU; "category": by its category, then
    by falling IoU; "iou": by falling IoU; "cluster": as `clustered`; "number": as they are.

    >>> iou = np.array([[0.1, 0.4], [0.3, 0.0], [0.2, 0.5], [0.6, 0.0]])
    >>> labels, states = np.array([1, 0, 1, 0]), ["ok", "ok", "ok", "tied"]
    >>> order("iou", iou, labels, states, ["a", "b"]), order("concept", iou, labels, states, ["a", "b"])
    ([2, 0, 1, 3], [1, 2, 0, 3])
    """
    can_rank = ranked(labels, states)
    if sort == "number":
        return list(range(len(labels)))
    if sort == "cluster":
        return clustered(iou, can_rank)
    place = np.empty(len(categories), dtype=np.int64)
    place[by_category(categories)] = np.arange(len(categories))
    first = list(dict.fromkeys(categories))
    group = np.array([first.index(category) for category in categories], dtype=np.int64)
    own = np.maximum(labels, 0)
    keys = {"concept": place[own], "category": group[own], "iou": np.zeros(len(labels))}[sort]
    falling = -np.nan_to_num(best_iou(iou, labels), nan=-1.0)
    keys, falling = np.where(can_rank, keys, 0), np.where(can_rank, falling, 0)
    return [int(unit) for unit in np.lexsort((falling, keys, ~can_rank))]
