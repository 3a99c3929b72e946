"""The sliders in a real JupyterLab: a hand on a slider, the pixels, and the edits in the kernel."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.jupyterlab import Lab

pytestmark = pytest.mark.browser

ATTACH = """
import gan_widgets as gw
G, D, latents = gw.pretrained("dcgan-mnist")
lab = gw.attach(G, latents=latents, discriminator=D, layer="net.6", samples=12)
picker, grid, sliders = gw.LayerPicker(lab), gw.ActivationGrid(lab), gw.AblationSliders(lab)
"""
# every pixel of every sample, as the canvas has it: images in rows of four, one clear pixel apart
PIXELS = """canvas => {
  const pen = canvas.getContext("2d");
  return Array.from({ length: 12 }, (_, sample) => {
    const tile = pen.getImageData((sample % 4) * 29, Math.floor(sample / 4) * 29, 28, 28).data;
    return Array.from({ length: 784 }, (_, pixel) => tile[4 * pixel]);
  });
}"""
# and as the kernel has it
TRUTH = "__import__('gan_widgets').core.pixels.to_uint8(lab.{}).reshape(12, 784).tolist()"
EDITS = "[[edit.layer, list(edit.units), edit.strength, edit.value] for edit in lab.edits]"


@pytest.fixture(scope="module")
def notebook(shared_lab: Lab) -> Lab:
    """All three views on one controller of the shipped generator."""
    shared_lab.open(ATTACH, "picker", "grid", "sliders")
    shared_lab.run()
    return shared_lab


@pytest.fixture
def lab(notebook: Lab) -> Lab:
    """The notebook with nothing edited and nothing chosen."""
    notebook.kernel.value("[setattr(lab, 'edits', ()), setattr(lab, 'selection', ())]")
    nonzero(notebook.view("ablation-sliders"), 0)
    expect(notebook.view("activation-grid")).to_have_attribute("data-selection", "")
    return notebook


class Hand:
    """A hand on one slider of the view."""

    def __init__(self, lab: Lab, unit: int | str) -> None:
        self.lab = lab
        self.root = lab.view("ablation-sliders")
        self.slider = self.root.locator(f'.gw-slider[data-unit="{unit}"]')
        self.slider.scroll_into_view_if_needed()
        self.box = self.slider.bounding_box()

    def press(self) -> None:
        self.move(0.02)
        self.lab.page.mouse.down()

    def move(self, share: float) -> None:
        """Move to this share of the slider's length."""
        box = self.box
        self.lab.page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)

    def drag(self, share: float, steps: int = 12) -> None:
        """Press, go there in small steps, and stay there with the button down."""
        self.press()
        for step in range(1, steps + 1):
            self.move(share * step / steps)

    def release(self) -> None:
        self.lab.page.mouse.up()


def image(lab: Lab, which: str) -> list[list[int]]:
    """The grey levels on one of the canvases."""
    return lab.view("ablation-sliders").locator(f'canvas[data-image="{which}"]').evaluate(PIXELS)


def truth(lab: Lab, which: str) -> list[list[int]]:
    """The grey levels that the kernel would show now."""
    return lab.kernel.value(TRUTH.format(which))


def settled(lab: Lab) -> None:
    """Wait until what is on the page is what the kernel has, to the last pixel."""
    root = lab.view("ablation-sliders")
    deadline = time.monotonic() + 3
    while image(lab, "after") != truth(lab, "images"):
        assert time.monotonic() < deadline, "the page does not show the kernel's images"
    assert image(lab, "before") == truth(lab, "baseline")
    assert root.get_attribute("data-error") is None


def nonzero(root: Locator, count: int) -> None:
    """Wait until this many sliders are up."""
    expect(root).to_have_attribute("data-strengths-nonzero", str(count))


def test_a_drag_changes_the_pixels_at_once_and_the_edits_when_it_ends(lab: Lab) -> None:
    root = lab.view("ablation-sliders")
    settled(lab)
    before = image(lab, "after")
    hand = Hand(lab, 7)
    hand.drag(0.97)
    lab.kernel.until("lab.pending and lab.pending[0].strength > 0.9")
    settled(lab)
    assert lab.kernel.value("lab.edits") == []
    assert lab.kernel.value("[edit.units for edit in lab.pending]") == [[7]]
    during = image(lab, "after")
    assert during != before
    assert image(lab, "before") == before
    hand.release()
    lab.kernel.until("lab.edits and lab.pending is None")
    nonzero(root, 1)
    ((layer, units, strength, value),) = lab.kernel.value(EDITS)
    assert (layer, units, value) == ("net.6", [7], "zero")
    assert 0.9 < strength <= 1
    settled(lab)
    assert image(lab, "after") == during


def test_one_drag_is_one_undo_step_and_undo_brings_the_pixels_back(lab: Lab) -> None:
    root = lab.view("ablation-sliders")
    before = image(lab, "after")
    for unit in (3, 5):
        hand = Hand(lab, unit)
        hand.drag(0.97)
        hand.release()
        lab.kernel.until(f"any({unit} in edit.units for edit in lab.edits) and lab.pending is None")
    nonzero(root, 2)
    settled(lab)
    after = image(lab, "after")
    root.locator('[data-action="undo"]').click()
    nonzero(root, 1)
    root.locator('[data-action="undo"]').click()
    nonzero(root, 0)
    settled(lab)
    assert lab.kernel.value("lab.edits") == []
    assert image(lab, "after") == before
    for count in (1, 2):
        root.locator('[data-action="redo"]').click()
        nonzero(root, count)
    settled(lab)
    assert image(lab, "after") == after


@pytest.fixture
def slow(lab: Lab) -> Iterator[Lab]:
    """The notebook with a generator that takes its time."""
    wait = "lambda *_: __import__('time').sleep(0.4)"
    lab.kernel.value(f"globals().update(slow=G.net[-1].register_forward_hook({wait}))")
    yield lab
    lab.kernel.value("slow.remove()")


def test_undo_right_after_a_drag_on_a_slow_model_undoes_that_drag(slow: Lab) -> None:
    root = slow.view("ablation-sliders")
    slow.kernel.value("setattr(lab, 'edits', [gw.Ablate('net.6', [6], 0.75)])")
    nonzero(root, 1)
    hand = Hand(slow, 3)
    hand.drag(0.97)
    hand.release()
    root.locator('[data-action="undo"]').click()
    hand = Hand(slow, 5)
    hand.drag(0.97)
    hand.release()
    slow.kernel.until("lab.edits[0].units == (5, 6) and lab.pending is None")
    nonzero(root, 2)
    settled(slow)
    root.locator('[data-action="undo"]').click()
    nonzero(root, 1)
    slow.kernel.until("lab.edits[0].units == (6,)")


def test_the_keyboard_moves_a_slider(lab: Lab) -> None:
    root = lab.view("ablation-sliders")
    root.locator('.gw-slider[data-unit="2"]').focus()
    lab.page.keyboard.press("End")
    lab.kernel.until("lab.edits")
    nonzero(root, 1)
    assert lab.kernel.value(EDITS) == [["net.6", [2], 1.0, "zero"]]
    lab.page.keyboard.press("Home")
    lab.kernel.until("not lab.edits")
    nonzero(root, 0)


def test_units_chosen_in_the_grid_move_together(lab: Lab) -> None:
    root, grid = lab.view("ablation-sliders"), lab.view("activation-grid")
    lab.kernel.value("setattr(lab, 'selection', (1, 4, 9))")
    expect(grid).to_have_attribute("data-selection", "1,4,9")
    hand = Hand(lab, "selection")
    hand.drag(0.5)
    hand.release()
    lab.kernel.until("lab.edits and lab.pending is None")
    nonzero(root, 3)
    ((_, units, strength, _),) = lab.kernel.value(EDITS)
    assert units == [1, 4, 9]
    assert 0.4 <= strength <= 0.6


def state(lab: Lab) -> dict[str, object]:
    """What the three views show."""
    root, grid, picker = (lab.view(name) for name in ("ablation-sliders", "activation-grid", "layer-picker"))
    sliders = root.locator('.gw-slider:is([data-unit="6"], [data-unit="8"])')
    return {
        "after": image(lab, "after"),
        "before": image(lab, "before"),
        "strengths": [slider.get_attribute("data-strength") for slider in sliders.all()],
        "selection": [view.get_attribute("data-selection") for view in (root, grid)],
        "sort": [view.get_attribute("data-sort") for view in (root, grid)],
        "layer": picker.locator('[data-action="layer"]').input_value(),
    }


def test_a_reload_in_the_middle_of_a_drag_shows_the_committed_state_within_three_seconds(lab: Lab) -> None:
    lab.kernel.value("setattr(lab, 'edits', [gw.Ablate('net.6', [6], 0.75)])")
    lab.kernel.value("setattr(lab, 'selection', (6, 9))")
    nonzero(lab.view("ablation-sliders"), 1)
    settled(lab)
    expected = state(lab)
    lab.save()
    Hand(lab, 8).drag(0.9)
    lab.kernel.until("lab.pending and lab.pending[0].units == (6, 8)")
    settled(lab)
    lab.reload()
    opened = time.monotonic()
    for name in ("layer-picker", "activation-grid", "ablation-sliders"):
        lab.view(name)
    lab.kernel.until("lab.pending is None")  # nobody holds the slider any more
    settled(lab)
    took = time.monotonic() - opened
    assert state(lab) == expected
    assert lab.kernel.value(EDITS) == [["net.6", [6], 0.75, "zero"]]
    assert took <= 3


def test_two_views_of_one_controller_show_the_same(jupyter_lab: Lab) -> None:
    jupyter_lab.open(ATTACH, "sliders", "sliders")
    jupyter_lab.run()
    both = jupyter_lab.view("ablation-sliders")
    expect(both).to_have_count(2)
    jupyter_lab.kernel.value("setattr(lab, 'edits', [gw.Ablate('net.6', [6], 0.5)])")
    for which in (both.nth(0), both.nth(1)):
        expect(which).to_have_attribute("data-strengths-nonzero", "1")


def test_the_views_in_the_light_and_in_the_dark(lab: Lab) -> None:
    """The pictures are for looking at; the README's is one of them (`ablation-sliders-light.png`)."""
    lab.kernel.value("setattr(lab, 'edits', [gw.Ablate('net.6', [4, 5, 13, 14, 16, 42, 57], 0.85)])")
    lab.kernel.value("setattr(lab, 'selection', (4, 5, 13, 14, 16, 42, 57))")
    nonzero(lab.view("ablation-sliders"), 7)
    shades = {}
    for kind in ("light", "dark"):
        lab.theme(kind)
        settled(lab)
        for name in ("layer-picker", "activation-grid", "ablation-sliders"):
            view = lab.view(name)
            lab.screenshot(f"{name}-{kind}", view)
            shades[name, kind] = view.evaluate("view => getComputedStyle(view).color")
        lab.screenshot(f"notebook-{kind}")
    for name in ("layer-picker", "activation-grid", "ablation-sliders"):
        assert shades[name, "light"] != shades[name, "dark"]
