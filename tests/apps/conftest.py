"""Boxes of views are tested on the page and the generator of the views' tests."""

from tests.widgets.conftest import bundles, lab, model, nothing_left, page

__all__ = ["bundles", "lab", "model", "nothing_left", "page"]
