import pytest

import gan_widgets as gw
from gan_widgets.dissect.progress import Progress
from tests.widgets.found import found


@pytest.mark.parametrize("kind", [gw.IoUHeatmap, gw.UnitGallery])
def test_before_there_is_anything_it_says_how_far_a_dissection_is(lab, page, kind):
    view = kind(lab)
    lab._land(progress=Progress(500, 2000, 11.2, "thresholds", ("3",)))
    assert view.info["why"] == "'3' is being dissected (thresholds: 500 of 2,000 images, 12 s left)."
    page.sent.clear()
    lab._land(progress=Progress(600, 2000, 10.2, "thresholds", ("3",)))
    assert [state.keys() for state in page.updates(view)] == [{"info"}]
    lab._land(progress=Progress(600, 2000, None, "thresholds", ("5",)))
    assert "has not been dissected yet" in view.info["why"]
    lab._land(progress=None, found=found())
    assert view.info["why"] == ""
    page.sent.clear()
    lab._land(progress=Progress(500, 2000, 12.0, "thresholds", ("3",)))
    assert page.updates(view) == []
