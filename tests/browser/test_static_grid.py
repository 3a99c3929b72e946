"""The activation grid on a page with no kernel."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.static_host import Host

pytestmark = pytest.mark.browser

# 20 units of 4×6, each constant but for its first value: unit u has mean just over u
STEPS = [float(unit) + (0.24 if at == 0 else 0.0) for unit in range(20) for at in range(24)]

# of the cell that has the focus: its colours beyond the first values
COLOURS = """root => {
  const canvas = root.querySelector('canvas.gw-canvas');
  const [cell, from] = [root.querySelector('.gw-cell'), canvas]
    .map(element => element.getBoundingClientRect());
  const [x, y, width, height] = [cell.x - from.x + 4, cell.y - from.y, cell.width - 4, cell.height]
    .map(length => Math.round(length * devicePixelRatio));
  const {data} = canvas.getContext('2d').getImageData(x, y, width, height);
  return [...new Set(new Uint32Array(data.buffer))];
}"""


def steps(host: Host, **changes: object) -> Locator:
    """A grid of 20 units of 4×6 whose means rise with their number."""
    values = {"maps": {"float32": STEPS, "offset": 3}, "range": [0, 19.24], "selection": []}
    return host.mount("activation_grid", (20, 4, 6), **(values | changes))


def point(root: Locator, unit: int, row: float = 1.5, column: float = 2.5) -> dict[str, float]:
    """The point of the canvas where a value of a unit is, from the one cell that is an element."""
    page = root.page
    root.locator(".gw-cell").focus()
    page.keyboard.press("Control+Home")
    for _ in range(unit):
        page.keyboard.press("ArrowRight")
    cell = root.locator(f'.gw-cell[data-unit="{unit}"]').bounding_box()
    canvas = root.locator("canvas.gw-canvas").bounding_box()
    return {
        "x": cell["x"] - canvas["x"] + cell["width"] * column / 6,
        "y": cell["y"] - canvas["y"] + cell["height"] * row / 4,
    }


def test_one_canvas_at_the_true_resolution_holds_all_units(host: Host) -> None:
    root = host.mount("activation_grid", (512, 8, 8))
    canvas = root.locator("canvas.gw-canvas")
    assert root.get_attribute("data-units") == "512"
    assert root.locator("*").count() < 100
    assert canvas.evaluate("canvas => canvas.width / canvas.getBoundingClientRect().width") == 2


def test_4096_units_are_drawn_only_where_they_are_seen(host: Host) -> None:
    root = host.mount("activation_grid", (4096, 8, 8))
    sizes = root.evaluate(
        "root => { const box = root.querySelector('.gw-scroller');"
        " return [root.querySelector('canvas').height / 2, box.clientHeight, box.scrollHeight]; }"
    )
    assert sizes[0] == sizes[1] < 500
    assert sizes[2] > 10_000
    root.locator(".gw-cell").focus()
    host.page.keyboard.press("Control+End")
    expect(root.locator(".gw-cell")).to_have_attribute("data-unit", "4095")
    assert root.locator(".gw-scroller").evaluate("box => box.scrollTop + box.clientHeight") >= sizes[2] - 1


def test_hovering_gives_unit_and_the_value_under_the_pointer(host: Host) -> None:
    root = steps(host)
    root.locator("canvas.gw-canvas").hover(position=point(root, 13, row=0.5, column=0.5))
    card = root.locator(".gw-card")
    expect(card).to_have_attribute("data-unit", "13")
    assert float(card.get_attribute("data-value")) == pytest.approx(13.24)
    expect(card).to_contain_text("unit 13 of 20")
    root.locator("canvas.gw-canvas").hover(position=point(root, 13, row=3.5, column=5.5))
    expect(card).to_have_attribute("data-value", "13")
    expect(card).to_contain_text("at row 3, column 5")
    host.page.mouse.move(2, 2)
    expect(card).to_be_hidden()


def test_clicks_select_one_toggle_and_range(host: Host) -> None:
    root = steps(host)
    canvas = root.locator("canvas.gw-canvas")
    canvas.click(position=point(root, 4))
    expect(root).to_have_attribute("data-selection", "4")
    canvas.click(position=point(root, 7), modifiers=["Shift"])
    expect(root).to_have_attribute("data-selection", "4,5,6,7")
    canvas.click(position=point(root, 5), modifiers=["Control"])
    expect(root).to_have_attribute("data-selection", "4,6,7")
    canvas.click(position=point(root, 6))
    expect(root).to_have_attribute("data-selection", "6")
    assert [state["selection"] for state in host.written] == [[4], [4, 5, 6, 7], [4, 6, 7], [6]]


def test_a_range_begins_where_it_did_before_the_page_was_drawn_again(host: Host) -> None:
    root = steps(host)
    canvas = root.locator("canvas.gw-canvas")
    canvas.click(position=point(root, 4))
    frame = root.get_attribute("data-frame")
    host.page.evaluate("host.theme('dark')")
    expect(root).not_to_have_attribute("data-frame", frame)
    canvas.click(position=point(root, 7), modifiers=["Shift"])
    expect(root).to_have_attribute("data-selection", "4,5,6,7")


def test_clearing_the_selection_keeps_the_focus(host: Host) -> None:
    root = steps(host, selection=[4, 7])
    clear = root.locator('[data-action="clear"]')
    clear.focus()
    host.page.keyboard.press("Enter")
    expect(root).to_have_attribute("data-selection", "")
    expect(clear).to_have_attribute("aria-disabled", "true")
    expect(clear).to_be_focused()
    root.locator(".gw-cell").focus()
    host.page.keyboard.press("Space")
    expect(clear).not_to_have_attribute("aria-disabled", "true")


def test_the_keyboard_walks_and_selects(host: Host) -> None:
    root = steps(host)
    cell = root.locator(".gw-cell")
    cell.focus()
    for key in ("ArrowRight", "ArrowRight", "Space"):
        host.page.keyboard.press(key)
    expect(root).to_have_attribute("data-selection", "2")
    expect(cell).to_have_attribute("aria-label", "unit 2 of 20, mean 2.01, selected")
    expect(cell).to_have_attribute("aria-selected", "true")
    expect(root.locator("[aria-live]")).to_have_text("unit 2 of 20, mean 2.01, selected")
    host.page.keyboard.press("Shift+ArrowRight")
    expect(root).to_have_attribute("data-selection", "2,3")
    host.page.keyboard.press("Control+a")
    expect(root).to_have_attribute("data-selection", ",".join(map(str, range(20))))
    host.page.keyboard.press("Escape")
    expect(root).to_have_attribute("data-selection", "")
    assert root.locator(".gw-scroller").get_attribute("role") == "grid"
    assert cell.get_attribute("role") == "gridcell"


@pytest.mark.parametrize(("sort", "first"), [("index", 0), ("mean", 19), ("max", 19), ("selection", 6)])
def test_each_sort_puts_its_unit_first(host: Host, sort: str, first: int) -> None:
    root = steps(host, selection=[6, 11])
    root.locator('[data-action="sort"]').select_option(sort)
    expect(root).to_have_attribute("data-sort", sort)
    assert host.get("sort") == sort
    root.locator(".gw-cell").focus()
    host.page.keyboard.press("Control+Home")
    expect(root.locator(".gw-cell")).to_have_attribute("data-unit", str(first))


def test_the_legend_tells_the_range_in_numbers(host: Host) -> None:
    root = steps(host)
    legend = root.locator(".gw-legend")
    expect(legend).to_contain_text("19.2")
    expect(legend).to_have_attribute("data-low", "0")
    expect(legend.get_by_text("mean of several values")).to_be_hidden()
    host.receive(maps={"float32": [-value for value in STEPS]}, range=[-19.24, 0])
    expect(legend).to_contain_text("symmetric about zero")
    expect(legend).to_have_attribute("data-high", "19.24")
    root.locator('[data-action="scale"]').select_option("unit")
    expect(root).to_have_attribute("data-scale", "unit")
    expect(legend).to_contain_text("each unit has its own range")


def test_broken_and_dead_units_are_marked_and_explained(host: Host) -> None:
    values = [float(at % 7) for at in range(20 * 24)]
    values[24:48] = [2.5] * 24
    root = steps(host, maps={"float32": values}, range=[0, 6])
    legend = root.locator(".gw-legend")
    expect(legend).to_contain_text("dead, one value everywhere: 1 unit")
    expect(legend).not_to_contain_text("infinite: 1")
    plain = root.locator("canvas.gw-canvas").evaluate("canvas => canvas.toDataURL()")
    root.locator(".gw-cell").focus()
    host.page.keyboard.press("ArrowRight")
    expect(root.locator(".gw-cell")).to_have_attribute(
        "aria-label", "unit 1 of 20, mean 2.5, dead: one value everywhere"
    )
    host.page.evaluate(
        "values => { values[50] = NaN; values[51] = Infinity; host.set('maps', {float32: values}); }", values
    )
    expect(legend).to_contain_text("not a number: 1 unit")
    expect(legend).to_contain_text("infinite: 1 unit")
    assert root.locator("canvas.gw-canvas").evaluate("canvas => canvas.toDataURL()") != plain
    assert "NaN" not in legend.locator("b").all_inner_texts()


@pytest.mark.parametrize("width", [1024, 16384])
def test_no_long_map_takes_a_colour_from_its_neighbours(host: Host, width: int) -> None:
    values = [0.5 if at == 0 else float(unit % 2) for unit in range(21) for at in range(width)]
    root = host.mount("activation_grid", (21, 1, width), maps={"float32": values}, range=[0, 1], selection=[])
    assert root.locator(".gw-scroller").get_attribute("aria-colcount") == "7"
    expect(root.locator(".gw-legend")).to_contain_text("each pixel is the mean of several values")
    root.locator(".gw-cell").focus()
    seen = []
    for _ in range(10):
        seen.append(root.evaluate(COLOURS))
        host.page.keyboard.press("ArrowRight")
    zero, one = seen[0], seen[1]
    assert len(zero) == len(one) == 1
    assert zero != one
    assert seen == [zero, one] * 5


def test_one_broken_value_of_many_can_be_seen(host: Host) -> None:
    values = [1.0] * 3 * 8192
    root = host.mount("activation_grid", (3, 1, 8192), maps={"float32": values}, range=[0, 1])
    host.page.evaluate("values => { values[13192] = NaN; host.set('maps', {float32: values}); }", values)
    root.locator(".gw-cell").focus()
    host.page.keyboard.press("ArrowRight")
    host.drawn()
    assert 0xFFFF00FF in root.evaluate(COLOURS)
    assert 0xFFFF00FF in root.locator("canvas.gw-enlarged").evaluate(
        "canvas => [...new Uint32Array(canvas.getContext('2d')"
        ".getImageData(0, 0, canvas.offsetWidth * devicePixelRatio, 1).data.buffer)]"
    )


def test_the_stepper_walks_through_the_samples_and_shows_the_seed(host: Host) -> None:
    root = steps(host, seeds=[40, 50, 60], sample=1)
    expect(root.locator(".gw-tools")).to_contain_text("seed 50")
    root.locator('[data-action="next"]').click()
    expect(root.locator(".gw-tools")).to_contain_text("seed 60")
    expect(root.locator('[data-action="next"]')).to_be_disabled()
    root.locator('[data-action="sample"]').fill("0")
    root.locator('[data-action="sample"]').press("Enter")
    expect(root).to_have_attribute("data-sample", "0")
    root.locator('[data-action="sample"]').fill("99")
    root.locator('[data-action="sample"]').press("Enter")
    expect(root).to_have_attribute("data-sample", "2")
    assert [state["sample"] for state in host.written] == [2, 0, 2]


def test_a_layer_without_maps_is_a_strip_of_cells(host: Host) -> None:
    values = [0.25 * unit for unit in range(100)]
    info = {"name": "fc", "kind": "Linear", "units": 100, "size": []}
    root = host.mount(
        "activation_grid", (100, 1, 1), maps={"float32": values}, range=[0, 24.75], info=info, selection=[]
    )
    expect(root.locator(".gw-head")).to_contain_text("Linear, 100 units, no map, one value each")
    root.locator("canvas.gw-canvas").hover(position={"x": 20, "y": 15})
    expect(root.locator(".gw-card")).to_have_attribute("data-value", "0")
    root.locator(".gw-cell").focus()
    host.page.keyboard.press("ArrowRight")
    expect(root.locator(".gw-cell")).to_have_attribute("aria-label", "unit 1 of 100, value 0.25")


def test_a_sample_that_does_not_come_is_said_to_be_waited_for(host: Host) -> None:
    root = steps(host, seeds=[40, 50, 60], sample=1)
    root.locator('[data-action="next"]').click()
    expect(root).to_have_attribute("data-busy", "true")
    expect(root).to_contain_text("kernel busy")
    host.receive(maps={"float32": STEPS[::-1]}, answers=1)
    assert root.get_attribute("data-busy") is None


def test_a_sample_whose_maps_are_those_before_it_is_not_waited_for(host: Host) -> None:
    root = steps(host, seeds=[40, 50, 60], sample=0)
    for answers in (1, 2):
        root.locator('[data-action="next"]').click()
        expect(root).to_have_attribute("data-busy", "true")
        host.receive(answers=answers)
        assert root.get_attribute("data-busy") is None


def test_another_layer_replaces_everything(host: Host) -> None:
    root = steps(host, selection=[18], sort="mean")
    info = {"name": "net.3", "kind": "ReLU", "units": 3, "size": [1, 2]}
    host.receive(info=info, maps={"float32": [1, 2, 9, 9, 3, 4]}, shape=[3, 1, 2], range=[1, 9], selection=[])
    expect(root).to_have_attribute("data-units", "3")
    expect(root.locator(".gw-head")).to_contain_text("net.3")
    expect(root.locator(".gw-cell")).to_have_attribute("data-unit", "0")
    expect(root.locator(".gw-scroller")).to_have_attribute("aria-colcount", "3")
