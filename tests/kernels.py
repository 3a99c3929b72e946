"""A real ipykernel, driven as JupyterLab drives it: cells have ids, and widgets talk while a cell runs."""

from contextlib import contextmanager

import jupyter_client

SETUP = """
import gan_widgets as gw, torch
from torch import nn
from ipywidgets.widgets import widget as live
from pathlib import Path
from gan_widgets.widgets import _bundles
_bundles.STATIC = Path({static!r})
def generator():
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 20), nn.Unflatten(1, (1, 4, 5)))
"""


class Kernel:
    def __init__(self, client):
        self.client = client

    def send(self, kind, content, subshell=None, **more):
        message = self.client.session.msg(kind, content, **more)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def subshell(self):
        """Ask for a thread of the kernel's own for widgets, as JupyterLab does where a kernel offers it."""
        self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
        return self.client.get_control_msg(timeout=30)["content"]["subshell_id"]

    def write(self, comm, subshell=None, **state):
        """Set a widget's state, as its page does; `comm` is its model id."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        return self.send("comm_msg", {"comm_id": comm, "data": data}, subshell)

    def click(self, comm, subshell=None):
        """Press a button."""
        data = {"method": "custom", "content": {"event": "click"}}
        return self.send("comm_msg", {"comm_id": comm, "data": data}, subshell)

    def begin(self, code):
        """Run a cell and return as soon as it runs."""
        sent = self.send("execute_request", {"code": code, "silent": True})
        while self.client.get_iopub_msg(timeout=30)["parent_header"].get("msg_id") != sent:
            pass
        return sent

    def run(self, code, cell):
        """Run a cell and return what it printed; fail on its error."""
        request = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
        }
        return self.printed(self.send("execute_request", request, metadata={"cellId": cell}))

    def printed(self, sent, word=None):
        """Return what a cell prints, to its end or to `word`; fail on its error."""
        printed = ""
        while word is None or word not in printed:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != sent:
                continue
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed += content["text"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
        return printed.strip()


@contextmanager
def started(bundles):
    """Start a kernel that has run `SETUP`; `bundles` stand in for the built front end."""
    manager = jupyter_client.KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(60)
        kernel = Kernel(client)
        kernel.run(SETUP.format(static=str(bundles)), "setup")
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
