"""How well a fully connected unit tells images with a concept from images without it, from counts alone."""

import numpy as np

from gan_widgets.dissect.significance import Floats, ratio
from gan_widgets.dissect.statistics import Total


def auc(of: Total) -> Floats:
    """Give the area under the ROC curve, float64 `(units, concepts)`: P(a of an image with s > one without).

    The curve goes through the counts at the levels, so values between two levels count as equal, by halves
    (Hanley and McNeil 1982). NaN where all images have the concept, or none.

    >>> both, active = np.array([[[2], [1], [0]]]), np.array([[[3], [1], [0]]])
    >>> auc(Total(both, active, np.array([2]), 4)).tolist()    # levels exceeded by 3 of 4 and by 1 of 4
    [[0.875]]
    """
    hits = _ends(ratio(of.both, of.marked))
    alarms = _ends(ratio(of.active - of.both, of.pixels - of.marked))
    steps = alarms[:, :-1] - alarms[:, 1:]
    area: Floats = (steps * (hits[:, :-1] + hits[:, 1:]) / 2).sum(1)
    return area


def correlation(of: Total, levels: Floats) -> Floats:
    """Give the point-biserial correlation of each unit with each concept, float64 `(units, concepts)`.

    Pearson's correlation of `s` (0 or 1) and of `a`, rounded to the middle between two levels
    `(units, L)`: `(mean of a with s − mean of a) · √(p / (1 − p)) / sd of a`, with p the share of images that
    have the concept (Tate 1954). What lies beyond the outermost levels counts as half a step beyond them
    (winsorised): with 64 levels that hardly matters for a unit like a normal variable, but where a few images
    are far out, plain Pearson is smaller. NaN where all images have it, or none, or the unit is constant.

    >>> both, active = np.array([[[2], [0]]]), np.array([[[2], [0]]])
    >>> correlation(Total(both, active, np.array([2]), 4), np.array([[0.0, 1.0]])).round(6).tolist()
    [[1.0]]
    """
    gaps = np.diff(levels, axis=1) if levels.shape[1] > 1 else np.ones(levels.shape)
    steps = (np.pad(gaps, ((0, 0), (0, 1)), "edge") + np.pad(gaps, ((0, 0), (1, 0)), "edge")) / 2
    steps = steps[:, : levels.shape[1]]
    heights = steps.cumsum(1)
    squares = np.diff(heights**2, axis=1, prepend=0)
    mean = (steps[..., None] * of.active).sum(1) / of.pixels
    spread = np.sqrt(((squares[..., None] * of.active).sum(1) / of.pixels - mean**2).clip(min=0))
    with_it = ratio((steps[..., None] * of.both).sum(1), np.broadcast_to(of.marked, of.both[:, 0].shape))
    odds = np.sqrt(ratio(of.marked, of.pixels - of.marked))
    return ratio((with_it - mean) * odds, np.broadcast_to(spread, with_it.shape))


def _ends(curve: Floats) -> Floats:
    """Begin with all images above, and end with none, along the axis of levels; NaN stays NaN."""
    known = np.where(np.isnan(curve[:, :1]), np.nan, 1.0)
    return np.concatenate([known, curve, known - 1], axis=1)
