"""Undo and redo over values: each step is all that a gesture changed, so a step is a whole gesture."""

from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State")
STEPS = 200


@dataclass(frozen=True)
class History(Generic[State]):
    """The states before and after the present one; the 200 latest can be undone.

    >>> history = History().leave("a")                   # the present becomes "b" ...
    >>> history, present = history.undone("b")           # ... and "a" again
    >>> present, history.can_undo, history.can_redo
    ('a', False, True)
    >>> history.redone("a")[1]
    'b'
    """

    past: tuple[State, ...] = ()
    future: tuple[State, ...] = ()

    @property
    def can_undo(self) -> bool:
        """Whether there is a state to go back to."""
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state to return to."""
        return bool(self.future)

    def leave(self, present: State) -> "History[State]":
        """Return the history once a new state takes the place of `present`: nothing is left to redo."""
        return History((*self.past[1 - STEPS :], present))

    def undone(self, present: State) -> "tuple[History[State], State]":
        """Return the history without its latest state, and that state. Raises IndexError without."""
        return History(self.past[:-1], (*self.future, present)), self.past[-1]

    def redone(self, present: State) -> "tuple[History[State], State]":
        """Return the history with `present` in it, and the state undone last. Raises IndexError without."""
        return History((*self.past, present), self.future[:-1]), self.future[-1]
