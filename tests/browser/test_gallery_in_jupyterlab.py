"""The unit gallery in JupyterLab: scrolling fast, one selection in all views, a reload."""

import pytest
from playwright.sync_api import expect

from tests.browser.jupyterlab import Lab

pytestmark = pytest.mark.browser

ATTACH = """
import gan_widgets as gw

G, D, latents = gw.pretrained("dcgan-mnist")
lab = gw.attach(G, latents=latents, layer="net.6", samples=4)
found = lab.dissect(gw.concepts.strokes(), images=300, progress=False)
grid, gallery = gw.ActivationGrid(lab), gw.UnitGallery(lab, sort="number")
"""
FIRST = "root => Math.min(...[...root.querySelectorAll('.gw-unit')].map(card => Number(card.dataset.unit)))"


def test_units_scrolled_to_are_shown_selected_everywhere_and_still_there_after_a_reload(
    jupyter_lab: Lab,
) -> None:
    jupyter_lab.open(ATTACH, "gallery", "grid")
    jupyter_lab.run()
    root = jupyter_lab.view("unit-gallery")
    expect(root).to_have_attribute("data-coming", "0")
    for share in (0.1, 0.35, 0.6, 0.85, 1):
        root.locator(".gw-scroller").evaluate(
            "(box, share) => { box.scrollTop = share * box.scrollHeight; }", share
        )
    card = root.locator('.gw-unit[data-unit="127"]')
    expect(card).to_have_attribute("data-images", "there")
    expect(root).to_have_attribute("data-coming", "0")
    assert root.evaluate(FIRST) > 90
    card.click()
    expect(jupyter_lab.view("activation-grid")).to_have_attribute("data-selection", "127")
    jupyter_lab.kernel.value("setattr(lab, 'concept', 'hole')")
    expect(root).to_have_attribute("data-concept", "hole")
    jupyter_lab.screenshot("gallery-in-jupyterlab", root)
    jupyter_lab.save()
    jupyter_lab.reload()
    root = jupyter_lab.view("unit-gallery")
    expect(root).to_have_attribute("data-coming", "0")
    expect(root).to_have_attribute("data-selection", "127")
    expect(root).to_have_attribute("data-concept", "hole")
