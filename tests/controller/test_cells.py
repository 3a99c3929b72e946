from types import SimpleNamespace

import IPython
import pytest

import gan_widgets as gw
from gan_widgets.control import cells


class Notebook:
    """A shell that says which cell runs, as ipykernel's does."""

    def __init__(self):
        self.parent = {}

    def run(self, cell, execution):
        self.parent = {"metadata": {"cellId": cell}, "header": {"msg_id": execution}}

    def get_parent(self):
        return self.parent


@pytest.fixture
def notebook(monkeypatch):
    notebook = Notebook()
    monkeypatch.setattr(IPython, "get_ipython", lambda: notebook)
    monkeypatch.setattr(cells, "_made", {})
    return notebook


def attach(model):
    return gw.attach(model, latents=gw.normal(6), layer="3", samples=2)


def test_running_a_cell_again_closes_what_it_attached(model, notebook):
    notebook.run("a", "first")
    one, two = attach(model), attach(model)
    notebook.run("b", "second")
    other = attach(model)
    notebook.run("a", "third")
    again = attach(model)
    assert (one.closed, two.closed, other.closed, again.closed) == (True, True, False, False)


def test_without_a_cell_nothing_is_closed(model, monkeypatch):
    for shell in (
        None,
        SimpleNamespace(),
        SimpleNamespace(get_parent=dict),
        SimpleNamespace(get_parent=lambda: None),
    ):
        monkeypatch.setattr(IPython, "get_ipython", lambda shell=shell: shell)
        assert cells.running_cell() is None
        first, second = attach(model), attach(model)
        assert not first.closed
        assert not second.closed


def test_nothing_is_kept_alive_for_the_sake_of_its_cell(model, notebook):
    notebook.run("a", "first")
    attach(model)
    assert len(cells._made["a", "attach"][1]) <= 1
    import gc

    gc.collect()
    assert len(cells._made["a", "attach"][1]) == 0
