"""Boxes of views are tested on the page and the generator of the views' tests."""

import pytest

import gan_widgets as gw
from tests.apps.training import THREADS
from tests.train.small import trainer
from tests.waiting import ended
from tests.widgets.conftest import bundles, lab, model, nothing_left, page

__all__ = ["bundles", "lab", "model", "nothing_left", "page", "trainer"]


@pytest.fixture
def monitor(page, trainer):
    monitor = gw.TrainingMonitor(trainer, seeds=range(4), every=5, rate=30)
    monitor.curves.window.value = 1
    yield monitor
    monitor.close()
    ended(*THREADS)
