"""Pointer and keyboard on the heatmap, on a page with no kernel."""

import pytest
from playwright.sync_api import expect

from tests.browser.heatmaps import picture, point, small, walk
from tests.browser.static_host import Host

pytestmark = pytest.mark.browser


def test_hovering_tells_all_numbers_and_sends_and_repaints_nothing(host: Host) -> None:
    root = small(host)
    at, frames = point(root, 1, 1), root.get_attribute("data-frame")
    root.locator("canvas.gw-canvas").hover(position=at)
    card = root.locator(".gw-card")
    for text in (
        "unit 5 of 6",
        "edge",
        "ink",
        "IoU 0.03",
        "95 %: 0.027 to 0.033",
        "p 0.001, family-wise 0.02, q 0.004",
    ):
        expect(card).to_contain_text(text)
    expect(card).to_contain_text("below 0.05; its best concept (p 0.003, the choice allowed for)")
    crossed = picture(root, "overlay")
    root.locator("canvas.gw-canvas").hover(position=point(root, 2, 1))
    expect(card).to_contain_text("unit 2 of 6")
    host.drawn()
    assert picture(root, "overlay") != crossed
    host.page.mouse.move(2, 2)
    expect(card).to_be_hidden()
    assert host.written == []
    assert root.get_attribute("data-frame") == frames


def test_without_a_null_there_is_no_p(host: Host) -> None:
    cell = walk(small(host, null=False), 1, 1)
    label = cell.get_attribute("aria-label")
    assert label == "unit 5 of 6, edge, IoU 0.03, 95 % 0.027 to 0.033, below 0.05, its best concept"


def test_headings_have_cards_of_their_own(host: Host) -> None:
    root = small(host)
    card = root.locator(".gw-card")
    root.locator("canvas.gw-canvas").hover(position=point(root, 0, -1))
    expect(card).to_contain_text("unit 1 of 6")
    expect(card).to_contain_text("IoU 0.5")
    root.locator("canvas.gw-canvas").hover(position=point(root, -1, 2))
    expect(card).to_contain_text("hole")
    expect(card).to_contain_text("2 of 6 units reach 0.05; Shift-click selects them")


def test_a_cell_chooses_its_unit_and_its_concept_in_one_message(host: Host) -> None:
    root = small(host, sort="number")
    canvas = root.locator("canvas.gw-canvas")
    steps = [
        ((2, 2), [], {"selection": [2], "concept": 1}),
        ((5, 2), ["Shift"], {"selection": [2, 3, 4, 5]}),
        ((3, 0), ["Control"], {"selection": [2, 4, 5], "concept": 0}),
        ((1, -1), [], {"selection": [1]}),
        ((-1, 3), [], {"concept": 3}),
        ((1, 0), [], {"concept": 0}),
        ((1, 0), [], {"selection": [], "concept": -1}),
        ((-1, 2), [], {"concept": 1}),
        ((-1, 2), [], {"concept": -1}),
    ]
    for (row, column), modifiers, _ in steps:
        canvas.click(position=point(root, row, column), modifiers=modifiers)
    assert host.written == [message for *_, message in steps]


def test_shift_on_a_concept_selects_the_units_that_reach_it_and_can_be_ranked(host: Host) -> None:
    root = small(host)
    root.locator("canvas.gw-canvas").click(position=point(root, -1, 3), modifiers=["Shift"])
    assert host.written == [{"concept": 3, "selection": [0, 1, 3]}]


def test_the_keyboard_walks_selects_and_clears(host: Host) -> None:
    root = small(host, sort="number")
    cell, keys = walk(root, 0, 2), host.page.keyboard
    own = "its best concept (p 0.003, the choice allowed for)"
    said = f"unit 0 of 6, hole, IoU 0.31, 95 % 0.279 to 0.341, p 0.001, {own}"
    expect(cell).to_have_attribute("aria-label", said)
    expect(root.locator("[aria-live]")).to_have_text(said)
    keys.press("Enter")
    expect(cell).to_have_attribute("aria-label", f"{said}, selected")
    expect(cell).to_have_attribute("aria-selected", "true")
    keys.press("Shift+ArrowDown")
    keys.press("Shift+ArrowDown")
    expect(root).to_have_attribute("data-selection", "0,1,2")
    keys.press("ArrowDown")
    keys.press("Space")
    expect(root).to_have_attribute("data-selection", "0,1,2,3")
    keys.press("Control+a")
    expect(root).to_have_attribute("data-selection", "0,1,2,3,4,5")
    keys.press("Escape")
    expect(root).to_have_attribute("data-selection", "")
    expect(root).to_have_attribute("data-concept", "-1")
    assert host.written[-1] == {"selection": [], "concept": -1}


def test_the_keyboard_reaches_the_headings(host: Host) -> None:
    root = small(host)
    cell = walk(root, -1, 3)
    assert cell.get_attribute("role") == "columnheader"
    expect(cell).to_have_attribute("aria-label", "end, form, 3 units reach 0.05")
    host.page.keyboard.press("Enter")
    assert host.written == [{"concept": 3}]
    cell = walk(root, 5, -1)
    assert cell.get_attribute("role") == "rowheader"
    expect(cell).to_have_attribute("aria-label", "unit 4 of 6, dead: never active, not ranked")


def test_the_focus_stays_on_its_unit_when_the_order_changes(host: Host) -> None:
    root = small(host, sort="number")
    cell = walk(root, 3, 1)
    expect(cell).to_have_attribute("aria-rowindex", "5")
    host.receive(sort="iou")
    expect(cell).to_have_attribute("data-unit", "3")
    expect(cell).to_have_attribute("aria-rowindex", "5")
    host.receive(sort="concept")
    expect(cell).to_have_attribute("aria-rowindex", "6")


def test_the_focus_stays_on_its_cell_when_everything_is_drawn_again(host: Host) -> None:
    root = small(host, sort="number")
    cell, card = walk(root, 3, 1), root.locator(".gw-card")
    host.page.set_viewport_size({"width": 700, "height": 1000})
    host.drawn()
    host.page.evaluate("() => host.theme('dark')")
    host.drawn()
    expect(cell).to_be_focused()
    expect(cell).to_have_attribute("data-unit", "3")
    expect(cell).to_have_attribute("aria-colindex", "3")
    expect(card).to_contain_text("unit 3 of 6")
    # the anchor is where it was, too
    host.page.keyboard.press("Enter")
    host.page.set_viewport_size({"width": 960, "height": 1000})
    host.drawn()
    host.page.keyboard.press("Shift+ArrowDown")
    expect(root).to_have_attribute("data-selection", "3,4")
    host.receive(info={"name": "net.3", "kind": "ReLU", "units": 6, "size": [4, 6]})
    expect(cell).to_have_attribute("aria-rowindex", "2")
    expect(card).to_be_hidden()


def test_what_is_selected_elsewhere_is_shown(host: Host) -> None:
    root = small(host)
    before = picture(root)
    host.receive(selection=[0, 3])
    units = picture(root)
    host.receive(concept=1)
    assert len({before, units, picture(root)}) == 3
    expect(root.locator(".gw-sum")).to_contain_text("2 units, hole selected")
    clear = root.locator('[data-action="clear"]')
    clear.focus()
    host.page.keyboard.press("Enter")
    assert host.written == [{"selection": [], "concept": -1}]
    expect(clear).to_be_focused()
    expect(clear).to_be_disabled()
    host.receive(selection=[0, 3])
    expect(clear).to_be_enabled()
    expect(walk(root, 3, 0)).to_have_attribute("data-unit", "0")
    assert "selected" in (root.locator(".gw-cell").get_attribute("aria-label") or "")


def test_what_is_selected_elsewhere_is_brought_into_sight(host: Host) -> None:
    root = host.mount("iou_heatmap", (512, 400), sort="number", selection=[300], concept=399)
    scroller = root.locator(".gw-scroller").first
    place = "box => [box.scrollLeft, box.scrollTop]"
    across, down = scroller.evaluate(place)
    assert across > 2000
    assert down > 1000
    host.receive(selection=[290, 500, 2])  # one of them is in sight
    assert scroller.evaluate(place) == [across, down]
    host.receive(selection=[5, 500])
    assert scroller.evaluate(place)[0] == across
    assert scroller.evaluate(place)[1] > down  # the nearer one
    host.receive(selection=[0])
    assert scroller.evaluate(place) == [across, 0]
    host.receive(concept=0)
    assert scroller.evaluate("box => box.scrollLeft") < across
    # what a hand does here, and a hand that scrolls, moves nothing
    scroller.evaluate("box => box.scrollTo(0, 2000)")
    host.drawn()
    root.locator("canvas.gw-canvas").click(position={"x": 150, "y": 300})
    host.drawn()
    scroller.evaluate("box => box.scrollTo(0, 3000)")
    host.drawn()
    assert scroller.evaluate(place) == [0, 3000]
    assert len(host.written) == 1


def test_what_was_selected_while_the_table_was_shown_is_in_sight_afterwards(host: Host) -> None:
    root = host.mount("iou_heatmap", (512, 100), sort="number", selection=[], concept=-1, show="table")
    host.receive(selection=[400])
    host.receive(show="map")
    assert root.locator(".gw-scroller").first.evaluate("box => box.scrollTop") > 1000
