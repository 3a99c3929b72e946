"""The game x·y in JupyterLab: sliders move the path, in the light and in the dark, also after a reload."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.jupyterlab import Lab

pytestmark = pytest.mark.browser

DEMO = "import gan_widgets as gw\ndemo = gw.CyclingDemo()\ndemo"
OVERFLOW = """root => {
  const area = root.closest('.jp-OutputArea-output');
  const boxes = [area, ...area.querySelectorAll('.widget-box')];
  return boxes.filter(box => box.scrollWidth > box.clientWidth + 1).length;
}"""


class Shown:
    """The demo, as a hand and an eye have it."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.page = lab, lab.page
        self.plane, self.distances = lab.page.locator(".bqplot").nth(0), lab.page.locator(".bqplot").nth(1)
        self.said = lab.page.locator(".widget-html-content", has_text="steps")
        expect(self.said).to_be_visible()
        expect(self.line(self.plane)).to_have_attribute("d", _drawn(100))
        expect(self.line(self.distances, 1)).to_have_attribute("d", _drawn(100))

    def line(self, figure: Locator, which: int = 0) -> Locator:
        return figure.locator("path.line").nth(which)

    def press(self, slider: str, *keys: str) -> None:
        """Move a slider by keyboard; what it did reaches the kernel a moment later."""
        handle = self.page.locator(".widget-slider", has_text=slider).locator(".noUi-handle")
        handle.focus()
        for key in keys:
            self.page.keyboard.press(key)


def _drawn(steps: int) -> "re.Pattern[str]":
    """A line that goes on `steps` times."""
    return re.compile(rf"^M[^ML]+(L[^ML]+){{{steps}}}$")


def opened(lab: Lab) -> tuple[Shown, list[str]]:
    errors: list[str] = []
    lab.page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    lab.open(DEMO)
    lab.run()
    return Shown(lab), errors


def test_sliders_move_the_path_its_distances_and_the_sentence(jupyter_lab: Lab) -> None:
    shown, errors = opened(jupyter_lab)
    kernel = jupyter_lab.kernel
    expect(shown.said).to_contain_text("x² + y² − 0.2·x·y = 1 at every step")
    before = shown.line(shown.plane).get_attribute("d") or ""
    shown.press("learning rate", "ArrowRight", "ArrowRight")
    kernel.until("abs(demo.lr.value - 0.22) < 1e-9")
    expect(shown.said).to_contain_text("x² + y² − 0.22·x·y = 1 at every step")
    expect(shown.line(shown.plane)).not_to_have_attribute("d", before)
    shown.press("steps", "ArrowLeft", "ArrowLeft")
    kernel.until("demo.steps.value == 80")
    expect(shown.line(shown.plane)).to_have_attribute("d", _drawn(80))
    expect(shown.line(shown.distances, 1)).to_have_attribute("d", _drawn(80))
    shown.press("momentum", *["ArrowLeft"] * 10)
    kernel.until("abs(demo.momentum.value + 0.5) < 1e-9")
    expect(shown.said).to_contain_text("a momentum of −0.5 spiral inwards and arrive")
    shown.press("averaging", "End")
    expect(shown.said).to_contain_text("The mean of all points is")
    expect(shown.distances).to_contain_text("its mean")
    shown.page.get_by_role("button", name="simultaneous").click()
    expect(shown.said).to_contain_text("No momentum makes simultaneous steps arrive")
    assert kernel.value("demo.rule.order") == "simultaneous"
    assert errors == []


def test_it_is_seen_in_the_light_and_in_the_dark_at_two_widths_and_after_a_reload(jupyter_lab: Lab) -> None:
    """The pictures are for looking at."""
    shown, errors = opened(jupyter_lab)
    page = jupyter_lab.page
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    settings = {
        "turns": "('alternating', 0.2, 0, 1.0)",
        "leaves": "('simultaneous', 0.1, 0, 1.0)",
        "arrives": "('alternating', 0.4, -0.5, 0)",
    }
    for name, values in settings.items():
        controls = "(demo.order, demo.lr, demo.momentum, demo.averaging)"
        jupyter_lab.kernel.value(f"[setattr(c, 'value', v) for c, v in zip({controls}, {values})] and 1")
        expect(shown.said).to_have_text(jupyter_lab.kernel.value("demo.sentence()"))
        for theme in ("light", "dark"):
            jupyter_lab.theme(theme)
            jupyter_lab.screenshot(f"cycling-{name}-{theme}")
    jupyter_lab.save()
    jupyter_lab.reload()
    shown = Shown(jupyter_lab)
    expect(shown.said).to_contain_text("spiral inwards")
    for width in (1400, 620):
        page.set_viewport_size({"width": width, "height": 1500})
        page.wait_for_function("width => window.innerWidth === width", arg=width)
        # the charts take their new size a moment after the page has
        page.wait_for_function(f"root => ({OVERFLOW})(root) === 0", arg=shown.plane.element_handle())
        jupyter_lab.screenshot(f"cycling-{width}")
    assert errors == []
