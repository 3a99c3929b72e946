"""The unit gallery on a page with no kernel: selecting, walking, sorting, leaving out, choosing a concept."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.galleries import all_there, as_seen_and_read, card, columns, forty, order, scroll
from tests.browser.static_host import Host

pytestmark = pytest.mark.browser


@pytest.fixture
def gallery(host: Host) -> Locator:
    return forty(host)


def test_clicks_select_one_toggle_and_range(host: Host, gallery: Locator) -> None:
    units = order(gallery)
    card(gallery, units[1]).click()
    expect(gallery).to_have_attribute("data-selection", str(units[1]))
    card(gallery, units[3]).click(modifiers=["Shift"])
    between = sorted(units[1:4])
    expect(gallery).to_have_attribute("data-selection", ",".join(map(str, between)))
    card(gallery, units[2]).click(modifiers=["Control"])
    left = sorted({units[1], units[3]})
    expect(gallery).to_have_attribute("data-selection", ",".join(map(str, left)))
    assert host.get("selection") == left
    expect(card(gallery, units[1])).to_have_attribute("aria-selected", "true")
    expect(card(gallery, units[1])).to_contain_text(f"✓ unit {units[1]}")
    clear = gallery.locator('[data-action="clear"]')
    clear.click()
    expect(gallery).to_have_attribute("data-selection", "")
    expect(clear).to_be_focused()
    expect(clear).to_be_disabled()


def test_the_keyboard_walks_and_selects(host: Host, gallery: Locator) -> None:
    units = order(gallery)
    across = columns(gallery)
    press = host.page.keyboard.press
    card(gallery, units[0]).focus()
    press("ArrowRight")
    press("ArrowDown")
    expect(card(gallery, units[1 + across])).to_be_focused()
    press("Enter")
    expect(gallery).to_have_attribute("data-selection", str(units[1 + across]))
    press("Shift+ArrowLeft")
    chosen = sorted([units[1 + across], units[across]])
    expect(gallery).to_have_attribute("data-selection", ",".join(map(str, chosen)))
    press("Control+End")
    last = gallery.locator(".gw-unit:focus")
    expect(last).to_have_attribute("aria-label", "unit 38 of 40, not ranked, dead: never active")
    expect(last).to_be_in_viewport()
    expect(gallery.locator("[aria-live=polite]")).to_have_text(
        "unit 38 of 40, not ranked, dead: never active"
    )
    press("Home")
    press("Control+Home")
    expect(card(gallery, units[0])).to_be_focused()
    assert gallery.locator('.gw-unit[tabindex="0"]').count() == 1
    press("Control+a")
    expect(gallery).to_have_attribute("data-selection", ",".join(map(str, range(40))))
    press("Escape")
    expect(gallery).to_have_attribute("data-selection", "")
    press("c")
    expect(gallery).to_have_attribute("data-concept", "ink")


def test_the_focus_survives_another_order(host: Host, gallery: Locator) -> None:
    unit = order(gallery)[2]
    card(gallery, unit).focus()
    host.receive(sort="number")
    expect(card(gallery, unit)).to_be_focused()
    scroll(gallery, 1)
    host.drawn()
    expect(card(gallery, unit)).to_be_focused()


def test_cards_are_read_in_the_order_in_which_they_are_seen(host: Host, gallery: Locator) -> None:
    assert gallery.get_by_role("listbox").count() == 1
    host.receive(sort="number")
    card(gallery, 3).focus()
    for share in (0.3, 1, 0.6, 0):
        scroll(gallery, share)
        host.drawn()
        seen, read = as_seen_and_read(gallery)
        assert seen == read
        expect(card(gallery, 3)).to_be_focused()
    for sort in ("iou", "category", "number"):
        host.receive(sort=sort)
        seen, read = as_seen_and_read(gallery)
        assert seen == read == order(gallery)
        expect(card(gallery, 3)).to_be_focused()
    expect(card(gallery, 3)).to_have_role("option")
    expect(card(gallery, 3)).to_have_attribute("aria-posinset", "4")
    expect(card(gallery, 3)).to_have_attribute("aria-setsize", "40")


def test_the_focus_goes_to_the_next_card_when_its_own_is_left_out(host: Host, gallery: Locator) -> None:
    host.receive(sort="number", selection=[5, 9, 21])
    gallery.locator('[data-action="only-selected"]').check()
    press = host.page.keyboard.press
    card(gallery, 9).focus()
    press("Space")
    expect(card(gallery, 21)).to_be_focused()
    press("Space")
    expect(card(gallery, 5)).to_be_focused()
    press("Space")
    expect(gallery.locator('[data-action="show-all"]')).to_be_focused()
    press("Enter")
    expect(gallery).to_have_attribute("data-shown", "40")
    expect(card(gallery, 5)).to_be_focused()


def test_the_focus_does_not_go_away_with_a_card_that_is_used_again(host: Host, gallery: Locator) -> None:
    host.receive(sort="number", selection=list(range(40)))
    gallery.locator('[data-action="only-selected"]').check()
    card(gallery, 1).focus()
    host.page.keyboard.press("Space")
    expect(gallery).to_have_attribute("data-shown", "39")
    expect(card(gallery, 2)).to_be_focused()
    assert gallery.locator('.gw-unit[tabindex="0"]').get_attribute("data-unit") == "2"


def test_the_tab_key_comes_to_a_card_that_is_in_sight(host: Host, gallery: Locator) -> None:
    units = order(gallery)
    stop = gallery.locator('.gw-unit[tabindex="0"]')
    expect(stop).to_have_attribute("data-unit", str(units[0]))
    scroll(gallery, 0.5)
    expect(card(gallery, units[0])).to_have_count(0)
    expect(stop).to_have_count(1)
    expect(stop).to_be_in_viewport(ratio=1)
    scroll(gallery, 0)
    expect(stop).to_have_attribute("data-unit", str(units[0]))
    scroll(gallery, 0.5)
    expect(card(gallery, units[0])).to_have_count(0)
    unit = int(stop.get_attribute("data-unit") or "")
    stop.focus()
    host.page.keyboard.press("Space")
    expect(gallery).to_have_attribute("data-selection", str(unit))
    expect(card(gallery, unit)).to_be_focused()


def test_a_selection_from_elsewhere_is_brought_into_sight(host: Host, gallery: Locator) -> None:
    last = gallery.locator(".gw-scroller")
    host.receive(sort="number")
    host.receive(selection=[35])
    expect(card(gallery, 35)).to_be_in_viewport()
    expect(card(gallery, 35)).to_have_attribute("aria-selected", "true")
    top = last.evaluate("box => box.scrollTop")
    host.receive(selection=[1, 35])
    assert last.evaluate("box => box.scrollTop") == top


@pytest.mark.parametrize(
    ("sort", "first"), [("iou", 0), ("number", 0), ("concept", 0), ("category", 0), ("selection", 21)]
)
def test_each_sort_puts_its_unit_first_and_the_unranked_last(
    host: Host, gallery: Locator, sort: str, first: int
) -> None:
    host.receive(selection=[21])
    gallery.locator('[data-action="sort"]').select_option(sort)
    expect(gallery).to_have_attribute("data-sort", sort)
    scroll(gallery, 0)
    host.drawn()
    assert order(gallery)[0] == first
    scroll(gallery, 1)
    host.drawn()
    if sort in {"iou", "concept", "category"}:
        assert order(gallery)[-5:] == [12, 16, 25, 33, 38]


def test_units_that_are_not_ranked_say_why(host: Host, gallery: Locator) -> None:
    host.receive(selection=[12, 16])
    gallery.locator('[data-action="only-selected"]').check()
    expect(gallery).to_have_attribute("data-shown", "2")
    expect(card(gallery, 12)).to_contain_text("dead: never active")
    expect(card(gallery, 12)).to_contain_text("not ranked")
    expect(card(gallery, 16)).to_contain_text("tied at its level")
    assert "IoU" not in card(gallery, 16).inner_text()
    expect(gallery.locator(".gw-legend")).to_contain_text("Not ranked: 3 dead, 2 tied.")


def test_search_and_filters_leave_out_units_and_show_all_brings_them_back(
    host: Host, gallery: Locator
) -> None:
    search = gallery.locator('[data-action="search"]')
    search.fill("7")
    expect(gallery).to_have_attribute("data-shown", "1")
    expect(card(gallery, 7)).to_be_visible()
    search.fill("Hole")
    expect(gallery).to_have_attribute("data-shown", "4")
    expect(gallery.get_by_role("status").filter(has_text="of 40")).to_have_text("4 of 40 units")
    gallery.locator('[data-action="least"]').fill("0.9")
    gallery.locator('[data-action="only-least"]').check()
    expect(gallery).to_have_attribute("data-shown", "0")
    expect(gallery).to_contain_text("No unit is left.")
    gallery.locator('[data-action="show-all"]').click()
    expect(gallery).to_have_attribute("data-shown", "40")
    assert host.get("only") == {"at_least": None, "concept": False, "selected": False, "search": ""}
    assert search.input_value() == ""


def test_the_field_shows_the_least_iou_that_is_used(host: Host, gallery: Locator) -> None:
    level = gallery.locator('[data-action="least"]')
    for typed, used in (("5", 0.05), ("0.3", 0.3), ("", 0.05)):
        level.fill(typed)
        host.page.keyboard.press("Enter")
        host.page.keyboard.press("Tab")
        expect(level).to_have_value(str(used))
        assert host.get("only")["at_least"] == used


def test_a_concept_is_chosen_in_a_card_or_the_list_and_can_be_the_only_one(
    host: Host, gallery: Locator
) -> None:
    unit = order(gallery)[1]
    name = card(gallery, unit).locator(".gw-concept")
    name.click()
    expect(gallery).to_have_attribute("data-concept", name.inner_text())
    expect(name).to_have_attribute("data-chosen", "")
    assert host.get("selection") == []
    gallery.locator('[data-action="concept"]').select_option("8")
    expect(gallery).to_have_attribute("data-concept", "hole")
    gallery.locator('[data-action="only-concept"]').check()
    expect(gallery).to_have_attribute("data-shown", "4")
    host.receive(concept=-1)
    expect(gallery).to_have_attribute("data-shown", "40")


def test_an_image_tells_its_seed_and_the_largest_value(gallery: Locator) -> None:
    canvas = card(gallery, 0).locator("canvas")
    canvas.hover(position={"x": 5, "y": 5})
    expect(canvas).to_have_attribute("title", "seed 0, largest value 4")


def test_names_are_text(host: Host) -> None:
    hostile = "<img src=x onerror=pwned=1>"
    concepts = [[hostile, '"><svg onload=pwned=1>']] * 11
    root = host.mount("unit_gallery", (20, 7, 5), concepts=concepts)
    all_there(root)
    expect(root.locator(".gw-concept").first).to_have_text(hostile)
    assert host.page.evaluate("typeof window.pwned") == "undefined"
    assert root.locator("img, svg").count() == 0
