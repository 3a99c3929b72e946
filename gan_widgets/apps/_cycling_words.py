"""What is seen when gradient steps play f(x, y) = x·y, and why: in one or two sentences."""

from gan_widgets.train.cycling import GradientSteps, Points, between, conserved, distance

TITLE = "min over x, max over y of f(x, y) = x·y: the only solution is (0, 0)"
SOURCES = (
    ("https://arxiv.org/abs/1701.00160", "Goodfellow 2016, section 8.2"),
    ("https://arxiv.org/abs/1802.10551", "Gidel et al. 2018 (averaging)"),
    ("https://arxiv.org/abs/1807.04740", "Gidel et al. 2018 (negative momentum)"),
)


def sentence(rule: GradientSteps, path: Points, mean: Points | None, share: float) -> str:
    """Say what becomes of `path`, made by `rule`, and of its `mean` over the latest `share` of the points."""
    said = _of_the_path(rule, path)
    return said if mean is None else f"{said} {_of_the_mean(rule, path, mean, share)}"


def _of_the_path(rule: GradientSteps, path: Points) -> str:
    steps, away = len(path) - 1, distance(path)[-1]
    if rule.momentum:
        return _with_momentum(rule, steps, away)
    if rule.order == "simultaneous":
        return (
            f"Simultaneous steps spiral outwards: each goes at a right angle to the line to the solution "
            f"and multiplies the distance by √(1 + {rule.lr:.3g}²) = {rule.growth:.5g}; "
            f"after {steps} steps it is {away:.3g}."
        )
    level = float(conserved(path[0], rule.lr))
    near, far = between(level, rule.lr)
    return (
        f"Alternating steps turn around the solution and never arrive: the matrix of one step has "
        f"determinant 1, and x² + y² − {rule.lr:.3g}·x·y = {level:.3g} at every step. "
        f"That is an ellipse, between {near:.3g} and {far:.3g} from the solution."
    )


def _with_momentum(rule: GradientSteps, steps: int, away: float) -> str:
    numbers = f"in the long run a step multiplies the distance by {rule.growth:.5g}; "
    numbers += f"after {steps} steps it is {away:.3g}"
    begin = f"{rule.order.capitalize()} steps with a momentum of {_number(rule.momentum)}"
    if rule.outcome == "arrives":
        return f"{begin} spiral inwards and arrive: negative momentum is a brake on the turn, and {numbers}."
    if rule.order == "simultaneous":
        return f"{begin} spiral outwards: {numbers}. No momentum makes simultaneous steps arrive."
    why = "momentum carries the turn further out" if rule.momentum > 0 else "these steps are too long"
    return f"{begin} spiral outwards: {why}, and {numbers}."


def _of_the_mean(rule: GradientSteps, path: Points, mean: Points, share: float) -> str:
    away = distance(mean)[-1]
    points = "all points" if share == 1 else f"the latest {share:.0%} of the points".replace("%", " %")
    begin = f"The mean of {points} is {away:.3g} away"
    if rule.outcome == "turns":
        return (
            f"{begin}; it arrives, as 1 / steps, because a turn around the solution sums to almost nothing."
        )
    if rule.outcome == "arrives":
        late = away > distance(path)[-1]
        return f"{begin}{', behind the path itself: it remembers the beginning' if late else ''}."
    return f"{begin}; it leaves too in the end, because the latest turns outweigh all before them."


def _number(value: float) -> str:
    """Write a number with a real minus sign.

    >>> _number(-0.5), _number(0.25)
    ('−0.5', '0.25')
    """
    return f"{value:.3g}".replace("-", "−")
