"""Which layer is looked at."""

from collections.abc import Iterable
from typing import Any

from traitlets import List, Unicode

from gan_widgets.core.layers import LayerInfo
from gan_widgets.widgets import _domains
from gan_widgets.widgets._base import View


class LayerPicker(View):
    """A list of the layers that ran, with the kind, the units and the map size of the chosen one.

    gw.LayerPicker(lab)
    """

    stem = "layer_picker"
    writable = {"layer": _domains.layer}  # noqa: RUF012  (never changed)

    layers: List[Any] = List().tag(sync=True, echo_update=False)
    """Type: list of `{"name": str, "kind": str, "units": int, "size": [h, w]}` in execution order."""
    layer = Unicode().tag(sync=True)
    """Type: str, one of the names. Writable."""

    def draw(self, names: Iterable[str]) -> None:  # noqa: ARG002  (both traits are cheap)
        """Show the controller's layers and the chosen one."""
        self.layers = [facts(info) for info in self.lab.layers]
        self.layer = self.lab.layer

    def wrote_layer(self) -> None:
        """Look at the chosen layer, here and in every other view."""
        self.lab.layer = self.layer


def facts(info: LayerInfo) -> dict[str, Any]:
    """Return what a front end shows of a layer; `size` is `[h, w]`, or `[]` if it is fully connected.

    >>> facts(LayerInfo("net.6", "ReLU", 64, (14, 10), 1))
    {'name': 'net.6', 'kind': 'ReLU', 'units': 64, 'size': [14, 10]}
    """
    return {"name": info.name, "kind": info.kind, "units": info.units, "size": list(grid(info))}


def grid(info: LayerInfo) -> tuple[int, ...]:
    """Return the map size as it is drawn, `(h, w)` or `()`: a line is one row, a volume is stacked.

    >>> grid(LayerInfo("line", "Conv1d", 4, (9,), 1)), grid(LayerInfo("volume", "Conv3d", 4, (2, 3, 5), 1))
    ((1, 9), (6, 5))
    """
    if not info.size:
        return ()
    *rows, width = info.size
    height = 1
    for row in rows:
        height *= row
    return height, width
