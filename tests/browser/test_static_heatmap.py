"""The heatmap of units and concepts on a page with no kernel: what it shows."""

import pytest
from playwright.sync_api import expect

from tests.browser.heatmaps import CONCEPTS, LABELS, STATES, VALUES, picture, small, walk
from tests.browser.static_host import ROOT, Host

pytestmark = pytest.mark.browser

SHOTS = ROOT / ".ci" / "out"


@pytest.mark.parametrize("size", [(512, 400), (512, 100), (3, 2)])
def test_one_canvas_at_the_true_resolution_holds_what_is_in_sight(host: Host, size: tuple[int, int]) -> None:
    root = host.mount("iou_heatmap", size)
    canvas = root.locator("canvas.gw-canvas")
    assert root.get_attribute("data-units") == str(size[0])
    assert root.locator("*").count() < 120
    assert canvas.evaluate("canvas => canvas.width / canvas.getBoundingClientRect().width") == 2
    box = canvas.bounding_box()
    assert box
    assert box["width"] <= 960
    assert box["height"] <= 600


def test_the_far_corner_of_512_units_and_400_concepts_is_reached_and_its_headings_stay(host: Host) -> None:
    root = host.mount("iou_heatmap", (512, 400), sort="number")
    root.locator(".gw-cell").focus()
    host.page.keyboard.press("Control+End")
    cell = root.locator(".gw-cell")
    expect(cell).to_have_attribute("data-unit", "511")
    expect(cell).to_have_attribute("data-concept", "399")
    host.drawn()
    grid = root.get_by_role("grid")
    assert (grid.get_attribute("aria-rowcount"), grid.get_attribute("aria-colcount")) == ("513", "401")
    inside, around = cell.bounding_box(), root.locator(".gw-port").bounding_box()
    assert inside
    assert around
    assert inside["x"] + inside["width"] <= around["x"] + around["width"] + 1
    assert inside["y"] + inside["height"] <= around["y"] + around["height"] + 1
    # the heading of a column is still at the upper edge, and the same column
    root.locator("canvas.gw-canvas").click(position={"x": inside["x"] - around["x"] + 3, "y": 60})
    expect(root).to_have_attribute("data-concept", "399")


@pytest.mark.parametrize(
    ("sort", "units"),
    [
        ("concept", "1,5,2,0,3,4"),
        ("iou", "1,2,0,3,5,4"),
        ("category", "1,5,2,0,3,4"),
        ("number", "0,1,2,3,4,5"),
    ],
)
def test_each_order_and_a_dead_unit_is_never_ranked(host: Host, sort: str, units: str) -> None:
    root = small(host, sort="number" if sort != "number" else "iou")
    root.locator('[data-action="sort"]').select_option(sort)
    expect(root).to_have_attribute("data-order", units)
    assert host.written == [{"sort": sort}]


def test_the_clustering_is_waited_for_and_then_shown(host: Host) -> None:
    root = small(host, sort="iou")
    root.locator('[data-action="sort"]').select_option("cluster")
    expect(root).to_have_attribute("data-busy", "true")
    host.receive(rows={"labels": LABELS, "states": STATES, "clustered": [2, 0, 3, 1, 5, 4]})
    expect(root).to_have_attribute("data-order", "2,0,3,1,5,4")
    assert root.get_attribute("data-busy") is None


@pytest.mark.parametrize("show", ["map", "table"])
def test_a_drag_of_the_threshold_is_announced_once_at_its_end(host: Host, show: str) -> None:
    root = small(host, show=show, interpretable=True)
    host.page.evaluate(
        """() => {
          window.said = [];
          const live = node => node.parentElement?.closest('[role="status"], [aria-live="polite"]');
          new MutationObserver(all => {
            for (const {target, addedNodes} of all)
              for (const node of addedNodes) if (live(node)) said.push(target.textContent);
          }).observe(document.querySelector('.gw-view'), {childList: true, subtree: true});
        }"""
    )
    slider = root.locator('[data-action="threshold"]')
    box = slider.bounding_box()
    assert box
    host.page.mouse.move(box["x"] + 17, box["y"] + box["height"] / 2)
    host.page.mouse.down()
    for share in (0.2, 0.3, 0.5, 0.7):
        host.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        host.drawn()
    shown = root.locator(".gw-sum > span").first.inner_text()
    assert shown.startswith("2 of 6 units reach 0.3")
    assert host.page.evaluate("said") == []
    host.page.mouse.up()
    host.drawn()
    assert host.page.evaluate("said") == [shown]


def test_the_threshold_greys_while_it_is_dragged_and_is_written_once(host: Host) -> None:
    root = small(host)
    slider = root.locator('[data-action="threshold"]')
    box, before = slider.bounding_box(), picture(root)
    assert box
    host.page.mouse.move(box["x"] + 17, box["y"] + box["height"] / 2)
    host.page.mouse.down()
    for share in (0.3, 0.5, 0.7):
        host.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    host.drawn()
    assert 0.3 < float(root.get_attribute("data-threshold") or 0) < 0.4
    assert picture(root) != before
    expect(root.locator(".gw-sum")).to_contain_text("2 of 6 units reach 0.3")
    assert host.written == []
    host.page.mouse.up()
    (message,) = host.written
    assert 0.3 < message["threshold"] < 0.4
    expect(root).to_have_attribute("data-threshold", str(message["threshold"]))


def test_only_interpretable_units_are_left_when_asked(host: Host) -> None:
    root = small(host)
    root.locator('[data-action="interpretable"]').check()
    expect(root).to_have_attribute("data-order", "1,2,0,3")
    host.receive(threshold=0.35)
    expect(root).to_have_attribute("data-order", "1,2")
    host.receive(threshold=0.95)
    expect(root).to_have_attribute("data-shown", "0")
    expect(root.locator(".gw-sum")).to_contain_text("0 of 6 units")
    walk(root, -1, 0)
    expect(root.locator(".gw-cell")).to_have_attribute("role", "columnheader")
    assert host.written == [{"interpretable": True}]


def test_the_legend_tells_range_threshold_and_what_is_not_ranked(host: Host) -> None:
    root = small(host)
    legend = root.locator(".gw-legend")
    for text in ("0.5", "grey below 0.05", "best concept", "not ranked: 1 dead", "no value: 1 cell"):
        expect(legend).to_contain_text(text)
    expect(root.locator(".gw-sum")).to_contain_text(
        "4 of 6 units reach 0.05 with their best concept, 3 of 4 concepts."
    )


def test_without_a_dissection_it_says_what_to_run(host: Host) -> None:
    why = "'net.3' has not been dissected yet. Run lab.dissect(gw.concepts.strokes(), images=2000)."
    root = small(host)
    info = {"name": "net.3", "kind": "ReLU", "units": 9, "size": [2, 3], "why": why}
    host.receive(info=info, values={"uint8": []}, shape=[], concepts=[], rows={})
    expect(root.locator(".gw-empty")).to_have_text(why)
    for part in (".gw-tools", ".gw-legend", ".gw-scroller", ".gw-sum"):
        expect(root.locator(part).first).to_be_hidden()
    host.receive(
        info={"name": "net.3", "kind": "ReLU", "units": 6, "size": [2, 3], "why": ""},
        values={"float32": VALUES},
        shape=[3, 6, 4],
        concepts=CONCEPTS,
        rows={"labels": LABELS, "states": STATES, "clustered": []},
    )
    expect(root.locator(".gw-empty")).to_be_hidden()
    expect(root).to_have_attribute("data-order", "1,5,2,0,3,4")


def test_traits_that_do_not_belong_together_draw_nothing_and_break_nothing(host: Host) -> None:
    root = small(host)
    host.receive(shape=[6, 7, 4])
    expect(root).to_have_attribute("data-units", "0")
    host.receive(shape=[6, 6, 4], rows=None)
    expect(root).to_have_attribute("data-units", "0")
    assert root.get_attribute("data-error") is None


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_to_look_at(host: Host, theme: str) -> None:
    host.page.evaluate("theme => host.theme(theme)", theme)
    SHOTS.mkdir(parents=True, exist_ok=True)
    for size, changes in (
        ((64, 14), {}),
        ((512, 400), {}),
        ((3, 2), {"concepts": [["a name that is much too long " * 4, "category"], ["b", "c"]]}),
    ):
        root = host.mount("iou_heatmap", size, **changes)
        root.locator("canvas.gw-canvas").hover(position={"x": 160, "y": 200}, force=True)
        root.screenshot(path=str(SHOTS / f"heatmap-{size[0]}-{theme}.png"))
        host.page.mouse.move(2, 2)
