"""Small heatmaps for tests of its page: known numbers, and where their cells are."""

from typing import Any

from playwright.sync_api import Locator

from tests.browser.static_host import Host

NAN = float("nan")
# six units and four concepts; unit 4 is dead, and has numbers only to show that they do not count
CONCEPTS = [["ink", "ink"], ["hole", "form"], ["edge", "ink"], ["end", "form"]]
LABELS = [1, 0, 1, 3, -1, 2]
STATES = ["ok", "ok", "ok", "ok", "dead", "ok"]
IOU = [
    [0.02, 0.31, 0.00, 0.10],
    [0.50, 0.04, 0.01, 0.20],
    [0.00, 0.40, 0.03, 0.00],
    [0.06, 0.00, 0.00, 0.25],
    [0.90, 0.90, 0.90, 0.90],
    [0.00, 0.02, 0.03, NAN],
]
FLAT = [value for row in IOU for value in row]
VALUES = [*FLAT, *[value * 0.9 for value in FLAT], *[value * 1.1 for value in FLAT]]


def small(host: Host, *, null: bool = True, **changes: Any) -> Locator:
    """The six units; with a null p is 0.001, q 0.004, p among all cells 0.02 and that of a label 0.003."""
    tests = [0.001] * 24 + [0.004] * 24 + [0.02] * 24 if null else []
    state = {
        "info": {"name": "net.6", "kind": "ReLU", "units": 6, "size": [4, 6], "images": 600},
        "concepts": CONCEPTS,
        "rows": {"labels": LABELS, "states": STATES, "clustered": [], "chances": [0.003] * 6 if null else []},
        "values": {"float32": [*VALUES, *tests], "offset": 3},
        "shape": [6 if null else 3, 6, 4],
        "selection": [],
        "concept": -1,
    }
    return host.mount("iou_heatmap", (6, 4), **(state | changes))


def walk(root: Locator, row: int, column: int) -> Locator:
    """Bring the focus to a cell, counted from the upper left one as shown; −1 is a heading."""
    cell, keyboard = root.locator(".gw-cell"), root.page.keyboard
    cell.focus()
    keyboard.press("Control+Home")
    for _ in range(max(0, row)):
        keyboard.press("ArrowDown")
    for _ in range(max(0, column)):
        keyboard.press("ArrowRight")
    for key, at in (("ArrowUp", row), ("ArrowLeft", column)):
        if at < 0:
            keyboard.press(key)
    return cell


def point(root: Locator, row: int, column: int) -> dict[str, float]:
    """The middle of a cell on the canvas."""
    cell = walk(root, row, column).bounding_box()
    canvas = root.locator("canvas.gw-canvas").bounding_box()
    assert cell
    assert canvas
    return {
        "x": cell["x"] - canvas["x"] + cell["width"] / 2,
        "y": cell["y"] - canvas["y"] + cell["height"] / 2,
    }


def picture(root: Locator, layer: str = "canvas") -> str:
    return str(root.locator(f"canvas.gw-{layer}").evaluate("canvas => canvas.toDataURL()"))
