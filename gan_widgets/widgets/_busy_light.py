"""Keep a kernel's busy light from flashing sixty times a second while a hand drags.

ipykernel announces "busy" and "idle" around each message. JupyterLab redraws its toolbar at each change, and
that takes 5–7 ms; twice per picture, it was most of the time from a slider to its picture. Here "busy"
is left out before a move that a view calls momentary; "idle", which front ends wait for, always goes out.
"""

from typing import Any, Protocol


class Listener(Protocol):
    """A view, as far as the light is concerned."""

    def momentary(self, names: set[str]) -> bool:
        """Whether writing these traits takes less time than an eye needs to see the light."""
        ...


_listeners: dict[str, Listener] = {}
_kernels: list[Any] = []


def dim(kernel: Any, comm_id: str, listener: Listener) -> None:  # noqa: ANN401  (any version of ipykernel's)
    """Leave the light out for the momentary messages of this comm; does nothing on other kernels."""
    publish = getattr(kernel, "_publish_status", None)
    if publish is None or not hasattr(kernel, "get_parent"):
        return
    _listeners[comm_id] = listener
    if kernel in _kernels:
        return

    def announce(status: str, channel: str, *more: Any, **named: Any) -> None:  # noqa: ANN401
        if status != "busy" or more or named or not _is_momentary(kernel.get_parent(channel)):
            publish(status, channel, *more, **named)

    kernel._publish_status = announce
    _kernels.append(kernel)


def undim(comm_id: str) -> None:
    """End `dim` for this comm; with the last one, the kernels are as they were."""
    _listeners.pop(comm_id, None)
    while not _listeners and _kernels:
        del _kernels.pop()._publish_status


def _is_momentary(message: Any) -> bool:  # noqa: ANN401  (whatever a front end sent)
    try:
        content = message["content"]
        listener = _listeners.get(content["comm_id"])
        return listener is not None and listener.momentary(set(content["data"]["state"]))
    except (KeyError, TypeError):
        return False
