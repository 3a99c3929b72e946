"""All views on one page, as in the Workbench: none of their style sheets reaches into another view."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.static_host import Host

pytestmark = pytest.mark.browser

SIZES: dict[str, tuple[int, ...]] = {
    "activation_grid": (512, 8, 8),
    "ablation_sliders": (),
    "layer_picker": (),
    "iou_heatmap": (512, 400),
    "unit_gallery": (),
    "training_sheet": (),
}
# every property of every element as it comes out, sizes included, and what the focus changes
LOOKS = """root => {
  const looks = (element, pseudo) => {
    const style = getComputedStyle(element, pseudo);
    if (pseudo && style.content === 'none') return '';
    return Array.from(style, name => name + ': ' + style.getPropertyValue(name)).join(';');
  };
  const all = [root, ...root.querySelectorAll('*')];
  const still = all.map(element => [null, '::before', '::after'].map(pseudo => looks(element, pseudo)));
  const focused = all.map(element => {
    element.focus({preventScroll: true, focusVisible: true});
    if (document.activeElement !== element) return null;
    const {outline, outlineOffset, boxShadow} = getComputedStyle(element);
    element.blur();
    return {outline, outlineOffset, boxShadow};
  });
  return all.map((element, at) => [element.tagName + '.' + element.className, still[at], focused[at]]);
}"""


def mount(host: Host, name: str) -> Locator:
    root = host.mount(name, SIZES[name])
    if name == "unit_gallery":
        expect(root).to_have_attribute("data-coming", "0", timeout=30_000)
    return root


def looks(host: Host, root: Locator) -> list[Any]:
    host.drawn()
    return root.evaluate(LOOKS)


def test_each_view_looks_on_a_page_of_all_as_it_looks_alone(host: Host) -> None:
    alone = {}
    for name in SIZES:
        host.page.reload()
        alone[name] = looks(host, mount(host, name))
        assert "width: 928px" in alone[name][0][1][0]
        assert any(focus for _, _, focus in alone[name])
    for names in (list(SIZES), list(SIZES)[::-1]):
        host.page.reload()
        for name, root in [(name, mount(host, name)) for name in names]:
            pairs = zip(alone[name], looks(host, root), strict=True)
            assert [f"{name}: {one[0]}" for one, other in pairs if one != other] == []


def test_the_last_units_of_a_grid_are_reached_beside_a_heatmap(host: Host) -> None:
    grid = mount(host, "activation_grid")
    mount(host, "iou_heatmap")
    scroller = grid.locator(".gw-scroller")
    scroller.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    host.drawn()
    inside, canvas = scroller.bounding_box(), grid.locator("canvas.gw-canvas").bounding_box()
    assert inside
    assert canvas
    assert canvas["y"] + canvas["height"] == pytest.approx(inside["y"] + inside["height"], abs=1)
