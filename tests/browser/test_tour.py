"""The tour as a newcomer meets it: opened, run from top to bottom, every view there."""

import nbformat
import pytest

from tests.browser.jupyterlab import Lab
from tests.browser.static_host import ROOT

pytestmark = pytest.mark.browser


def test_the_tour_runs_to_its_end_and_every_view_draws_itself(jupyter_lab: Lab) -> None:
    tour = nbformat.read(ROOT / "notebooks" / "00_tour.ipynb", as_version=4)
    assert "widgets" not in tour.metadata
    for cell in tour.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    jupyter_lab.page.set_viewport_size({"width": 1400, "height": 4200})
    jupyter_lab.show(tour, "tour")
    jupyter_lab.run()
    for name in ("layer-picker", "activation-grid", "ablation-sliders"):
        assert jupyter_lab.view(name).get_attribute("data-error") is None
    jupyter_lab.screenshot("tour")
