"""The unit gallery on a page with no kernel, and with the real one behind it."""

import json
from collections.abc import Iterator
from typing import Any

import comm
import pytest
from playwright.sync_api import Locator, expect

import gan_widgets as gw
from tests.browser.live_host import Live
from tests.browser.static_host import ROOT, Host
from tests.widgets.conftest import Page as Wire

pytestmark = pytest.mark.browser

SHOTS = ROOT / ".ci" / "out"
# how many points of a unit's canvas have the colour of the outline
YELLOW = """card => {
  const canvas = card.querySelector('canvas');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    count += Number(data[at] > 240 && data[at + 1] > 200 && data[at + 2] < 40);
  }
  return count;
}"""
# the pixels of an image in device pixels, and where the first image has the colour of the outline
EDGES = """card => {
  const canvas = card.querySelector('canvas');
  const scale = (canvas.width - 3 * 6) / 4 / 28, yellow = [];
  const {data} = canvas.getContext('2d').getImageData(0, 0, 28 * scale, 28 * scale);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] < 240 || data[at + 1] < 200 || data[at + 2] > 40) continue;
    yellow.push([(at / 4) % (28 * scale), Math.floor(at / 4 / (28 * scale))]);
  }
  return [scale, yellow];
}"""
ORDER = """root => [...root.querySelectorAll('.gw-unit')]
  .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex || a.ariaColIndex - b.ariaColIndex)
  .map(card => Number(card.dataset.unit))"""


def card(root: Locator, unit: int) -> Locator:
    return root.locator(f'.gw-unit[data-unit="{unit}"]')


def all_there(root: Locator) -> None:
    expect(root).to_have_attribute("data-coming", "0")


def asked(host: Host) -> list[list[int]]:
    return [message["wanted"] for message in host.written if "wanted" in message]


@pytest.fixture
def gallery(host: Host) -> Locator:
    """40 units of 7×5: every 13th dead, every 17th tied."""
    root = host.mount("unit_gallery", (40, 7, 5))
    all_there(root)
    return root


def test_of_512_units_only_those_in_sight_exist_and_are_asked_for(host: Host) -> None:
    root = host.mount("unit_gallery", (512, 8, 8))
    all_there(root)
    assert root.get_attribute("data-shown") == "512"
    assert root.locator(".gw-unit").count() < 30
    assert sum(map(len, asked(host))) < 30
    assert len({unit for units in asked(host) for unit in units}) == sum(map(len, asked(host)))
    before = len(asked(host))
    root.locator(".gw-scroller").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    host.drawn()
    all_there(root)
    assert root.locator(".gw-unit").count() < 30
    assert sum(map(len, asked(host)[before:])) < 30
    root.locator(".gw-scroller").evaluate("box => { box.scrollTop = 0; }")
    host.drawn()
    count = len(asked(host))
    all_there(root)
    assert len(asked(host)) == count


def test_scrolling_past_units_does_not_ask_for_them(host: Host) -> None:
    root = host.mount("unit_gallery", (512, 8, 8))
    all_there(root)
    host.page.evaluate(
        "() => { window.late = []; const {model} = host.mounted[0];"
        " const answer = model.answer; model.answer = message => late.push(() => answer(message)); }"
    )
    for row in range(5, 60, 5):
        root.locator(".gw-scroller").evaluate("(box, row) => { box.scrollTop = 200 * row; }", row)
        host.drawn()
    before = len(asked(host))
    host.page.evaluate("() => { late.pop()(); late = []; host.mounted[0].model.answer = null; }")
    host.drawn()
    seen = set(root.evaluate(ORDER))
    assert set(asked(host)[before - 1]) <= seen


@pytest.mark.parametrize(
    ("region", "points"), [("outline", range(50, 10**6)), ("light", range(1)), ("off", range(1))]
)
def test_the_region_is_outlined_lit_or_left_out_without_asking(
    host: Host, gallery: Locator, region: str, points: range
) -> None:
    plain = len(host.written)
    gallery.locator('[data-action="region"]').select_option("off")
    expect(gallery).to_have_attribute("data-region", "off")
    host.drawn()
    bare = card(gallery, 0).locator("canvas").evaluate("canvas => canvas.toDataURL()")
    gallery.locator('[data-action="region"]').select_option(region)
    expect(gallery).to_have_attribute("data-region", region)
    host.drawn()
    assert card(gallery, 0).evaluate(YELLOW) in points
    drawn = card(gallery, 0).locator("canvas").evaluate("canvas => canvas.toDataURL()")
    assert (drawn == bare) == (region == "off")
    assert all(message.keys() == {"region"} for message in host.written[plain:])


def test_images_are_painted_in_whole_device_pixels(gallery: Locator) -> None:
    canvas = card(gallery, 0).locator("canvas")
    assert canvas.evaluate("canvas => canvas.width / canvas.getBoundingClientRect().width") == 2
    levels = canvas.evaluate(
        "canvas => { const {data} = canvas.getContext('2d').getImageData(0, 0, 6, 1);"
        " return [...data].filter((_, at) => at % 4 === 0); }"
    )
    assert len(set(levels)) == 1


def test_clicks_select_one_toggle_and_range(host: Host, gallery: Locator) -> None:
    order = gallery.evaluate(ORDER)
    card(gallery, order[1]).click()
    expect(gallery).to_have_attribute("data-selection", str(order[1]))
    card(gallery, order[3]).click(modifiers=["Shift"])
    between = sorted(order[1:4])
    expect(gallery).to_have_attribute("data-selection", ",".join(map(str, between)))
    card(gallery, order[2]).click(modifiers=["Control"])
    left = sorted({order[1], order[3]})
    expect(gallery).to_have_attribute("data-selection", ",".join(map(str, left)))
    assert host.get("selection") == left
    expect(card(gallery, order[1])).to_have_attribute("aria-selected", "true")
    expect(card(gallery, order[1])).to_contain_text(f"✓ unit {order[1]}")
    gallery.locator('[data-action="clear"]').click()
    expect(gallery).to_have_attribute("data-selection", "")


def test_the_keyboard_walks_and_selects(host: Host, gallery: Locator) -> None:
    order = gallery.evaluate(ORDER)
    columns = int(gallery.locator(".gw-scroller").get_attribute("aria-colcount"))
    press = host.page.keyboard.press
    card(gallery, order[0]).focus()
    press("ArrowRight")
    press("ArrowDown")
    expect(card(gallery, order[1 + columns])).to_be_focused()
    press("Enter")
    expect(gallery).to_have_attribute("data-selection", str(order[1 + columns]))
    press("Shift+ArrowLeft")
    chosen = sorted([order[1 + columns], order[columns]])
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
    expect(card(gallery, order[0])).to_be_focused()
    assert gallery.locator('.gw-unit[tabindex="0"]').count() == 1
    press("Control+a")
    expect(gallery).to_have_attribute("data-selection", ",".join(map(str, range(40))))
    press("Escape")
    expect(gallery).to_have_attribute("data-selection", "")
    press("c")
    expect(gallery).to_have_attribute("data-concept", "ink")


def test_the_focus_survives_another_order(host: Host, gallery: Locator) -> None:
    unit = gallery.evaluate(ORDER)[2]
    card(gallery, unit).focus()
    host.receive(sort="number")
    expect(card(gallery, unit)).to_be_focused()
    gallery.locator(".gw-scroller").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    host.drawn()
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
    gallery.locator(".gw-scroller").evaluate("box => { box.scrollTop = 0; }")
    host.drawn()
    assert gallery.evaluate(ORDER)[0] == first
    gallery.locator(".gw-scroller").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    host.drawn()
    if sort in {"iou", "concept", "category"}:
        assert gallery.evaluate(ORDER)[-5:] == [12, 16, 25, 33, 38]


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


def test_a_concept_is_chosen_in_a_card_or_the_list_and_can_be_the_only_one(
    host: Host, gallery: Locator
) -> None:
    unit = gallery.evaluate(ORDER)[1]
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


def test_before_a_dissection_there_are_only_words(host: Host) -> None:
    why = "Nothing has been dissected yet. Run lab.dissect(gw.concepts.strokes(), images=2000)."
    info = {"name": "net.6", "kind": "ReLU", "units": 64, "size": [14, 14], "why": why, "key": 1}
    root = host.mount("unit_gallery", info=info, scores={"uint8": []}, concepts=[])
    expect(root).to_contain_text(why)
    expect(root.locator(".gw-scroller")).to_be_hidden()
    expect(root.locator('[data-action="sort"]')).to_be_hidden()
    assert root.locator("canvas").count() == 0
    assert host.written == []


def test_units_without_maps_have_images_without_regions(host: Host) -> None:
    root = host.mount("unit_gallery", (30, 1, 1))
    all_there(root)
    expect(root.locator(".gw-legend")).to_contain_text("no map, so their images have no region")
    expect(root.locator('[data-action="region"]')).to_be_hidden()
    assert card(root, 0).evaluate(YELLOW) == 0


def test_what_the_kernel_cannot_make_is_not_asked_for_again_until_it_can(host: Host) -> None:
    host.page.evaluate(
        "() => { host.kernel = model => message => { if ('wanted' in message) setTimeout(() => model.receive("
        "{error: 'The weights have changed.', sheet: {key: 1, failed: model.get('wanted')}})); }; }"
    )
    root = host.mount("unit_gallery", (9, 7, 5))
    all_there(root)
    assert root.locator('.gw-unit[data-images="failed"]').count() > 0
    before = len(asked(host))
    assert before <= 3
    host.receive(sort="number")
    assert len(asked(host)) == before
    host.receive(error="")
    host.drawn()
    assert len(asked(host)) > before


def test_another_dissection_drops_what_was_there(host: Host, gallery: Locator) -> None:
    before = len(asked(host))
    info = host.get("info")
    host.receive(info={**info, "key": 2}, sheet={}, wanted=[])
    all_there(gallery)
    assert len(asked(host)) > before


def test_two_views_of_one_model_both_get_what_they_need(host: Host) -> None:
    first = host.mount("unit_gallery", (200, 7, 5))
    all_there(first)
    host.page.evaluate("host.again('unit_gallery')")
    second = host.page.locator(".gw-view").nth(1)
    expect(second).to_have_attribute("data-ready", "true")
    for root, share in ((first, 0.5), (second, 1)):
        root.locator(".gw-scroller").evaluate(
            "(box, share) => { box.scrollTop = share * box.scrollHeight; }", share
        )
    host.drawn()
    all_there(first)
    all_there(second)
    unit = second.evaluate(ORDER)[-3]
    card(second, unit).click()
    expect(second).to_have_attribute("data-selection", str(unit))
    expect(first).to_have_attribute("data-selection", str(unit))


def test_names_are_text(host: Host) -> None:
    hostile = "<img src=x onerror=pwned=1>"
    concepts = [[hostile, '"><svg onload=pwned=1>']] * 11
    root = host.mount("unit_gallery", (20, 7, 5), concepts=concepts)
    all_there(root)
    expect(root.locator(".gw-concept").first).to_have_text(hostile)
    assert host.page.evaluate("typeof window.pwned") == "undefined"
    assert root.locator("img, svg").count() == 0


@pytest.fixture
def live(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """The gallery of the shipped generator's dissection, in Python, behind the page."""
    wire = Wire()
    monkeypatch.setattr(comm, "create_comm", wire.create_comm)
    monkeypatch.setenv("GAN_WIDGETS_NODELAY", "1")
    model, _, latents = gw.pretrained("dcgan-mnist")
    with gw.attach(model, latents=latents, layer="net.6", samples=4) as lab:
        lab.dissect(gw.concepts.strokes(), images=300, progress=False)
        yield Live(host, wire, gw.UnitGallery(lab))


@pytest.mark.parametrize(
    ("theme", "state"),
    [("light", {"sort": "iou"}), ("dark", {"region": "light", "selection": [1, 45], "concept": 8})],
)
def test_the_shipped_generator_shows_its_units(live: Live, theme: str, state: dict[str, Any]) -> None:
    live.host.page.evaluate("theme => host.theme(theme)", theme)
    for name, value in state.items():
        setattr(live.view, name, value)
    root = live.mount()
    all_there(root)
    SHOTS.mkdir(parents=True, exist_ok=True)
    root.screenshot(path=str(SHOTS / f"gallery-{theme}.png"))
    assert live.view.error == ""
    assert root.get_attribute("data-units") == "128"


def test_the_outline_is_the_boundary_of_the_mask_that_python_made(live: Live) -> None:
    lab = live.view.lab
    root = live.mount()
    all_there(root)
    unit = root.evaluate(ORDER)[0]
    (example,) = lab.examples.of(lab.found, [unit], 8)
    region = example.regions[0]
    scale, yellow = card(root, unit).evaluate(EDGES)
    for y in range(28):
        for x in range(1, 28):
            middle = [round(x * scale), round((y + 0.5) * scale)]
            assert (middle in yellow) == (region[y, x] != region[y, x - 1])
            middle = [round((y + 0.5) * scale), round(x * scale)]
            assert (middle in yellow) == (region[x, y] != region[x - 1, y])


def test_selection_and_errors_go_both_ways(live: Live) -> None:
    lab = live.view.lab
    root = live.mount()
    all_there(root)
    unit = root.evaluate(ORDER)[1]
    card(root, unit).click()
    expect(root).to_have_attribute("data-selection", str(unit))
    live.host.drawn()
    assert lab.selection == (unit,)
    lab.selection, lab.concept = [2, 3], "hole"
    live.told()
    expect(root).to_have_attribute("data-selection", "2,3")
    expect(root).to_have_attribute("data-concept", "hole")
    lab.layer = "net.3"
    live.told()
    expect(root).to_contain_text("'net.3' has not been dissected")


def test_the_state_is_plain_json_beside_its_buffers(live: Live) -> None:
    root = live.mount()
    all_there(root)
    state: dict[str, Any] = {
        name: value
        for name, value in live.view.get_state().items()
        if not isinstance(value, bytes) and not name.startswith("_")
    }
    assert len(json.dumps(state, allow_nan=False)) < 20_000
