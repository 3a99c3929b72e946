"""Windows' high contrast: the page's colours are the system's, and what a canvas paints has to follow."""

from typing import Literal

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.heatmaps import picture, small, walk
from tests.browser.static_host import ROOT, Host
from tests.browser.test_static_views import CONTRASTS, show_all

pytestmark = pytest.mark.browser

SHOTS = ROOT / ".ci" / "out"
INK = {"light": [0, 0, 0], "dark": [255, 255, 255]}
# the one colour of what is painted in a box of CSS pixels of the canvas, without its soft edges
COLOURS = """(canvas, [x, y, width, height]) => {
  const ratio = canvas.width / canvas.getBoundingClientRect().width;
  const box = [x, y, width, height].map(length => Math.round(length * ratio));
  const {data} = canvas.getContext('2d').getImageData(...box);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) found.add(data.slice(at, at + 3).join());
  }
  return [...found].map(colour => colour.split(',').map(Number));
}"""


def force(host: Host, scheme: Literal["light", "dark"]) -> None:
    host.page.emulate_media(color_scheme=scheme, forced_colors="active")
    host.drawn()


def painted(root: Locator, cell: Locator, *, below: bool) -> list[list[int]]:
    """The colours of what stands on the canvas below a cell, or to its left."""
    canvas = root.locator("canvas.gw-canvas")
    around, box = canvas.bounding_box(), cell.bounding_box()
    assert around
    assert box
    x, y = box["x"] - around["x"], box["y"] - around["y"]
    area = [x, y + box["height"] + 2, box["width"], 13] if below else [0, y, x - 5, box["height"]]
    return canvas.evaluate(COLOURS, area)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_headings_and_numbers_on_a_canvas_are_painted_in_the_systems_ink(
    host: Host, theme: str, scheme: Literal["light", "dark"]
) -> None:
    host.page.emulate_media(color_scheme=scheme)
    host.page.evaluate("theme => host.theme(theme)", theme)
    heatmap = small(host)
    grid = host.mount("activation_grid", selection=[])
    force(host, scheme)
    assert painted(heatmap, walk(heatmap, 0, 0), below=False) == [INK[scheme]]
    assert painted(grid, grid.locator(".gw-cell"), below=True) == [INK[scheme]]


def test_the_largest_iou_stands_out_from_the_page_whatever_its_theme(host: Host) -> None:
    pictures = {}
    for theme in ("light", "dark"):
        host.page.evaluate("theme => host.theme(theme)", theme)
        root = small(host)
        for scheme in ("light", "dark"):
            force(host, scheme)
            pictures[theme, scheme] = picture(root)
    assert pictures["light", "dark"] == pictures["dark", "dark"] != pictures["light", "light"]
    assert pictures["light", "light"] == pictures["dark", "light"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(host: Host, scheme: Literal["light", "dark"]) -> None:
    host.page.evaluate("theme => host.theme(theme)", "dark" if scheme == "light" else "light")
    force(host, scheme)
    show_all(host, error="An error, and what to do.")
    host.drawn()
    SHOTS.mkdir(parents=True, exist_ok=True)
    host.page.screenshot(path=str(SHOTS / f"static-forced-{scheme}.png"), full_page=True)
    for root in host.page.locator(".gw-view").all():
        assert [poor for poor in root.evaluate(CONTRASTS) if poor[0] < 4.5] == []


def test_a_picked_unit_keeps_its_tick(host: Host) -> None:
    root = host.mount("ablation_sliders")
    force(host, "dark")
    pick = root.locator('.gw-row:not(.gw-whole) .gw-pick[aria-checked="true"]').first
    expect(pick).to_be_visible()
    tick = "pick => { const {color, backgroundColor, forcedColorAdjust} = getComputedStyle(pick, '::before');"
    color, background, adjust = pick.evaluate(tick + " return [color, backgroundColor, forcedColorAdjust]; }")
    assert color == "rgb(0, 0, 0)"
    assert color != background
    assert adjust == "none"
