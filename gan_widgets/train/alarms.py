"""What looks wrong in a run, said in a sentence: functions of its history, and of how diverse its images are.

>>> from math import nan
>>> history = [Step(1, 0.7, 0.7, 0.0, 0.0), Step(2, 0.9, nan, 0.0, 0.0, gradients={"G.net.0": nan})]
>>> alarms(history, [])[0].sentence
'Not a number since step 2, in g_loss, G.net.0: restart the run, or go back to a checkpoint.'
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import hypot, isfinite
from statistics import median
from typing import TypeAlias

import torch

from gan_widgets.train.losses import Loss
from gan_widgets.train.step import Step

Diversity: TypeAlias = Sequence[tuple[int, float]]
"""Steps, and how far apart generated images were then, relative to real ones."""

Norm: TypeAlias = tuple[int, float]
"""A step, and the norm of a network's whole gradient in it."""

WINDOW = 30
"""Of how many last steps in which a network learned the middle one is judged."""

EXPLODED, VANISHED = 1e3, 1e-4
"""Norms of a network's whole gradient, that are too large and too small whatever they were before."""

FOLD = 1e3
"""How many times the usual is too much, and the part of it that is too little."""

OUTRAGEOUS = 1e4
"""A loss, either way from 0, that no working pair has."""

SURE = 0.02
"""How close to the least that it can be D's loss is when nothing is left for it to learn."""

COLLAPSED = ((4, 0.02), (20, 0.2))
"""So many times in a row, images this close together, compared with real ones, are all alike.

A good generator begins at 0.04 to 0.15, and takes a few hundred steps to get past 0.3.
"""

FALLEN, PART = 0.25, 1 / 3
"""Images that were further apart have collapsed below this and this part of the best, four times over."""


@dataclass(frozen=True)
class Alarm:
    """`kind` is "nan", "exploding", "vanishing", "saturated" or "collapse"; `step` is where it began."""

    kind: str
    step: int
    sentence: str


def alarms(history: Sequence[Step], diversity: Diversity, least: float = 0.0) -> tuple[Alarm, ...]:
    """Give what looks wrong at the end of `history`; `least` is the least that D's loss can be.

    After a NaN nothing else is judged.
    """
    points = list(history)
    lost = _nan(points)
    if lost is not None:
        return (lost,)
    norms = {side: _norms(points, side) for side in "GD"}
    found = [_exploding(points, norms), *(_vanishing(norms[side], side) for side in "GD")]
    found += [_saturated(points, least), _collapse(diversity)]
    return tuple(alarm for alarm in found if alarm is not None)


@lru_cache(maxsize=32)
def least(loss: Loss) -> float:
    """Give the least that D's loss can be: 0, or more where labels are smoothed.

    >>> from gan_widgets.train.losses import losses
    >>> round(least(losses["gan"]), 6), round(least(losses["gan-smooth"]), 3)     # −Σ p log p of (0.9, 0.1)
    (0.0, 0.325)
    """
    if loss.at is None:
        return 0.0
    ends, start = torch.linspace(-40, 40, 321)[:, None, None], torch.zeros(1, 1)
    of_real = min(float(loss.discriminator(logit, start)) for logit in ends)
    of_fake = min(float(loss.discriminator(start, logit)) for logit in ends)
    return of_real + of_fake - float(loss.discriminator(start, start))


def _nan(points: list[Step]) -> Alarm | None:
    if not points or not _broken(points[-1]):
        return None
    first = points[-1]
    for step in reversed(points):
        if not _broken(step):
            break
        first = step
    where = _broken(first)
    named = ", ".join(where[:3]) + (f" and {len(where) - 3} more" if len(where) > 3 else "")
    return Alarm(
        "nan",
        first.step,
        f"Not a number since step {first.step:,}, in {named}: restart the run, or go back to a checkpoint.",
    )


def _broken(step: Step) -> list[str]:
    """Name what is not finite, and was measured."""
    sides = {key[0] for key in step.gradients}
    losses = {"d_loss": step.d_loss, "d_real": step.d_real} if "D" in sides else {}
    losses |= {"g_loss": step.g_loss} if "G" in sides else {}
    return [
        name
        for values in (losses, step.gradients, step.weights)
        for name, value in values.items()
        if not isfinite(value)
    ]


def _exploding(points: list[Step], norms: dict[str, list[Norm]]) -> Alarm | None:
    recent = points[-5:]
    losses = {"D's loss": [step.d_loss for step in recent], "G's loss": [step.g_loss for step in recent]}
    for name, of in losses.items():
        values = [abs(loss) for loss in of if isfinite(loss)]
        if values and median(values) > OUTRAGEOUS:
            return Alarm(
                "exploding",
                recent[0].step,
                f"{name} is {median(values):.2g}: the steps are too long; lower the learning rate.",
            )
    for side, known in norms.items():
        if len(known) < 5:
            continue
        now, before = median(norm for _, norm in known[-5:]), [norm for _, norm in known[:-5]]
        usual = median(before) if len(before) >= WINDOW else 0.0
        if now > EXPLODED and now > FOLD * usual:
            than = f", usually {usual:.2g}" if usual else ""
            return Alarm(
                "exploding",
                known[-5][0],
                f"{side}'s gradient has norm {now:.2g}{than}: lower the learning rate of {side}, or clip.",
            )
    return None


def _vanishing(norms: list[Norm], side: str) -> Alarm | None:
    if len(norms) < WINDOW:
        return None
    now = median(norm for _, norm in norms[-WINDOW:])
    if now > VANISHED:
        return None
    advice = (
        "D is too sure for this loss; use the non-saturating one, or let D learn less" if side == "G" else ""
    )
    return Alarm(
        "vanishing",
        norms[-WINDOW][0],
        f"{side}'s gradient has norm {now:.2g}: it hardly learns any more"
        + (f"; {advice}." if advice else "."),
    )


def _saturated(points: list[Step], least: float) -> Alarm | None:
    taught = [step for step in points if isfinite(step.d_loss)][-WINDOW:]
    if len(taught) < WINDOW:
        return None
    over = median(step.d_loss - least for step in taught)
    gap = median(step.d_real - step.d_fake for step in taught)
    if not (-SURE < over < SURE and gap > 0.5):
        return None
    return Alarm(
        "saturated",
        taught[0].step,
        f"D tells real from fake without error (its loss is {over:.2g} above the least it can be): G gets "
        "little to learn from; let D learn more slowly, or smooth its labels.",
    )


def _collapse(diversity: Diversity) -> Alarm | None:
    best = max((ratio for _, ratio in diversity), default=0.0)
    for times, limit in (*COLLAPSED, (COLLAPSED[0][0], min(FALLEN, PART * best))):
        last = list(diversity)[-times:]
        if len(last) == times and all(ratio < limit for _, ratio in last):
            return Alarm(
                "collapse",
                last[0][0],
                f"Generated images are {last[-1][1]:.0%} as far apart as real ones: G makes nearly the same "
                "image from every latent; go back to an earlier checkpoint, or give D more steps.",
            )
    return None


def _norms(points: list[Step], side: str) -> list[Norm]:
    """Give the steps in which a network's gradient was measured, and its norm then."""
    found = []
    for step in points:
        parts = [norm for key, norm in step.gradients.items() if key[0] == side]
        if parts:
            found.append((step.step, hypot(*parts)))
    return found
