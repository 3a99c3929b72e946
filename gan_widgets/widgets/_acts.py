"""What hands did, as a trait: a page asks for each act again until it reads that it was taken.

A message for each act would overtake the moves of sliders, which wait in the page while the kernel is at
work. A value of a trait waits with them, and where a later one takes its place, it has the acts of both.
"""

from typing import Any

from gan_widgets.widgets import _domains

LIMIT = 64
"""How many acts one message may hold, and how many are remembered as taken."""

_PLAIN = ("undo", "redo", "reset", "new samples")
_value = _domains.choice("zero", "mean", "resample")


def acts(view: Any, given: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Check acts in the order in which they were done, each with its id, its name, and what it needs."""
    if isinstance(given, (list, tuple)) and len(given) <= LIMIT:
        return [_act(view, one) for one in given]
    raise _domains.refusal("these are not acts.", got=given, allowed=f"a list of {LIMIT} at most")


def _act(view: Any, given: Any) -> dict[str, Any]:  # noqa: ANN401
    if isinstance(given, dict) and _is_id(given.get("id")):
        if given["id"] in view._taken:
            return given  # it is not done again, and its units may be those of another layer
        match given:
            case {"act": str(name)} if name in _PLAIN and len(given) == 2:
                return given
            case {"act": "become", "value": value} if len(given) == 3:
                return {**given, "value": _value(view, value)}
            case {"act": "commit", "units": units, "strength": strength} if len(given) == 4:
                strength = _domains.fraction(view, strength)
                return {**given, "units": _domains.units(view, units), "strength": strength}
    raise _domains.refusal(
        "there is no such act.",
        got=given,
        allowed=f"an id below 2**53, and commit, become, {', '.join(_PLAIN)} with what it needs",
    )


def _is_id(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**53
