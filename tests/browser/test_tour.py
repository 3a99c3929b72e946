"""The notebooks as a newcomer meets them: opened, run from top to bottom, every view there."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.jupyterlab import Lab
from tests.browser.static_host import ROOT

pytestmark = pytest.mark.browser


# which views, how many of each: those of the workbench count, too
VIEWS = {
    "00_tour": {"layer-picker": 1, "activation-grid": 1, "ablation-sliders": 1},
    "01_mnist_gan": {"training-sheet": 1, "activation-grid": 1, "ablation-sliders": 1},
    "02_lsgan": {"training-sheet": 1, "activation-grid": 1, "ablation-sliders": 1},
    "03_dcgan": {"training-sheet": 1, "activation-grid": 3, "ablation-sliders": 1},
    "04_dissection": {"iou-heatmap": 2, "unit-gallery": 2, "activation-grid": 1, "ablation-sliders": 1},
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_notebook_runs_to_its_end_and_every_view_draws_itself(jupyter_lab: Lab, name: str) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            # how long is trained matters for the digits, and not for the views
            cell.source = re.sub(r"^STEPS = [\d_]+", "STEPS = 40", cell.source, flags=re.MULTILINE)
    jupyter_lab.page.set_viewport_size({"width": 1400, "height": 4200 if name == "00_tour" else 12000})
    jupyter_lab.show(notebook, name)
    jupyter_lab.run()
    for view, count in VIEWS[name].items():
        drawn = jupyter_lab.page.locator(f'.gw-view[data-view="{view}"][data-ready="true"]:not([data-error])')
        expect(drawn).to_have_count(count)
    jupyter_lab.screenshot(name)
