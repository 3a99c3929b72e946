"""The unit gallery on a page with no kernel: what exists, what is asked for, what is painted."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.galleries import all_there, asked, card, forty, order, scroll
from tests.browser.static_host import Host

pytestmark = pytest.mark.browser

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


@pytest.fixture
def gallery(host: Host) -> Locator:
    return forty(host)


def test_of_512_units_only_those_in_sight_exist_and_are_asked_for(host: Host) -> None:
    root = host.mount("unit_gallery", (512, 8, 8))
    all_there(root)
    assert root.get_attribute("data-shown") == "512"
    assert root.locator(".gw-unit").count() < 30
    assert sum(map(len, asked(host))) < 30
    assert len({unit for units in asked(host) for unit in units}) == sum(map(len, asked(host)))
    before = len(asked(host))
    scroll(root, 1)
    host.drawn()
    all_there(root)
    assert root.locator(".gw-unit").count() < 30
    assert sum(map(len, asked(host)[before:])) < 30
    scroll(root, 0)
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
    seen = set(order(root))
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
        scroll(root, share)
    host.drawn()
    all_there(first)
    all_there(second)
    unit = order(second)[-3]
    card(second, unit).click()
    expect(second).to_have_attribute("data-selection", str(unit))
    expect(first).to_have_attribute("data-selection", str(unit))
