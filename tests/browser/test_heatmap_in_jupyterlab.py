"""The heatmap in JupyterLab: one click, and every view and the controller agree; still so after a reload."""

import pytest
from playwright.sync_api import expect

from tests.browser.jupyterlab import Lab

pytestmark = pytest.mark.browser

ATTACH = """
import gan_widgets as gw

G, D, latents = gw.pretrained("dcgan-mnist")
lab = gw.attach(G, latents=latents, layer="net.6", samples=4)
heatmap, gallery, sliders = gw.IoUHeatmap(lab, sort="iou"), gw.UnitGallery(lab), gw.AblationSliders(lab)
"""
DISSECT = "found = lab.dissect(gw.concepts.strokes(), images=300, progress=False)"


def test_a_click_on_a_cell_is_seen_in_every_view_and_in_the_controller(jupyter_lab: Lab) -> None:
    jupyter_lab.open(ATTACH, "heatmap", "gallery", "sliders")
    jupyter_lab.run()
    root = jupyter_lab.view("iou-heatmap")
    expect(root.locator(".gw-empty")).to_contain_text("'net.6' has not been dissected yet. Run lab.dissect(")
    jupyter_lab.kernel.value(f"exec({DISSECT!r})")
    expect(root).to_have_attribute("data-units", "128")
    canvas = root.locator("canvas.gw-canvas")
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(root).not_to_have_attribute("data-selection", "")
    unit = int(root.get_attribute("data-selection") or -1)
    jupyter_lab.kernel.until(f"lab.selection == ({unit},)")
    concept = jupyter_lab.kernel.value("lab.concept")
    assert concept == jupyter_lab.kernel.value(f"found.concepts[{root.get_attribute('data-concept')}]")
    for name in ("unit-gallery", "ablation-sliders"):
        expect(jupyter_lab.view(name)).to_have_attribute("data-selection", str(unit))
    expect(root.locator(".gw-sum")).to_contain_text(f"1 unit, {concept} selected")
    jupyter_lab.kernel.value("[setattr(lab, 'selection', [3, 4]), setattr(lab, 'concept', 'hole')]")
    expect(root).to_have_attribute("data-selection", "3,4")
    expect(root.locator(".gw-sum")).to_contain_text("2 units, hole selected")
    root.locator('[data-action="sort"]').select_option("cluster")
    jupyter_lab.kernel.until("len(heatmap.rows['clustered']) == 128")
    order = jupyter_lab.kernel.value("','.join(str(unit) for unit in heatmap.rows['clustered'][:8])")
    expect(root).to_have_attribute("data-order", order)
    jupyter_lab.screenshot("heatmap-in-jupyterlab", root)
    jupyter_lab.save()
    jupyter_lab.reload()
    root = jupyter_lab.view("iou-heatmap")
    expect(root).to_have_attribute("data-selection", "3,4")
    expect(root).to_have_attribute("data-order", order)
    jupyter_lab.kernel.value("setattr(lab, 'layer', 'net.3')")
    expect(root.locator(".gw-empty")).to_contain_text("'net.3' has not been dissected yet")
    jupyter_lab.kernel.value("setattr(lab, 'layer', 'net.6')")
    expect(root).to_have_attribute("data-order", order)
