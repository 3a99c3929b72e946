"""The samples of a training on a page with no kernel: what a hand does with its scrubber."""

import pytest
from playwright.sync_api import expect

from tests.browser.static_host import Host

pytestmark = pytest.mark.browser


def test_the_way_back_to_the_latest_step_keeps_the_focus(host: Host) -> None:
    root = host.mount("training_sheet", kept=[0, 10, 20], shown=10, chosen=10)
    latest = root.locator('[data-action="latest"]')
    latest.focus()
    host.page.keyboard.press("Enter")
    assert host.written[-1] == {"chosen": -1}
    expect(latest).to_be_focused()
    expect(latest).to_be_disabled()
    count = len(host.written)
    host.page.keyboard.press("Enter")
    assert len(host.written) == count
    host.page.keyboard.press("Shift+Tab")
    host.page.keyboard.press("ArrowLeft")
    expect(latest).to_be_enabled()
