"""A real ipykernel, driven as JupyterLab drives it: cells have ids, and widgets talk while a cell runs."""

import jupyter_client
import pytest

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

    def send(self, kind, content, **more):
        message = self.client.session.msg(kind, content, **more)
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def run(self, code, cell):
        """Run a cell and return what it printed; fail on its error."""
        request = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
        }
        sent = self.send("execute_request", request, metadata={"cellId": cell})
        printed = ""
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != sent:
                continue
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed += content["text"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed.strip()


@pytest.fixture
def kernel(bundles):
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


def test_running_cells_again_leaves_nothing_behind(kernel):
    attach = "lab = gw.attach(generator(), latents=gw.normal(3), samples=2); print(len(live._instances))"
    show = "view = gw.AblationSliders(lab); print(len(live._instances))"
    for _ in range(2):
        assert kernel.run(attach, "a") == "0"
        assert kernel.run(show, "b") == "1"
        assert kernel.run(show, "b") == "1"
    assert kernel.run("lab.close(); print(len(live._instances))", "c") == "0"


def test_a_slider_moves_while_a_cell_runs(kernel):
    kernel.run(
        "lab = gw.attach(generator(), latents=gw.normal(3), samples=2); view = gw.AblationSliders(lab)", "a"
    )
    comm = kernel.run("print(view.model_id)", "b")
    session = kernel.client.session
    kernel.client.control_channel.send(session.msg("create_subshell_request", {}))
    subshell = kernel.client.get_control_msg(timeout=30)["content"]["subshell_id"]
    data = {"method": "update", "state": {"preview": {"units": [3], "strength": 0.5}}, "buffer_paths": []}
    move = session.msg("comm_msg", {"comm_id": comm, "data": data})
    move["header"]["subshell_id"] = subshell
    wait = "import time\nend = time.time() + 20\n"
    wait += "while lab.pending is None and time.time() < end: time.sleep(0.01)\n"
    running = kernel.send("execute_request", {"code": wait + "moved = lab.pending", "silent": True})
    while kernel.client.get_iopub_msg(timeout=30)["parent_header"].get("msg_id") != running:
        pass
    kernel.client.shell_channel.send(move)
    assert kernel.run("print(moved)", "c") == "(Ablate('1', units=(3,), strength=0.5),)"


def test_only_a_drag_on_a_slow_model_lights_the_busy_light(kernel):
    kernel.run(
        "lab = gw.attach(generator(), latents=gw.normal(3), samples=2); view = gw.AblationSliders(lab)", "a"
    )
    comm = kernel.run("print(view.model_id)", "b")

    def announced(**state):
        data = {"method": "update", "state": state, "buffer_paths": []}
        sent = kernel.send("comm_msg", {"comm_id": comm, "data": data})
        states = []
        while "idle" not in states:
            message = kernel.client.get_iopub_msg(timeout=30)
            if message["msg_type"] == "status" and message["parent_header"].get("msg_id") == sent:
                states.append(message["content"]["execution_state"])
        return states

    drag = {"units": [3], "strength": 0.5}
    assert announced(preview=drag) == ["idle"]
    assert announced(sort="strength") == ["busy", "idle"]
    assert announced(preview=None, sort="index") == ["busy", "idle"]
    assert announced(preview=7) == ["idle"]
    kernel.run("view.momentary = None", "c")  # whatever goes wrong in it, the message is announced
    assert announced(preview=drag) == ["busy", "idle"]
    kernel.run("del view.momentary; view.status = {**view.status, 'ms': 250.0}", "d")
    assert announced(preview=drag) == ["busy", "idle"]
    kernel.run("view.close()", "e")
    assert kernel.run("print('_publish_status' in vars(get_ipython().kernel))", "f") == "False"
