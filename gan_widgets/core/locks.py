"""One lock per model, shared by everybody who runs, edits or trains it."""

import threading
import weakref

from torch import nn

_locks: "weakref.WeakKeyDictionary[nn.Module, threading.RLock]" = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def lock_of(model: nn.Module) -> "threading.RLock":
    """Return the re-entrant lock of this model object; it lives as long as the model.

    >>> model = nn.Linear(2, 3)
    >>> lock_of(model) is lock_of(model)
    True
    >>> lock_of(model) is lock_of(nn.Linear(2, 3))
    False
    """
    with _guard:
        return _locks.setdefault(model, threading.RLock())
