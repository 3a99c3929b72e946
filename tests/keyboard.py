"""The keyboard that interrupts come from."""

import signal

import pytest


@pytest.fixture
def keyboard():
    """Ctrl-C as a terminal gives it, also where a shell in the background has switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
