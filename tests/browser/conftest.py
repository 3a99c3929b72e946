"""What the browser tests share: one Chromium for all of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.jupyterlab import jupyter_lab, jupyter_server, shared_lab
from tests.browser.static_host import built_host, host

__all__ = ["browser", "built_host", "host", "jupyter_lab", "jupyter_server", "shared_lab"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; tests make contexts and pages of their own in it."""
    program = chromium.find()
    if program is None:
        pytest.fail(chromium.ADVICE, pytrace=False)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
        yield running
        running.close()
