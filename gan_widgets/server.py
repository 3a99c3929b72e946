"""A Jupyter server extension: send kernel messages to the page without waiting for more.

The stock server leaves Nagle's algorithm on for its websockets, so a small reply waits about 40 ms for the
browser's delayed acknowledgement of the previous one. A slider feels that. Setting `TCP_NODELAY` when a
kernel's websocket opens removes it.

Kernels started by this server inherit `GAN_WIDGETS_NODELAY=1`, so the views know that replies need no
padding.
"""

import functools
import importlib
import inspect
import os
from collections.abc import Callable
from typing import Any

NODELAY = "GAN_WIDGETS_NODELAY"
_HOMES = (
    ("jupyter_server.services.kernels.websocket", "KernelWebsocketHandler"),
    ("jupyter_server.services.kernels.handlers", "ZMQChannelsHandler"),  # its name before jupyter_server 2
)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell the server where `_load_jupyter_server_extension` is."""
    return [{"module": "gan_widgets.server"}]


def _load_jupyter_server_extension(app: Any) -> None:  # noqa: ANN401  (any version's ServerApp)
    """Patch the server's kernel websocket; on any surprise log a warning and leave the server as it is."""
    try:
        send_at_once(kernel_websocket_handler(), app.log.warning)
    except Exception as surprise:  # noqa: BLE001  (an extension must never stop the server it extends)
        app.log.warning(
            "gan_widgets: kernel websockets keep their delay (%s); views pad their replies instead.", surprise
        )
        return
    os.environ[NODELAY] = "1"
    app.log.info("gan_widgets: TCP_NODELAY is set on kernel websockets.")


def kernel_websocket_handler() -> Any:  # noqa: ANN401  (a class of another package)
    """Return the class that serves a kernel's websocket in the installed jupyter_server.

    Raises LookupError when none of the known places has it.
    """
    for module, name in _HOMES:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise LookupError("no kernel websocket handler found in " + " or ".join(f"{m}.{n}" for m, n in _HOMES))


def send_at_once(handler: Any, warn: Callable[..., object]) -> None:  # noqa: ANN401
    """Make every websocket that `handler` opens send without delay. Doing it twice is the same as once.

    `warn(format, *args)` is called, and the websocket works as before, if a connection refuses the setting.
    Raises AttributeError if `handler` is not a websocket handler.
    """
    plain = handler.open
    if getattr(plain, "sends_at_once", False):
        return
    if not hasattr(handler, "set_nodelay"):
        raise AttributeError(f"{handler.__qualname__} has no set_nodelay")

    @functools.wraps(plain)
    async def open(self, *args, **kwargs):  # noqa: A001, ANN001, ANN002, ANN003, ANN202  (tornado's name and signature)
        try:
            self.set_nodelay(True)
        except Exception as surprise:  # noqa: BLE001  (slower is better than no kernel)
            warn("gan_widgets: a kernel websocket keeps its delay (%s).", surprise)
        result = plain(self, *args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    vars(open)["sends_at_once"] = True
    handler.open = open
