"""Keys pressed in a view are the view's own: the notebook around it does not act on them."""

import pytest
from playwright.sync_api import expect

from tests.browser.jupyterlab import Lab

pytestmark = pytest.mark.browser

ATTACH = """
import torch
from torch import nn
import gan_widgets as gw

torch.manual_seed(0)
grow = [nn.Linear(5, 8 * 4 * 6), nn.Unflatten(1, (8, 4, 6)), nn.ReLU()]
model = nn.Sequential(*grow, nn.Conv2d(8, 1, 3), nn.Tanh())
lab = gw.attach(model, latents=gw.normal(5), layer="2", samples=3)
bright = gw.concepts.from_function(lambda images: images > 0, ["bright"])
found = lab.dissect(bright, images=64, progress=False)
grid, sliders = gw.ActivationGrid(lab), gw.AblationSliders(lab)
heatmap, gallery = gw.IoUHeatmap(lab), gw.UnitGallery(lab)
"""
TARGETS = {
    "activation-grid": ".gw-cell",
    "ablation-sliders": '.gw-slider[data-unit="2"]',
    "iou-heatmap": ".gw-cell",
    "unit-gallery": '.gw-unit[data-unit="2"]',
}
FIELDS = {"iou-heatmap": '[data-action="threshold"]', "unit-gallery": '[data-action="search"]'}
NOTEBOOK = """() => {
  const {content} = window.jupyterapp.shell.currentWidget;
  return [content.widgets.length, content.activeCellIndex, content.mode];
}"""


def test_keys_in_a_view_do_not_reach_the_notebook(jupyter_lab: Lab) -> None:
    jupyter_lab.open(ATTACH, "grid", "sliders", "heatmap", "gallery")
    jupyter_lab.run()
    for view, target in TARGETS.items():
        root = jupyter_lab.view(view)
        root.locator(target).focus()
        before = jupyter_lab.page.evaluate(NOTEBOOK)
        for key in ("ArrowDown", "ArrowUp", "b", "a", "d", "d", "x", "Enter", "Escape", "Control+a"):
            jupyter_lab.page.keyboard.press(key)
        assert jupyter_lab.page.evaluate(NOTEBOOK) == before
        expect(root).to_have_attribute("data-selection", "0,1,2,3,4,5,6,7")
        jupyter_lab.page.keyboard.press("Escape")
        expect(root).to_have_attribute("data-selection", "")
    for view, field in FIELDS.items():
        jupyter_lab.view(view).locator(field).focus()
        before = jupyter_lab.page.evaluate(NOTEBOOK)
        for key in ("b", "a", "d", "d", "x", "m", "ArrowUp", "ArrowDown"):
            jupyter_lab.page.keyboard.press(key)
        assert jupyter_lab.page.evaluate(NOTEBOOK) == before
