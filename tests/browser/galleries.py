"""What the tests of the unit gallery look for on its page."""

from playwright.sync_api import Locator, expect

from tests.browser.static_host import Host

_ORDER = """root => [...root.querySelectorAll('.gw-unit')]
  .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)
  .map(card => Number(card.dataset.unit))"""
# by where their upper left corners are
_SEEN = """root => [...root.querySelectorAll('.gw-unit')]
  .map(card => [card.offsetTop, card.offsetLeft, Number(card.dataset.unit)])
  .sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , unit]) => unit)"""
_READ = "root => [...root.querySelectorAll('.gw-unit')].map(card => Number(card.dataset.unit))"
_COLUMNS = "root => new Set([...root.querySelectorAll('.gw-unit')].map(card => card.offsetLeft)).size"


def card(root: Locator, unit: int) -> Locator:
    """The card of a unit."""
    return root.locator(f'.gw-unit[data-unit="{unit}"]')


def order(root: Locator) -> list[int]:
    """The units whose cards exist, as they are shown."""
    return root.evaluate(_ORDER)


def as_seen_and_read(root: Locator) -> tuple[list[int], list[int]]:
    """The units as an eye meets them, line by line, and as a screen reader does."""
    return root.evaluate(_SEEN), root.evaluate(_READ)


def columns(root: Locator) -> int:
    """How many cards are side by side."""
    return root.evaluate(_COLUMNS)


def scroll(root: Locator, share: float) -> None:
    """Scroll to this share of the height."""
    root.locator(".gw-scroller").evaluate(
        "(box, share) => { box.scrollTop = share * box.scrollHeight; }", share
    )


def all_there(root: Locator) -> None:
    """Wait until every card that exists has its images."""
    expect(root).to_have_attribute("data-coming", "0", timeout=30_000)


def asked(host: Host) -> list[list[int]]:
    """The units that the page asked for, message by message."""
    return [message["wanted"] for message in host.written if "wanted" in message]


def forty(host: Host) -> Locator:
    """A gallery of 40 units of 7×5, all there: every 13th is dead, every 17th tied."""
    root = host.mount("unit_gallery", (40, 7, 5))
    all_there(root)
    return root
