"""The notebooks as a newcomer meets them: opened, run from top to bottom, every view there."""

import nbformat
import pytest

from tests.browser.jupyterlab import Lab
from tests.browser.static_host import ROOT

pytestmark = pytest.mark.browser


VIEWS = {
    "00_tour": ("layer-picker", "activation-grid", "ablation-sliders"),
    "04_dissection": ("iou-heatmap", "unit-gallery"),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_notebook_runs_to_its_end_and_every_view_draws_itself(jupyter_lab: Lab, name: str) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    jupyter_lab.page.set_viewport_size({"width": 1400, "height": 4200})
    jupyter_lab.show(notebook, name)
    jupyter_lab.run()
    for view in VIEWS[name]:
        assert jupyter_lab.view(view).get_attribute("data-error") is None
    jupyter_lab.screenshot(name)
