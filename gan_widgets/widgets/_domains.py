"""What a front end may write: a check returns the value in its one true form, or refuses it.

Values arrive as whatever JSON and buffers can hold, so a check trusts nothing, and what it quotes is cut
short.
"""

import reprlib
from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from gan_widgets.core.errors import ControllerError, problem
from gan_widgets.widgets._found import found_here
from gan_widgets.widgets._wire import floats

Check = Callable[[Any, Any], Any]
"""`check(view, value)`."""


def refusal(what: str, *, got: object, allowed: str) -> ControllerError:
    """Return the error for a value outside its domain."""
    return ControllerError(
        problem(
            what, got=reprlib.repr(got), allowed=allowed, next="The view still shows its last valid state."
        )
    )


def choice(*names: str) -> Check:
    """Return the check for one of a few names."""

    def check(_: Any, value: Any) -> str:  # noqa: ANN401
        if isinstance(value, str) and value in names:
            return value
        raise refusal("this is not one of the choices.", got=value, allowed=" or ".join(map(repr, names)))

    return check


def sample(view: Any, value: Any) -> int:  # noqa: ANN401
    """Check the place of a sample among the seeds."""
    count = len(view.lab.seeds)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count:
        return value
    raise refusal("there is no such sample.", got=value, allowed=f"a whole number from 0 to {count - 1}")


def units(view: Any, value: Any) -> list[int]:  # noqa: ANN401
    """Check units of the controller's layer; returned ascending, each once."""
    count = view.lab.info.units
    if isinstance(value, (list, tuple)) and len(value) <= count:
        plain = all(
            isinstance(unit, int) and not isinstance(unit, bool) and 0 <= unit < count for unit in value
        )
        if plain:
            return sorted(set(value))
    raise refusal(
        "these are not units of the layer.",
        got=value,
        allowed=f"at most {count} whole numbers from 0 to {count - 1}",
    )


def strengths(view: Any, value: Any) -> bytes:  # noqa: ANN401
    """Check one strength per unit: float32, little-endian, each from 0 to 1."""
    count = view.lab.info.units
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        if len(data) == 4 * count:
            vector = np.frombuffer(data, "<f4")
            if bool(((vector >= 0) & (vector <= 1)).all()):
                return floats(vector + 0.0)  # -0.0 would be another buffer for the same strengths
            raise refusal(
                "a strength is out of range.", got=vector.tolist(), allowed="finite numbers from 0 to 1"
            )
    raise refusal("strengths are one float32 per unit.", got=value, allowed=f"{4 * count} bytes")


def preview(view: Any, value: Any) -> dict[str, Any] | None:  # noqa: ANN401
    """Check `{"units": [...] or "selection", "strength": s}`, or None for no preview."""
    if value is None:
        return None
    if isinstance(value, dict) and value.keys() == {"units", "strength"}:
        chosen, strength = value["units"], value["strength"]
        number = isinstance(strength, (int, float)) and not isinstance(strength, bool)
        if number and isfinite(strength) and 0 <= strength <= 1:
            return {"units": chosen if chosen == "selection" else units(view, chosen), "strength": strength}
    raise refusal(
        "this is not a preview.",
        got=value,
        allowed='{"units": [units] or "selection", "strength": 0 to 1}, or null',
    )


def layer(view: Any, value: Any) -> str:  # noqa: ANN401
    """Check the name of a layer that ran."""
    if isinstance(value, str) and len(value) <= 1000:
        return str(view.lab.layers.find(value).name)
    raise refusal("this names no layer.", got=value, allowed="the name of a layer that ran")


def flag(_: Any, value: Any) -> bool:  # noqa: ANN401
    """Check yes or no."""
    if isinstance(value, bool):
        return value
    raise refusal("this is a yes or a no.", got=value, allowed="true or false")


def fraction(_: Any, value: Any) -> float:  # noqa: ANN401
    """Check a number from 0 to 1."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise refusal("this is out of range.", got=value, allowed="a finite number from 0 to 1")


def concept(view: Any, value: Any) -> int:  # noqa: ANN401
    """Check the place of a concept in the dissection that is shown, −1 for none."""
    found = found_here(view.lab)
    count = 0 if found is None else len(found.concepts)
    if isinstance(value, int) and not isinstance(value, bool) and -1 <= value < count:
        return value
    raise refusal(
        "there is no such concept.",
        got=value,
        allowed=f"a whole number from 0 to {count - 1}, or -1 for none",
    )


def at_most(limit: int, check: Check) -> Check:
    """Return `check` for a list that is no longer than `limit`."""

    def short(view: Any, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, (list, tuple)) and len(value) > limit:
            raise refusal("this is too much at once.", got=value, allowed=f"a list of {limit} at most")
        return check(view, value)

    return short


def only(view: Any, value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Check what a gallery leaves out; keys that are not there are off."""
    known = {"at_least": None, "concept": False, "selected": False, "search": ""}
    if isinstance(value, dict) and value.keys() <= known.keys():
        chosen = {**known, **value}
        search = chosen["search"]
        if isinstance(search, str) and len(search) <= 200:
            least = None if chosen["at_least"] is None else fraction(view, chosen["at_least"])
            return {
                "at_least": least,
                "concept": flag(view, chosen["concept"]),
                "selected": flag(view, chosen["selected"]),
                "search": search,
            }
    raise refusal(
        "this says not what to show only.",
        got=value,
        allowed='{"at_least": 0 to 1 or null, "concept": bool, "selected": bool, "search": str}',
    )
