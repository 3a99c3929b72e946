"""What may be changed while a training runs, and the record of what was.

>>> changed(Controls(lr_G=2e-4, lr_D=2e-4), lr_G=1e-3).lr_G
0.001
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

from gan_widgets.core.errors import TrainingError, problem
from gan_widgets.core.numbers import is_number, is_whole

Side: TypeAlias = Literal["G", "D"]
"""One of the two networks."""

Which: TypeAlias = Literal["G", "D", "both"]
"""Who learns in a step."""

Value: TypeAlias = float | int | tuple[Side, ...]


@dataclass(frozen=True)
class Controls:
    """The values in force: learning rates ≥ 0, who is frozen, smoothing in [0, 1), updates of D per step ≥ 1.

    A `smoothing` of 0.1 gives real images the label 0.9. A frozen network learns nothing and stays as it is
    to the bit, running statistics included.
    """

    lr_G: float  # noqa: N815  (as the field writes it)
    lr_D: float  # noqa: N815
    frozen: tuple[Side, ...] = ()
    smoothing: float = 0.0
    d_steps: int = 1

    def facts(self) -> dict[str, Any]:
        """Give everything as JSON values."""
        return asdict(self) | {"frozen": list(self.frozen)}


@dataclass(frozen=True)
class Change:
    """A control that was changed: `step` is the first step it holds for."""

    step: int
    name: str
    before: Value
    after: Value

    def facts(self) -> list[Any]:
        """Give everything as JSON values."""
        values = (list(v) if isinstance(v, tuple) else v for v in (self.before, self.after))
        return [self.step, self.name, *values]

    @classmethod
    def of(cls, facts: list[Any]) -> "Change":
        """Make a change again from its `facts()`."""
        step, name, *values = facts
        before, after = (tuple(value) if isinstance(value, list) else value for value in values)
        return cls(step, name, before, after)


def changed(controls: Controls, **wishes: Any) -> Controls:  # noqa: ANN401  (checked one by one)
    """Give the controls with all wishes granted but those that are None; raises `TrainingError`."""
    new = {}
    for name, wish in wishes.items():
        if wish is not None:
            legal, allowed, clean = _checked(name, wish)
            if not legal:
                raise _refused(name, wish, allowed)
            new[name] = clean
    return replace(controls, **new)


def differences(step: int, before: Controls, after: Controls) -> tuple[Change, ...]:
    """Give what changed between two sets of controls, as of `step`."""
    pairs = zip(vars(before).items(), vars(after).values(), strict=True)
    return tuple(Change(step, name, old, new) for (name, old), new in pairs if old != new)


def end_of(until: Any) -> int | None:  # noqa: ANN401  (anything may be passed)
    """Give the step at which a run is to end; raises `TrainingError` for what is no step."""
    if until is None:
        return None
    if not is_whole(until, 0):
        raise _refused("until", until, "a step, as a whole number from 0 on, or None")
    return int(until)


def learners(which: Which, frozen: Iterable[Side]) -> tuple[Side, ...]:
    """Say who learns in a step of `which`, D first; raises `TrainingError` when that is nobody.

    >>> learners("both", ("D",))
    ('G',)
    """
    sides: dict[str, tuple[Side, ...]] = {"both": ("D", "G"), "D": ("D",), "G": ("G",)}
    if which not in sides:
        raise _refused("a step", which, "'both', 'D' or 'G'")
    learning = tuple(side for side in sides[which] if side not in frozen)
    if not learning:
        raise TrainingError(
            problem(
                "in this step nobody would learn.",
                got=f"a step of {which!r} with {tuple(frozen)} frozen",
                allowed="a step of a network that is not frozen",
                next="Call trainer.change(frozen=()) first, or step the other network.",
            )
        )
    return learning


def _checked(name: str, wish: Any) -> tuple[bool, str, Any]:  # noqa: ANN401
    """Say whether a wish is legal and what is, and give it as a plain value."""
    if name == "frozen":
        sides = tuple(wish) if isinstance(wish, Iterable) else (wish,)
        one = len(sides) <= 1 and all(side in ("G", "D") for side in sides)
        return one, "('D',), ('G',) or ()", sides
    if name == "d_steps":
        legal = is_whole(wish, 1)
        return legal, "a whole number, 1 or more", int(wish) if legal else wish
    number = is_number(wish)
    plain = float(wish) if number else wish
    if name == "smoothing":
        return number and 0 <= plain < 1, "a number from 0 up to, not including, 1", plain
    return number and plain >= 0, "a finite number, 0 or more", plain


def _refused(name: str, got: object, allowed: str) -> TrainingError:
    return TrainingError(
        problem(
            f"{name} cannot be this.",
            got=repr(got),
            allowed=allowed,
            next="Pass one of these; nothing was changed.",
        )
    )
