import itertools

import comm
import pytest
from ipywidgets.widgets import widget as live

import gan_widgets as gw
from gan_widgets.widgets import _bundles
from tests.generators import generator

numbers = itertools.count()


def act(name, **needs):
    """What a page writes for one thing that a hand did."""
    return {"id": next(numbers), "act": name, **needs}


class Page:
    """A front end that only listens: every message that a comm published, and a way to send one back."""

    def __init__(self):
        self.comms = {}
        self.sent = []

    def create_comm(self, **opened):
        page = self

        class Comm(comm.base_comm.BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                page.sent.append((self.comm_id, msg_type, data, buffers or []))

        made = Comm(**opened)
        self.comms[made.comm_id] = made
        return made

    def updates(self, view):
        """The states that were sent to this view since the last call, one per message, with their buffers.

        Without echoes of what this page wrote.
        """
        states = []
        for comm_id, kind, data, buffers in self.sent:
            if comm_id == view.model_id and kind == "comm_msg" and data["method"] != "echo_update":
                binary = {path[0]: buffer for path, buffer in zip(data["buffer_paths"], buffers, strict=True)}
                states.append({**data["state"], **binary})
        self.sent.clear()
        return states

    def send(self, view, data, buffers=()):
        self.comms[view.model_id].handle_msg({"content": {"data": data}, "buffers": list(buffers)})

    def write(self, view, **state):
        """Send one update as a browser does, bytes as buffers."""
        binary = {name: value for name, value in state.items() if isinstance(value, bytes)}
        plain = {name: value for name, value in state.items() if name not in binary}
        paths = [[name] for name in binary]
        buffers = [memoryview(value) for value in binary.values()]
        self.send(view, {"method": "update", "state": plain, "buffer_paths": paths}, buffers)

    def say(self, view, content):
        self.send(view, {"method": "custom", "content": content})

    def act(self, view, name, **needs):
        """Do one thing as a hand does."""
        self.write(view, _asked=[act(name, **needs)], preview=None)


@pytest.fixture
def page(monkeypatch):
    page = Page()
    monkeypatch.setattr(comm, "create_comm", page.create_comm)
    return page


@pytest.fixture(autouse=True)
def bundles(tmp_path, monkeypatch):
    """Stand-ins for the built front end, which these tests do not run."""
    stems = ("activation_grid", "ablation_sliders", "layer_picker", "iou_heatmap", "unit_gallery")
    for stem in (*stems, "training_sheet"):
        (tmp_path / f"{stem}.js").write_text(f"export default {{ /* {stem} */ }}")
        (tmp_path / f"{stem}.css").write_text(f".{stem} {{}}")
    monkeypatch.setattr(_bundles, "STATIC", tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_left():
    """Every test gives back each widget model it made."""
    before = set(live._instances)
    yield
    assert set(live._instances) == before


@pytest.fixture
def model():
    return generator()


@pytest.fixture
def lab(model, page):
    with gw.attach(model, latents=gw.normal(6), layer="3", samples=5) as lab:
        yield lab
