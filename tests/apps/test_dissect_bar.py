"""The bar from which a dissection is started, watched and ended."""

import threading

import pytest

import gan_widgets as gw
from gan_widgets.apps.dissect_bar import DissectBar
from tests.controller.marking import Gate, Marks
from tests.controller.test_dissecting import QUIET, alone


class Bar:
    """A bar and the hand that works it, through messages as a browser sends them."""

    def __init__(self, page, lab, marks, **keywords):
        self.page = page
        self.bar = DissectBar(lab, marks, **{"images": 40, **keywords})
        self.start, self.images, self.threshold, self.share, self.stop, self.label = self.bar.children

    def click(self, button):
        self.page.say(button, {"event": "click"})

    @property
    def said(self):
        return self.label.value

    @property
    def buttons(self):
        """Whether one can start, and whether one can cancel."""
        return not self.start.disabled, self.stop.layout.display != "none" and not self.stop.disabled


def running():
    return next((thread for thread in threading.enumerate() if thread.name == "dissect"), None)


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.opened.set()
    if running() is not None:
        running().join(30)


def test_a_click_dissects_and_says_so(lab, page, model):
    bar = Bar(page, lab, Marks())
    assert (bar.said, bar.buttons) == ("not dissected yet", (True, False))
    bar.click(bar.start)
    if running() is not None:
        running().join(30)
    assert lab.found == alone(model, batch=None)
    assert (bar.said, bar.buttons) == ("dissected with 40 images", (True, False))


def test_images_and_threshold_are_those_that_were_entered(lab, page, model):
    bar = Bar(page, lab, Marks(), threshold="iqr")
    assert bar.threshold.value == "iqr"
    page.write(bar.images, value=24)
    page.write(bar.threshold, index=0)
    bar.click(bar.start)
    if running() is not None:
        running().join(30)
    assert lab.found == alone(model, images=24, batch=None)
    page.write(bar.images, value=1)
    assert bar.images.value == 4


def test_while_it_runs_it_says_how_far_it_is_and_can_be_ended(lab, page, gate):
    bar, other = Bar(page, lab, Marks(at={1: gate}), images=400), Bar(page, lab, Marks())
    bar.click(bar.start)
    assert gate.reached.wait(30)
    for each in (bar, other):
        assert " of 400 images" in each.said
        assert each.buttons == (False, True)
        assert each.share.layout.display != "none"
        assert each.share.value == lab.progress.share
    other.click(other.stop)
    assert other.said.endswith(", stopping")
    assert other.buttons == (False, False)
    gate.opened.set()
    if running() is not None:
        running().join(30)
    for each in (bar, other):
        assert each.said == "cut short after 164 images"
        assert each.buttons == (True, False)
        assert each.share.layout.display == "none"
    assert not lab.found.complete


def test_what_ends_before_the_report_says_so(lab, page, gate):
    bar = Bar(page, lab, Marks(at={1: gate}))
    bar.click(bar.start)
    assert gate.reached.wait(30)
    bar.click(bar.stop)
    gate.opened.set()
    running().join(30)
    assert bar.said == "ended before there was anything to show"
    lab.layer = "5"
    assert bar.said == "not dissected yet"


def test_a_click_that_comes_too_late_says_why(lab, page, gate):
    bar = Bar(page, lab, Marks())
    thread = lab.dissect_in_background(Marks(at={1: gate}), images=40)
    bar.click(bar.start)
    assert bar.said.startswith("one dissection at a time. another, while '3'")
    gate.opened.set()
    thread.join(30)
    assert bar.said == "dissected with 40 images"
    bar.click(bar.stop)
    assert bar.said == "dissected with 40 images"


def test_a_failure_stays_to_be_read_until_the_next_start(lab, page):
    def fail():
        raise ZeroDivisionError("no $marks$ today")

    bar = Bar(page, lab, Marks(at={1: fail}))
    bar.click(bar.start)
    if running() is not None:
        running().join(30)
    assert "failed" in bar.said
    assert "ZeroDivisionError: no ＄marks＄ today" in bar.said
    assert bar.label.tooltip == bar.said
    lab.edits = [gw.Ablate("3", units=[1])]
    assert lab.error == ""
    assert "ZeroDivisionError" in bar.said
    bar.click(bar.start)
    if running() is not None:
        running().join(30)
    assert bar.said == "dissected with 40 images"


def test_it_follows_the_layer(lab, page):
    bar = Bar(page, lab, Marks())
    lab.dissect(Marks(), images=40, **QUIET)
    assert repr(bar.bar) == "DissectBar(layer='3', dissected with 40 images)"
    lab.layer = "5"
    assert bar.said == "not dissected yet"
    lab.layer = "3"
    assert bar.said == "dissected with 40 images"


def test_nothing_is_sent_for_what_does_not_concern_it(lab, page):
    Bar(page, lab, Marks())
    page.sent.clear()
    lab.edits = [gw.Ablate("3", units=[1])]
    lab.selection = [2]
    lab.concept = "left"
    assert page.sent == []


def test_a_closed_controller_says_so(lab, page, monkeypatch):
    bar = Bar(page, lab, Marks())
    monkeypatch.setattr(type(lab), "close", lambda self: self._land(closed=True))
    lab.close()
    bar.click(bar.start)
    assert bar.said.startswith("this controller is closed.")
    bar.bar.close()
