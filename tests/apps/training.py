"""What the tests of the training monitor do to a trainer and its page."""

import re
from html import unescape

import numpy as np

THREADS = "training-monitor", "follow-training"


def train(trainer, steps):
    for _ in trainer.steps(steps):
        pass


def caught_up(page, monitor):
    """What a page does as soon as it has drawn."""
    page.write(monitor.sheet, seen=monitor.sheet.frame)


def lines(monitor, chart):
    """The thick lines of a chart: steps, and one row per line."""
    _, mean, *_ = monitor.curves.charts[chart].figure.marks
    return mean.x, np.atleast_2d(mean.y)


def noticed(monitor):
    """What the banner says."""
    return unescape(re.sub("<[^<>]*>", "", monitor.notice.value))
