"""A real view object behind a page with no kernel: what the page writes reaches Python, and back."""

from typing import Any

from playwright.sync_api import Locator

from tests.browser.static_host import Host
from tests.widgets.conftest import Page as Wire

_ANSWER = """() => {
  host.kernel = () => async message => {
    const plain = value => ArrayBuffer.isView(value) ? {uint8: [...new Uint8Array(value.buffer)]} : value;
    const state = Object.fromEntries(Object.entries(message).map(([name, value]) => [name, plain(value)]));
    for (const reply of await kernel(state)) host.receive(reply);
  };
}"""


def _written_down(state: dict[str, Any]) -> dict[str, Any]:
    binary = (bytes, bytearray, memoryview)
    return {
        name: {"uint8": list(value)} if isinstance(value, binary) else value
        for name, value in state.items()
        if not name.startswith("_") and name != "layout"
    }


class Live:
    """Shows `view`, whose messages go through `wire`, on the page of `host`."""

    def __init__(self, host: Host, wire: Wire, view: Any) -> None:
        self.host, self.wire, self.view = host, wire, view
        host.page.expose_function("kernel", self._answer)
        host.page.evaluate(_ANSWER)

    def mount(self) -> Locator:
        """Show the view; its root, once drawn."""
        return self.host.mount(self.view.stem, **_written_down(self.view.get_state()))

    def told(self) -> None:
        """Bring to the page what Python changed."""
        for state in self.wire.updates(self.view):
            self.host.receive(**_written_down(state))

    def _answer(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        self.wire.updates(self.view)
        binary = {
            name: bytes(v["uint8"]) for name, v in message.items() if isinstance(v, dict) and "uint8" in v
        }
        self.wire.write(self.view, **{**message, **binary})
        return [_written_down(state) for state in self.wire.updates(self.view)]
