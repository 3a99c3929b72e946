"""Two kinds of traits: what a user enters, checked before it lands, and what a controller shows.

An entry is rendered *before* it is stored, so an assignment either succeeds as a whole or changes nothing,
and observers only ever see a consistent state: `land` writes all values first and tells of them afterwards.
"""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from traitlets import HasTraits, TraitType, Undefined

from gan_widgets.core.errors import ControllerError, problem


class Entry(TraitType[Any, Any]):
    """A trait that users assign; the owner's `_enter(name, value)` checks, renders and lands it."""

    def set(self, obj: HasTraits, value: Any) -> None:  # noqa: ANN401  (anything may be assigned; the owner judges)
        """Hand the assignment to the owner."""
        obj._enter(self.name, value)  # type: ignore[attr-defined]


class Shown(TraitType[Any, Any]):
    """A trait that only its owner changes, through `land`; tagged `rendered`, it is made when first read."""

    def get(self, obj: HasTraits, cls: type[Any] | None = None) -> Any:  # noqa: ANN401
        """Return the value, after the owner's `_first()` if it has none yet."""
        if self.name in obj._trait_values:
            return obj._trait_values[self.name]
        if self.metadata.get("rendered"):
            obj._first()  # type: ignore[attr-defined]
        return super().get(obj, cls)

    def set(self, obj: HasTraits, value: Any) -> None:  # noqa: ANN401
        """Refuse the assignment."""
        raise ControllerError(
            problem(
                f"{self.name} is shown by a {type(obj).__name__}, not set.",
                got=f"an assignment of {type(value).__name__}",
                allowed=f"reading {self.name}, or observing it",
                next="Assign one of: " + ", ".join(obj.traits(entered=True)) + ".",
            )
        )


def check_known(owner: HasTraits, name: str) -> None:
    """Raise AttributeError for a public name that `owner` lacks: a misspelt trait must not pass unnoticed."""
    if not name.startswith("_") and not hasattr(type(owner), name):
        near = get_close_matches(name, owner.trait_names(), n=3) or sorted(owner.traits(entered=True))
        raise AttributeError(
            problem(
                f"a {type(owner).__name__} has no {name!r}.",
                got=f"an assignment to {name!r}",
                allowed="its traits; the nearest are " + ", ".join(near),
                next="Correct the name.",
            )
        )


def land(owner: HasTraits, values: dict[str, Any], tell: Callable[[set[str]], None]) -> None:
    """Store `values` in the traits of `owner`, `tell` the names that changed, then run the observers of each.

    Tensors are compared by identity, everything else by equality. Every observer runs even if one raises; the
    first exception is raised at the end, when the state is whole and everybody has been told.
    """
    shown = owner._trait_values
    before = {
        name: old
        for name, new in values.items()
        if (old := shown.get(name, Undefined)) is not new and not _equal(old, new)
    }
    shown.update(values)
    if not before:
        return
    tell(set(before))
    if not owner._trait_notifiers:
        return
    failures: list[Exception] = []
    for name, old in before.items():
        try:
            owner._notify_trait(name, old, values[name])
        except Exception as failure:  # noqa: BLE001  (one bad observer must not starve the others)
            failures.append(failure)
    if failures:
        raise failures[0]


def _equal(old: object, new: object) -> bool:
    plain = (str, int, float, tuple)
    return isinstance(old, plain) and isinstance(new, plain) and old == new
