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
