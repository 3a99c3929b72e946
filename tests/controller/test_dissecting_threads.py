"""Dissecting in the background, ending it early, and everything that may happen meanwhile."""

import gc
import signal
import threading
import weakref

import pytest
import torch

import gan_widgets as gw
from gan_widgets.core.errors import ControllerError, DissectionError
from tests.controller.looking import hooks
from tests.controller.marking import Gate, Marks
from tests.controller.test_dissecting import QUIET, alone, change


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.opened.set()


def test_the_background_finds_what_the_foreground_finds(lab, model):
    thread = lab.dissect_in_background(Marks(), images=40, layer=["3", "5"], batch=8)
    thread.join(30)
    assert not thread.is_alive()
    assert dict(lab.dissections) == alone(model, ["3", "5"])
    assert lab.found is lab.dissections["3"]
    assert (lab.error, lab.progress) == ("", None)


def test_no_bar_is_printed_in_the_background_unless_asked_for(lab, capfd):
    lab.dissect_in_background(Marks(), images=40).join(30)
    assert capfd.readouterr() == ("", "")
    lab.dissect_in_background(Marks(), images=40, progress=True).join(30)
    assert "40/40" in capfd.readouterr().err


def test_everything_else_goes_on_meanwhile(lab, model, gate):
    plain = lab.dissect(Marks(), images=40, **QUIET)
    thread = lab.dissect_in_background(Marks(at={2: gate}), images=40, batch=8)
    assert gate.reached.wait(30)
    assert lab.progress.total == 40
    lab.preview([gw.Ablate("3", units=[1])])
    lab.edits = [gw.Ablate("3", units=[2])]
    lab.selection = [1]
    lab.layer = "5"
    assert hooks(model) == 0
    gate.opened.set()
    thread.join(30)
    assert lab.error == ""
    assert lab.found is None
    lab.layer = "3"
    assert lab.found == plain
    assert lab.found is not plain


def test_only_one_runs_at_a_time(lab, gate):
    thread = lab.dissect_in_background(Marks(at={1: gate}), images=40, layer="5")
    for start in (lab.dissect, lab.dissect_in_background):
        with pytest.raises(ControllerError, match=r"one dissection at a time(.|\n)*'5'(.|\n)*lab.cancel"):
            start(Marks(), images=40)
    gate.opened.set()
    thread.join(30)
    lab.dissect(Marks(), images=40, **QUIET)
    assert list(lab.dissections) == ["3", "5"]


def test_of_many_that_start_together_one_runs(lab):
    refused, together = [], threading.Barrier(6)

    def start():
        together.wait()
        try:
            lab.dissect(Marks(), images=40, **QUIET)
        except ControllerError:
            refused.append(1)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) <= 5
    assert lab.found.complete
    assert lab.progress is None


def test_cancelling_shows_what_was_counted(lab, model):
    lab.dissect_in_background(Marks(at={2: lab.cancel}), images=80, batch=8).join(30)
    found = lab.found
    assert not found.complete
    assert 0 < found.images < 80
    assert (lab.error, lab.progress) == ("", None)
    assert lab.dissect(Marks(), images=80, resume=found, **QUIET) == alone(model, images=80)


def test_cancelling_in_the_foreground_returns_what_was_counted(lab):
    found = lab.dissect(Marks(at={2: lab.cancel}), images=80, **QUIET)
    assert not found.complete
    assert lab.found is found
    lab.cancel()
    assert lab.dissect(Marks(), images=80, **QUIET).complete


def interrupt():
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_from_the_keyboard_returns_what_was_counted(lab, keyboard):
    found = lab.dissect(Marks(at={3: interrupt}), images=80, **QUIET)
    assert not found.complete
    assert 0 < found.images < 80
    assert lab.found is found
    assert lab.progress is None


def test_an_interrupt_when_all_is_counted_costs_nothing(lab, model, monkeypatch, keyboard):
    with monkeypatch.context() as while_asked:
        while_asked.setattr(gw.Dissection, "ci", property(lambda found: interrupt()))
        found = lab.dissect(Marks(), images=40, **QUIET)
    assert found == alone(model)
    assert lab.found is found


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_what_was_cut_short_before_the_report_is_returned_and_not_shown(lab, batches):
    seen = []

    def stop():
        seen.append(1)
        return len(seen) > batches

    early = lab.dissect(Marks(), images=40, cancel=stop, progress=False)
    assert early.images == [0, 10, 18][batches]
    assert not early.complete
    assert lab.found is None
    whole = lab.dissect(Marks(), images=40, **QUIET)
    assert lab.dissect(Marks(), images=40, cancel=lambda: True, progress=False).images == 0
    assert lab.found is whole


def test_a_failure_in_the_background_is_told_and_what_was_counted_is_shown(lab):
    def fail():
        raise ZeroDivisionError("no marks today")

    lab.dissect_in_background(Marks(at={3: fail}), images=80, batch=8).join(30)
    assert "ZeroDivisionError: no marks today" in lab.error
    assert all(part in lab.error for part in ("got:", "allowed:", "next:"))
    assert lab.progress is None
    assert 0 < lab.found.images < 80
    assert not lab.found.complete
    lab.edits = [gw.Ablate("3", units=[1])]
    assert lab.error == ""


def test_a_failure_in_the_foreground_is_raised_and_what_was_counted_is_shown(lab):
    def fail():
        raise ZeroDivisionError("no marks today")

    with pytest.raises(DissectionError, match="no marks today") as raised:
        lab.dissect(Marks(at={3: fail}), images=80, **QUIET)
    assert lab.found is raised.value.partial["3"]
    assert (lab.error, lab.progress) == ("", None)


def test_a_failing_observer_is_told_in_the_background(lab, model):
    def fail(change):
        if change.new is not None and change.new.done:
            raise KeyError("mine")

    lab.observe(fail, "progress")
    lab.dissect_in_background(Marks(), images=40, batch=8).join(30)
    assert "KeyError: 'mine'" in lab.error
    assert lab.found == alone(model)


def test_closing_ends_it_and_nothing_lands_afterwards(lab, gate):
    thread = lab.dissect_in_background(Marks(at={1: gate}), images=80, batch=8)
    assert gate.reached.wait(30)
    lab.close()
    gate.opened.set()
    thread.join(30)
    assert not thread.is_alive()
    assert (lab.found, lab.progress, lab.closed) == (None, None, True)


def test_weights_that_change_end_it(lab, model, gate):
    marks = Marks(at={1: gate})
    thread = lab.dissect_in_background(marks, images=400, batch=8)
    assert gate.reached.wait(30)
    change(model)
    lab.refresh()
    gate.opened.set()
    thread.join(30)
    assert "the weights changed during the dissection" in lab.error
    assert marks.calls == 1
    assert (lab.found, lab.progress) == (None, None)


def test_it_leaves_the_model_as_it_was_and_nothing_alive(model):
    model.train()
    model[2].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes, random = [module.training for module in model.modules()], torch.get_rng_state()
    lab = gw.attach(model, latents=gw.normal(6), layer="3")
    lab.dissect_in_background(Marks(), images=40, null="untrained", batch=8).join(30)
    assert lab.found.complete
    lab.close()
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    assert [module.training for module in model.modules()] == modes
    assert hooks(model) == 0
    assert torch.equal(torch.get_rng_state(), random)
    gone = weakref.ref(lab)
    del lab
    gc.collect()
    assert gone() is None
