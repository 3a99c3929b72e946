"""Hands on the sliders: where the focus goes, touches, and acts that wait for the kernel."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.sliders import UNITS, acts, drag, rows, seen, slider, sliders, taken
from tests.browser.static_host import Host

pytestmark = pytest.mark.browser


def assert_in_order(root: Locator) -> None:
    """Every row stands in the page after those above it."""
    assert len(rows(root)) > 10
    assert rows(root) == sorted(rows(root), key=lambda row: (row[0], row[1]))


def test_acts_wait_with_the_moves_and_in_their_order_until_they_are_taken(host: Host) -> None:
    root = sliders(host, status={"ms": 900, "can_undo": False, "can_redo": False, "seeds": [4]})
    for unit, share in ((7, 0.5), (9, 1)):
        drag(root, unit, 0, share)
        host.page.mouse.up()
        if unit == 7:
            root.locator('[data-action="undo"]').click()
    commits = [
        {"act": "commit", "units": [7], "strength": 0.5},
        {"act": "commit", "units": [9], "strength": 1},
    ]
    assert acts(host) == [commits[0], {"act": "undo"}, commits[1]]
    assert host.sent == []
    first, *others = host.get("_asked")
    strengths = [0.5 if unit == 7 else 0 for unit in range(UNITS)]
    host.receive(_taken=[first["id"]], strengths={"float32": strengths})
    expect(root).to_have_attribute("data-strengths-nonzero", "2")
    strengths[7] = 0
    host.receive(_taken=[act["id"] for act in (first, *others[:1])], strengths={"float32": strengths})
    expect(slider(root, 7)).to_have_attribute("data-strength", "0")
    expect(slider(root, 9)).to_have_attribute("data-strength", "1")
    root.locator('[data-action="new-samples"]').click()
    assert acts(host) == [commits[1], {"act": "new samples"}]


def test_sliders_go_back_when_the_kernel_takes_an_act_without_doing_it(host: Host) -> None:
    root = sliders(host)
    slider(root, 4).focus()
    host.page.keyboard.press("End")
    host.page.keyboard.press("Tab")
    expect(root).to_have_attribute("data-strengths-nonzero", "1")
    taken(host, error="ZeroDivisionError: no")
    expect(root).to_have_attribute("data-strengths-nonzero", "0")
    expect(slider(root, 4)).to_have_attribute("data-strength", "0")


def test_what_an_ablated_unit_becomes_is_an_act_too(host: Host) -> None:
    root = sliders(host)
    choice = root.locator('[data-action="value"]')
    choice.select_option("mean")
    root.locator('[data-action="new-samples"]').click()
    assert acts(host) == [{"act": "become", "value": "mean"}, {"act": "new samples"}]
    expect(root).to_have_attribute("data-value", "mean")
    expect(choice).to_have_value("mean")
    taken(host, error="no")
    expect(root).to_have_attribute("data-value", "zero")
    expect(choice).to_have_value("zero")


def test_the_list_is_where_it_was_when_its_output_comes_back(host: Host) -> None:
    root = sliders(host, 512)
    scroller = root.locator(".gw-list")
    scroller.evaluate("list => { list.scrollTop = 1500; }")
    host.drawn()
    before = seen(root)
    root.evaluate("root => { window.place = root.parentElement; place.remove(); }")
    host.drawn()
    host.page.evaluate("() => { document.getElementById('views').append(place); }")
    expect(slider(root, before[0])).to_be_in_viewport()
    assert seen(root) == before


def test_a_pressed_clear_keeps_the_focus(host: Host) -> None:
    root = sliders(host, selection=[3])
    clear = root.locator('[data-action="clear"]')
    clear.press("Enter")
    expect(root).to_have_attribute("data-selection", "")
    expect(clear).to_be_focused()
    expect(clear).to_be_disabled()


def test_a_row_that_the_sort_moves_is_followed_by_the_keys(host: Host) -> None:
    strengths = [0.001 * (511 - unit) for unit in range(512)]
    root = sliders(host, 512, strengths={"float32": strengths}, sort="strength")
    root.locator('[data-action="find"]').fill("238")
    root.locator('[data-action="find"]').press("Enter")
    host.page.keyboard.press("End")
    host.page.wait_for_function("() => host.written.some(state => state._asked)")
    host.drawn()
    assert "238" in seen(root)
    expect(slider(root, 238)).to_be_focused()


def test_the_focus_stays_in_the_list_when_another_layer_has_fewer_units(host: Host) -> None:
    root = sliders(host)
    root.locator('[data-action="find"]').fill("60")
    root.locator('[data-action="find"]').press("Enter")
    expect(slider(root, 60)).to_be_focused()
    info = {"name": "net.3", "kind": "ReLU", "units": 20, "size": [7, 7]}
    host.receive(info=info, strengths={"float32": [0.0] * 20})
    expect(slider(root, 60)).to_have_count(0)
    expect(slider(root, 19)).to_be_focused()
    host.page.keyboard.press("ArrowRight")
    assert host.written[-1] == {"preview": {"units": [19], "strength": 0.05}}


def test_a_hand_that_held_a_unit_of_another_layer_moves_nothing(host: Host) -> None:
    root = sliders(host)
    drag(root, 7, 0, 0.5)
    info = {"name": "net.3", "kind": "ReLU", "units": 5, "size": [7, 7]}
    host.receive(info=info, strengths={"float32": [0.0] * 5})
    before = host.written
    host.page.mouse.move(10, 10)
    host.page.mouse.move(900, 10)
    host.page.mouse.up()
    assert host.written == before


def test_rows_are_read_in_the_order_in_which_they_are_seen(host: Host) -> None:
    root = sliders(host, 512)
    scroller = root.locator(".gw-list")
    for top in (300, 1500, 1400, 1130, 5000, 0):
        scroller.evaluate("(list, top) => { list.scrollTop = top; }", top)
        host.drawn()
        assert_in_order(root)
    slider(root, 7).focus()
    for top in (500, 3000, 40):
        scroller.evaluate("(list, top) => { list.scrollTop = top; }", top)
        host.drawn()
        assert_in_order(root)
        expect(slider(root, 7)).to_be_focused()
    strengths = [(unit * 37 % 101) / 101 for unit in range(512)]
    host.receive(sort="strength", strengths={"float32": strengths})
    assert_in_order(root)
    expect(slider(root, 7)).to_be_focused()


@pytest.fixture
def touch(host: Host) -> Iterator[Callable[..., None]]:
    """Sends touches to the page: `touch("touchStart", x, y)`."""
    session = host.page.context.new_cdp_session(host.page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def send(kind: str, *at: float) -> None:
        points = [dict(zip("xy", at, strict=True))] if at else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    yield send
    session.detach()


def test_a_swipe_over_the_sliders_scrolls_them_and_changes_nothing(
    host: Host, touch: Callable[..., None]
) -> None:
    root = sliders(host, 512)
    box = slider(root, 9).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 10
    touch("touchStart", x, y)
    for step in range(1, 11):
        touch("touchMove", x, y - 8 * step)
    touch("touchEnd")
    host.page.wait_for_function("() => document.querySelector('.gw-list').scrollTop > 20")
    assert acts(host) == []
    assert host.get("preview") is None
    expect(root).to_have_attribute("data-strengths-nonzero", "0")


def test_a_finger_along_a_slider_moves_it(host: Host, touch: Callable[..., None]) -> None:
    root = sliders(host, 512)
    box = slider(root, 9).bounding_box()
    touch("touchStart", box["x"] + 7, box["y"] + 10)
    for step in range(1, 11):
        touch("touchMove", box["x"] + 7 + (box["width"] - 14) * step / 10, box["y"] + 10)
    touch("touchEnd")
    host.drawn()
    assert acts(host) == [{"act": "commit", "units": [9], "strength": 1}]
