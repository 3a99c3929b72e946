"""The ablation sliders on a page with no kernel."""

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.sliders import UNITS, acts, drag, slider, sliders
from tests.browser.static_host import Host

pytestmark = pytest.mark.browser


def grey(root: Locator, which: str) -> list[list[int]]:
    """The red channel of a sheet, −1 where it is clear."""
    words = root.locator(f'canvas[data-image="{which}"]').evaluate(
        "canvas => { const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        " return [canvas.width, ...all.data]; }"
    )
    pixels = np.array(words[1:]).reshape(-1, words[0], 4)
    return np.where(pixels[..., 3] > 0, pixels[..., 0], -1).tolist()


@pytest.mark.parametrize("units", [512, 4096])
def test_many_units_make_few_elements(host: Host, units: int) -> None:
    root = sliders(host, units)
    assert root.get_attribute("data-units") == str(units)
    assert root.locator("*").count() < 150


def test_a_drag_previews_and_letting_go_commits_once(host: Host) -> None:
    root = sliders(host)
    drag(root, 7, 0, 0.25, 0.5)
    expect(slider(root, 7)).to_have_attribute("data-strength", "0.5")
    host.drawn()
    assert all(state.keys() == {"preview"} for state in host.written)
    assert host.written[-1] == {"preview": {"units": [7], "strength": 0.5}}
    expect(root).to_have_attribute("data-strengths-nonzero", "0")
    host.page.mouse.up()
    assert host.written[-1].keys() == {"preview", "_asked"}
    assert host.written[-1]["preview"] is None
    assert acts(host) == [{"act": "commit", "units": [7], "strength": 0.5}]
    expect(root).to_have_attribute("data-strengths-nonzero", "1")
    assert sum("_asked" in state for state in host.written) == 1


def test_previews_are_at_most_one_a_frame(host: Host) -> None:
    root = sliders(host)
    frames = root.evaluate(
        """async root => {
          const slider = root.querySelector('.gw-slider[data-unit="3"]');
          const box = slider.getBoundingClientRect();
          const event = (type, share) => slider.dispatchEvent(new PointerEvent(type, {
            bubbles: true, pointerId: 1, button: 0, clientX: box.x + share * box.width, clientY: box.y + 5}));
          slider.parentElement.closest('.gw-sliders').setPointerCapture = () => {};
          event('pointerdown', 0.1);
          let frames = 0;
          for (let at = 0; at < 300; at++) {
            event('pointermove', 0.1 + 0.8 * at / 300);
            if (at % 50 === 49) { await new Promise(requestAnimationFrame); frames++; }
          }
          event('pointerup', 0.9);
          return frames;
        }"""
    )
    assert 2 <= len([state for state in host.written if state.get("preview")]) <= 2 * frames + 1
    assert acts(host)[0]["strength"] == pytest.approx(0.9, abs=0.06)


def test_escape_in_a_drag_takes_it_back(host: Host) -> None:
    root = sliders(host)
    drag(root, 2, 0.2, 0.8)
    host.page.keyboard.press("Escape")
    host.page.mouse.up()
    assert host.written[-1] == {"preview": None}
    assert acts(host) == []
    expect(slider(root, 2)).to_have_attribute("data-strength", "0")


def test_keys_move_a_slider_and_commit_when_they_rest(host: Host) -> None:
    root = sliders(host)
    slider(root, 4).focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        host.page.keyboard.press(key)
    expect(slider(root, 4)).to_have_attribute("aria-valuenow", "0.11")
    expect(root).to_have_attribute("data-strengths-nonzero", "1")
    assert acts(host) == [{"act": "commit", "units": [4], "strength": 0.11}]


def test_leaving_a_slider_commits_at_once(host: Host) -> None:
    root = sliders(host)
    slider(root, 4).focus()
    host.page.keyboard.press("End")
    host.page.keyboard.press("ArrowDown")
    assert acts(host) == [{"act": "commit", "units": [4], "strength": 1}]
    expect(slider(root, 5)).to_be_focused()


def test_one_slider_moves_the_whole_selection(host: Host) -> None:
    root = sliders(host)
    picks = root.locator(".gw-row:not(.gw-whole) .gw-pick")
    picks.nth(1).click()
    picks.nth(4).click(modifiers=["Shift"])
    expect(root).to_have_attribute("data-selection", "1,2,3,4")
    drag(root, "selection", 0, 0.5, 1)
    host.drawn()
    assert host.written[-1] == {"preview": {"units": "selection", "strength": 1}}
    for unit in (1, 2, 3, 4):
        expect(slider(root, unit)).to_have_attribute("data-strength", "1")
    host.page.mouse.up()
    assert acts(host) == [{"act": "commit", "units": [1, 2, 3, 4], "strength": 1}]


def test_the_slider_of_no_selection_does_nothing(host: Host) -> None:
    root = sliders(host)
    expect(slider(root, "selection")).to_have_attribute("aria-disabled", "true")
    drag(root, "selection", 0, 1)
    host.page.mouse.up()
    assert host.written == []


def test_a_unit_is_found_by_its_number(host: Host) -> None:
    root = sliders(host, 4096)
    find = root.locator('[data-action="find"]')
    find.fill("3210")
    expect(slider(root, 3210)).to_be_visible()
    find.press("Enter")
    expect(slider(root, 3210)).to_be_focused()
    find.fill("4096")
    expect(root).to_contain_text("no such unit: they are 0 to 4095")


@pytest.mark.parametrize(("sort", "first"), [("index", 0), ("strength", 30), ("selection", 50)])
def test_each_sort_puts_its_unit_first(host: Host, sort: str, first: int) -> None:
    strengths = [0.9 if unit == 30 else 0.1 for unit in range(UNITS)]
    root = sliders(host, strengths={"float32": strengths}, selection=[50])
    root.locator('[data-action="sort"]').select_option(sort)
    expect(root).to_have_attribute("data-sort", sort)
    host.drawn()
    tops = {
        row.get_attribute("data-unit"): row.bounding_box()
        for row in root.locator(".gw-list .gw-slider").all()
    }
    assert min(tops, key=lambda unit: (tops[unit]["y"], tops[unit]["x"])) == str(first)


def test_the_sheets_show_every_pixel_and_the_difference_is_after_minus_before(host: Host) -> None:
    root = sliders(host)
    assert grey(root, "before") == [[10, 20, 30, -1, 70, 80, 90], [40, 50, 60, -1, 100, 110, 120]]
    assert grey(root, "after") == [[10, 20, 30, -1, 70, 80, 90], [40, 50, 60, -1, 100, 110, 20]]
    difference = grey(root, "difference")
    assert difference[0][0] == difference[0][6] != difference[1][6]
    assert (root.get_attribute("data-largest"), root.get_attribute("data-range")) == ("100", "128")
    expect(root.locator("figure").nth(2)).to_contain_text("−128")
    expect(root.locator("figure").nth(2)).to_contain_text("largest 100")


def test_each_new_picture_is_one_frame_and_a_new_size_is_none(host: Host) -> None:
    root = sliders(host)
    assert root.get_attribute("data-frame") == "1"
    for level in (1, 2, 3):
        host.receive(after={"uint8": [level] * 12})
    assert root.get_attribute("data-frame") == "4"
    host.page.set_viewport_size({"width": 700, "height": 900})
    host.drawn()
    assert root.get_attribute("data-frame") == "4"
    assert grey(root, "after")[0][0] == 3


def test_a_preview_that_is_not_answered_is_said_to_wait_until_it_is(host: Host) -> None:
    root = sliders(host)
    drag(root, 7, 0, 0.5)
    expect(root).to_have_attribute("data-busy", "true")
    expect(root).to_contain_text("kernel busy")
    drag_on = slider(root, 7).bounding_box()
    host.page.mouse.move(drag_on["x"] + drag_on["width"] - 7, drag_on["y"] + 5)
    expect(slider(root, 7)).to_have_attribute("data-strength", "1")
    host.receive(after={"uint8": [9] * 12})
    assert root.get_attribute("data-busy") is None
    host.page.mouse.up()


@pytest.mark.parametrize("action", ["undo", "redo", "reset", "new-samples"])
def test_buttons_ask_for_what_is_meant(host: Host, action: str) -> None:
    status = {"ms": 3.2, "how": "traced", "why": "", "can_undo": True, "can_redo": True, "seeds": [4, 9]}
    root = sliders(host, strengths={"float32": [1.0] * UNITS}, status=status)
    root.locator(f'[data-action="{action}"]').click()
    assert acts(host) == [{"act": action.replace("-", " ")}]


def test_there_is_nothing_to_undo_at_the_start(host: Host) -> None:
    status = {"ms": 3.2, "how": "full", "why": "because", "can_undo": False, "can_redo": False, "seeds": [4]}
    root = sliders(host, status=status)
    for action in ("undo", "redo", "reset"):
        button = root.locator(f'[data-action="{action}"]')
        expect(button).to_be_disabled()
        button.click(force=True)
    assert acts(host) == []
    expect(root).to_contain_text("3.2 ms")
    expect(root).to_contain_text("because")


def test_the_recipe_is_copied_or_shown_to_be_copied_by_hand(host: Host) -> None:
    code = '(gw.Ablate("net.6", units=(7, 12)),)'
    root = sliders(host, code=code)
    host.page.evaluate("() => { navigator.clipboard.writeText = async text => { window.copied = text; }; }")
    root.locator('[data-action="copy"]').click()
    expect(root).to_contain_text("Copied.")
    assert host.page.evaluate("window.copied") == code
    host.page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }"
    )
    root.locator('[data-action="copy"]').click()
    expect(root.locator("textarea")).to_have_value(code)
    assert host.page.evaluate("document.getSelection().toString()") == code
    host.page.set_viewport_size({"width": 700, "height": 900})
    host.drawn()
    expect(root.locator("textarea")).to_be_focused()
    expect(root).to_contain_text("Press Ctrl+C")
    host.receive(code="()")
    expect(root.locator("textarea")).to_be_hidden()


def test_what_a_reloaded_page_was_holding_is_let_go(host: Host) -> None:
    root = sliders(host, preview={"units": [3], "strength": 0.5})
    assert host.written == [{"preview": None}]
    expect(slider(root, 3)).to_have_attribute("data-strength", "0")


def test_a_view_that_goes_away_in_a_drag_lets_go(host: Host) -> None:
    drag(sliders(host), 7, 0, 0.5)
    host.page.evaluate("host.unmount()")
    assert host.written[-1] == {"preview": None}


def test_another_layer_in_a_drag_ends_it(host: Host) -> None:
    root = sliders(host)
    drag(root, 7, 0, 0.5)
    info = {"name": "net.3", "kind": "ReLU", "units": 5, "size": [7, 7]}
    host.receive(info=info, strengths={"float32": [0.0] * 5})
    assert host.written[-1] == {"preview": None}
    host.page.mouse.up()
    assert acts(host) == []
    expect(root).to_have_attribute("data-units", "5")
