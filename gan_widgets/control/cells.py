"""Running a notebook cell again closes what its previous run made.

JupyterLab names the cell in the metadata of each execution. Where nothing names it (plain Python, a terminal)
nothing is closed.
"""

import sys
import weakref
from typing import Any, Protocol


class Closable(Protocol):
    """Anything with an idempotent `close()`."""

    def close(self) -> None:
        """Give everything back."""


_made: dict[tuple[str, str], tuple[str, "weakref.WeakSet[Any]"]] = {}


def running_cell() -> tuple[str, str] | None:
    """Return the id of the running cell and of this execution of it, or None where nothing tells."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    try:
        parent = shell.get_parent()  # type: ignore[union-attr]
        cell, execution = parent["metadata"]["cellId"], parent["header"]["msg_id"]
    except (AttributeError, KeyError, TypeError, LookupError):
        return None
    return (cell, execution) if isinstance(cell, str) and isinstance(execution, str) else None


def supersede(kind: str) -> None:
    """Close everything of this `kind` that earlier executions of the running cell made."""
    where = running_cell()
    if where is None:
        return
    cell, execution = where
    earlier, things = _made.get((cell, kind), (execution, weakref.WeakSet()))
    if earlier != execution:
        del _made[cell, kind]
        for thing in list(things):
            thing.close()


def made_here(kind: str, thing: Closable) -> None:
    """Note that the running cell made `thing`; nothing keeps `thing` alive because of it."""
    where = running_cell()
    if where is None:
        return
    cell, execution = where
    _made.setdefault((cell, kind), (execution, weakref.WeakSet()))[1].add(thing)
