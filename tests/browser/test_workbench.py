"""The workbench in JupyterLab: one selection everywhere, a dissection by hand, two widths, light and dark."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.jupyterlab import PATIENCE, Lab

pytestmark = pytest.mark.browser

ATTACH = """
import torch
import gan_widgets as gw

torch.set_num_threads(1)  # more of them wait for each other where other programs run
G, D, latents = gw.pretrained("dcgan-mnist")
lab = gw.attach(G, latents=latents, layer="net.6", samples=8)
"""
BENCH = "bench = gw.Workbench(lab, images=400)\nbench"
CHART = "chart = gw.LayerChart(lab)\nchart"
VIEWS = ("layer-picker", "iou-heatmap", "unit-gallery", "activation-grid", "ablation-sliders")
CHOOSING = VIEWS[1:]
MODELS = "len(__import__('ipywidgets').widgets.widget._instances)"
OVERFLOW = """root => {
  const area = root.closest('.jp-OutputArea-output');
  const boxes = [area, ...area.querySelectorAll('.widget-box, .gw-view')];
  return boxes.filter(box => box.scrollWidth > box.clientWidth + 1).length;
}"""


class Bar:
    """The bar of the workbench, as a hand and an eye have it."""

    def __init__(self, lab: Lab) -> None:
        page = lab.page
        self.start = page.get_by_role("button", name="Dissect", exact=True)
        self.stop = page.get_by_role("button", name="Cancel", exact=True)
        self.images = page.locator(".widget-inline-hbox", has_text="images").locator("input")
        self.share = page.locator(".jupyter-widgets .progress-bar")
        self.said = self.start.locator("xpath=..").locator(".widget-label").last

    def dissect(self, images: int) -> None:
        self.images.fill(str(images))
        self.images.press("Enter")
        self.start.click()


def opened(lab: Lab, *cells: str) -> Bar:
    lab.open(ATTACH, BENCH, *cells)
    lab.run()
    for name in VIEWS:
        lab.view(name)
    return Bar(lab)


def click_a_cell(heatmap: Locator, across: float, down: float) -> int:
    """Click in the canvas of the heatmap; give the unit that it then says is chosen."""
    canvas = heatmap.locator("canvas.gw-canvas")
    box = canvas.bounding_box()
    assert box
    before = heatmap.get_attribute("data-selection") or ""
    canvas.click(position={"x": box["width"] * across, "y": box["height"] * down})
    expect(heatmap).not_to_have_attribute("data-selection", before)
    return int(heatmap.get_attribute("data-selection") or -1)


def columns(lab: Lab, names: tuple[str, ...] = CHOOSING) -> int:
    """How many views stand side by side."""
    boxes = [lab.view(name).bounding_box() for name in names]
    return len({round(box["x"]) for box in boxes if box})


def test_a_dissection_by_hand_and_one_selection_in_every_view(jupyter_lab: Lab) -> None:
    bar, kernel = opened(jupyter_lab), jupyter_lab.kernel
    expect(bar.said).to_have_text("not dissected yet")
    expect(bar.stop).to_be_hidden()
    heatmap, gallery = jupyter_lab.view("iou-heatmap"), jupyter_lab.view("unit-gallery")
    expect(heatmap.locator(".gw-empty")).to_contain_text("has not been dissected")
    bar.dissect(300)
    expect(bar.said).to_have_text("dissected with 300 images", timeout=PATIENCE)
    assert kernel.value("[lab.found.images, lab.found.complete, lab.error]") == [300, True, ""]
    expect(heatmap).to_have_attribute("data-units", "128")
    for across, down in ((0.3, 0.5), (0.8, 0.8)):
        unit = click_a_cell(heatmap, across, down)
        kernel.until(f"lab.selection == ({unit},)")
        concept = kernel.value("lab.concept")
        assert concept == kernel.value(f"lab.found.concepts[{heatmap.get_attribute('data-concept')}]")
        for name in CHOOSING:
            expect(jupyter_lab.view(name)).to_have_attribute("data-selection", str(unit))
        expect(gallery).to_have_attribute("data-concept", concept)
    kernel.value("setattr(lab, 'layer', 'net.3')")
    expect(bar.said).to_have_text("not dissected yet")
    expect(heatmap.locator(".gw-empty")).to_contain_text("'net.3' has not been dissected")
    kernel.value("setattr(lab, 'layer', 'net.6')")
    expect(bar.said).to_have_text("dissected with 300 images")


def test_it_is_watched_and_cancelled_while_the_sliders_move(jupyter_lab: Lab) -> None:
    bar, kernel = opened(jupyter_lab), jupyter_lab.kernel
    bar.dissect(60_000)
    expect(bar.said).to_contain_text(" of 60,000 images")
    expect(bar.start).to_be_disabled()
    kernel.until("lab.progress is not None and lab.progress.done > 1000")
    expect(bar.share).not_to_have_attribute("style", "width: 0%;")
    for name in ("iou-heatmap", "unit-gallery"):
        empty = jupyter_lab.view(name).locator(".gw-empty").last
        expect(empty).to_contain_text("'net.6' is being dissected (")
        expect(empty).to_contain_text(" of 60,000 images")
    slider = jupyter_lab.view("ablation-sliders").locator('.gw-slider[data-unit="2"]')
    slider.focus()
    jupyter_lab.page.keyboard.press("End")
    kernel.until("[edit.units for edit in lab.edits] == [(2,)]")
    expect(jupyter_lab.view("ablation-sliders")).to_have_attribute("data-strengths-nonzero", "1")
    expect(bar.said).to_contain_text(" left")
    jupyter_lab.screenshot("workbench-dissecting")
    bar.stop.click()
    kernel.until("lab.progress is None")
    done = kernel.value("f'{lab.found.images:,}'")
    expect(bar.said).to_have_text(f"cut short after {done} images")
    assert kernel.value("[lab.found.complete, lab.error]") == [False, ""]
    expect(bar.start).to_be_enabled()
    expect(bar.stop).to_be_hidden()
    expect(jupyter_lab.view("iou-heatmap")).to_have_attribute("data-units", "128")


def test_a_dissection_that_a_cell_waits_for_is_cancelled_from_the_bar(jupyter_lab: Lab) -> None:
    bar = opened(jupyter_lab)
    jupyter_lab.page.evaluate(
        """() => {
          const notebook = window.jupyterapp.shell.currentWidget;
          const source = "found = lab.dissect(gw.concepts.strokes(), images=10**6, progress=False)";
          notebook.content.activeCellIndex = 0;
          notebook.content.activeCell.model.sharedModel.setSource(source);
          window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    expect(bar.said).to_contain_text("labels and report: ", timeout=PATIENCE)
    bar.stop.click()
    expect(bar.said).to_contain_text("cut short after ", timeout=PATIENCE)
    jupyter_lab.kernel.until("found is lab.found and not found.complete")


def test_running_the_cell_again_leaves_nothing_behind_and_a_reload_shows_it_again(jupyter_lab: Lab) -> None:
    opened(jupyter_lab, CHART)
    once = jupyter_lab.kernel.value(MODELS)
    jupyter_lab.run()
    for name in VIEWS:
        expect(jupyter_lab.view(name)).to_have_count(1)
    assert jupyter_lab.kernel.value(MODELS) == once
    jupyter_lab.kernel.value("lab.dissect(gw.concepts.strokes(), images=100, progress=False) and 1")
    jupyter_lab.save()
    jupyter_lab.reload()
    for name in VIEWS:
        jupyter_lab.view(name)
    expect(Bar(jupyter_lab).said).to_have_text("dissected with 100 images")
    jupyter_lab.kernel.value("lab.close()")
    assert jupyter_lab.kernel.value(MODELS) == 0


def test_it_has_room_at_both_widths_in_the_light_and_in_the_dark(jupyter_lab: Lab) -> None:
    """The pictures are for looking at."""
    page = jupyter_lab.page
    bar = opened(jupyter_lab)
    bar.dissect(400)
    expect(bar.said).to_have_text("dissected with 400 images", timeout=PATIENCE)
    jupyter_lab.kernel.value("setattr(lab, 'selection', [best.unit for best in lab.found.best()[:2]])")
    jupyter_lab.kernel.value("setattr(lab, 'concept', 'hole')")
    expect(jupyter_lab.view("unit-gallery")).to_have_attribute("data-concept", "hole")
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    for width, expected in ((1000, 2), (1800, 2), (2560, 4), (620, 1)):
        page.set_viewport_size({"width": width, "height": 1500})
        page.wait_for_function("width => window.innerWidth === width", arg=width)
        expect(jupyter_lab.view("unit-gallery")).to_have_attribute("data-coming", "0")
        jupyter_lab.view("iou-heatmap").scroll_into_view_if_needed()
        assert columns(jupyter_lab) == expected, width
        assert jupyter_lab.view("iou-heatmap").evaluate(OVERFLOW) == 0, width
        for theme in ("light", "dark") if width in (1000, 1800) else ():
            jupyter_lab.theme(theme)
            expect(jupyter_lab.view("unit-gallery")).to_have_attribute("data-coming", "0")
            jupyter_lab.screenshot(f"workbench-{width}-{theme}")


def test_the_chart_follows_the_dissections_in_the_light_and_in_the_dark(jupyter_lab: Lab) -> None:
    """The pictures are for looking at."""
    jupyter_lab.page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    errors: list[str] = []
    jupyter_lab.open(ATTACH, CHART)
    jupyter_lab.run()
    chart = jupyter_lab.page.locator(".bqplot")
    expect(chart).to_contain_text("Nothing has been dissected yet")
    layers = '["net.3", "net.6", "net.9"]'
    jupyter_lab.kernel.value(
        f"lab.dissect(gw.concepts.strokes(), images=200, layer={layers}, progress=False) and 1"
    )
    for layer, summary in jupyter_lab.kernel.value(
        "[[layer, [s.units, s.unique]] for layer, f in lab.dissections.items() for s in [f.summary()]]"
    ):
        expect(chart).to_contain_text(layer)
        for number, noun in zip(summary, ("unit", "concept"), strict=True):
            expect(chart).to_contain_text(f"{number} {noun}")
    inks = {}
    for theme in ("light", "dark"):
        jupyter_lab.theme(theme)
        inks[theme] = chart.locator("text", has_text="interpretable units").first.evaluate(
            "text => getComputedStyle(text).fill"
        )
        jupyter_lab.screenshot(f"layer-chart-{theme}", chart)
    assert inks["light"] != inks["dark"]
    assert errors == []
