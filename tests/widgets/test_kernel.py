"""Views in a real kernel: cells that run again, sliders while a cell runs, the busy light."""

import pytest

from tests.kernels import started


@pytest.fixture
def kernel(bundles):
    with started(bundles) as kernel:
        yield kernel


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
    subshell = kernel.subshell()
    wait = "import time\nend = time.time() + 20\n"
    wait += "while lab.pending is None and time.time() < end: time.sleep(0.01)\n"
    kernel.begin(wait + "moved = lab.pending")
    kernel.write(comm, subshell, preview={"units": [3], "strength": 0.5})
    assert kernel.run("print(moved)", "c") == "(Ablate('1', units=(3,), strength=0.5),)"


def test_only_a_drag_on_a_slow_model_lights_the_busy_light(kernel):
    kernel.run(
        "lab = gw.attach(generator(), latents=gw.normal(3), samples=2); view = gw.AblationSliders(lab)", "a"
    )
    comm = kernel.run("print(view.model_id)", "b")

    def announced(**state):
        sent = kernel.write(comm, **state)
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
