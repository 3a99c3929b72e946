"""The ablation sliders on a page with no kernel, as tests ask for them and read them."""

from playwright.sync_api import Locator

from tests.browser.static_host import Host

UNITS = 70


def sliders(host: Host, units: int = UNITS, **changes: object) -> Locator:
    """Sliders of `units` units, all down, with nothing chosen, beside two images of 2×3."""
    state = {
        "strengths": {"float32": [0.0] * units, "offset": 5},
        "selection": [],
        "before": {"uint8": [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]},
        "after": {"uint8": [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 20], "pad": 66_000, "offset": 1},
        "shape": [2, 2, 3, 1],
    }
    return host.mount("ablation_sliders", (units,), **(state | changes))


def slider(root: Locator, unit: int | str) -> Locator:
    return root.locator(f'.gw-slider[data-unit="{unit}"]')


def drag(root: Locator, unit: int | str, *shares: float) -> None:
    """Press at the first share of the slider's length and go to each of the others; the button stays down."""
    box = slider(root, unit).bounding_box()
    mouse = root.page.mouse
    for at, share in enumerate(shares):
        mouse.move(box["x"] + 7 + (box["width"] - 14) * share, box["y"] + box["height"] / 2)
        if at == 0:
            mouse.down()


def acts(host: Host) -> list[dict]:
    """What hands did that the kernel, who answers nothing here by itself, has not taken; without the ids."""
    return [{name: act[name] for name in act if name != "id"} for act in host.get("_asked") or []]


def taken(host: Host, **state: object) -> None:
    """Answer as a kernel that has taken all of it."""
    host.receive(_taken=[act["id"] for act in host.get("_asked")], **state)


def rows(root: Locator) -> list[tuple[float, float, str]]:
    """Where the rows of the list are, and their units, in the order of the page's elements."""
    return root.locator(".gw-list .gw-slider").evaluate_all(
        "all => all.map(one => [one.getBoundingClientRect(), one.dataset.unit])"
        ".map(([box, unit]) => [box.y, box.x, unit])"
    )


def seen(root: Locator) -> list[str]:
    """The units in sight."""
    box = root.locator(".gw-list").bounding_box()
    return [unit for y, _, unit in rows(root) if box["y"] <= y < box["y"] + box["height"] - 20]
