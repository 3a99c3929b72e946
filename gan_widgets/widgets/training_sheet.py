"""The samples of a generator in training, and a scrubber through the steps at which they were drawn."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import anywidget
from ipywidgets import Layout
from traitlets import Bytes, Int, List, Unicode

from gan_widgets.core.pixels import Pixels
from gan_widgets.widgets import _busy_light
from gan_widgets.widgets._base import in_words, take_messages_as_asked
from gan_widgets.widgets._bundles import bundle
from gan_widgets.widgets._domains import refusal

LATEST = -1
"""What `chosen` is while the latest samples are shown."""


class TrainingSheet(anywidget.AnyWidget):
    """Shows what it is given, and says which step a hand chose and which frame a page has drawn.

    `hold` gives the lock under which its traits are written. `choose()` is called when a hand has moved
    the scrubber, and `drawn()` when a page has caught up with `frame`.
    """

    _esm = Unicode().tag(sync=True)
    _css = Unicode().tag(sync=True)
    images = Bytes().tag(sync=True)
    """Type: bytes. The samples, uint8 `(n, H, W, ch)`."""
    shape = List(Int(), [0, 0, 0, 0]).tag(sync=True)
    """Type: list of 4 int: n, H, W, ch."""
    seeds = List(Int()).tag(sync=True)
    """Type: list of int, one per sample."""
    kept = List(Int()).tag(sync=True)
    """Type: list of int, ascending: the steps that can be chosen."""
    shown = Int(0).tag(sync=True)
    """Type: int. The step of `images`."""
    chosen = Int(LATEST).tag(sync=True, echo_update=False)
    """Type: int. The step that a hand chose; -1 follows the training."""
    frame = Int(0).tag(sync=True)
    """Type: int. How often something was sent, here or in what is around it."""
    seen = Int(0).tag(sync=True, echo_update=False)
    """Type: int. The last `frame` that a page has drawn."""
    error = Unicode("").tag(sync=True, echo_update=False)
    """Type: str. The text of the banner; empty for none."""

    _closed = False

    def __init__(
        self,
        seeds: Sequence[int],
        hold: Callable[[], AbstractContextManager[Any]],
        choose: Callable[[], object],
        drawn: Callable[[], None],
    ) -> None:
        script, style = bundle("training_sheet")
        self._hold, self._choose, self._drawn = hold, choose, drawn
        super().__init__(
            _esm=script, _css=style, seeds=list(seeds), layout=Layout(flex="1 1 340px", min_width="0")
        )

    def open(self) -> None:
        """Open the comm, and take its messages on whatever thread the front end asked for."""
        super().open()
        take_messages_as_asked(self)
        _busy_light.dim(getattr(self.comm, "kernel", None), self.model_id, self)

    def momentary(self, names: set[str]) -> bool:
        """Say whether a write of these is done before an eye could see the kernel at work."""
        return names == {"seen"}

    def show(self, step: int, pixels: Pixels) -> None:
        """Show the samples `pixels`, uint8 `(n, H, W, ch)`, of `step`."""
        with self.hold_sync():
            self.images, self.shape, self.shown = pixels.tobytes(), list(pixels.shape), step

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Apply what a front end wrote: which step it chose, which frame it has drawn. Nothing else."""
        with self._hold(), self.hold_sync():
            if self._closed:
                return
            try:
                super().set_state({name: self._checked(name, value) for name, value in sync_data.items()})
                self.error = ""
                if "chosen" in sync_data:
                    self._choose()
            except Exception as failure:  # noqa: BLE001  (a front end is told, never raised at)
                self.error = in_words(failure)
                self._states_to_send.update(name for name in sync_data if name in self.keys)
        if "seen" in sync_data and self.seen == self.frame:
            self._drawn()

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:  # noqa: ANN401
        """Return the synced traits; a reload sees one state, not half of two."""
        with self._hold():
            state: dict[str, Any] = super().get_state(key, drop_defaults)
            return state

    def close(self) -> None:
        """Take it off the page; closing twice is harmless."""
        if self._closed:
            return
        with self._hold():
            self._closed = True
            if self.comm is not None:
                _busy_light.undim(self.model_id)
            layout = self.layout
            super().close()
            layout.close()

    def __repr__(self) -> str:
        return f"TrainingSheet(step={self.shown:,}, {len(self.kept)} kept)"

    def _checked(self, name: str, value: Any) -> int:  # noqa: ANN401
        whole = isinstance(value, int) and not isinstance(value, bool)
        if name == "seen" and whole and 0 <= value <= self.frame:
            return int(value)
        if name == "chosen" and whole and -1 <= value < 2**53:
            return int(value)  # one that has gone meanwhile means its neighbour
        raise refusal(
            "a front end may not write this.",
            got={name: value},
            allowed="chosen: a step, or -1; seen: a frame",
        )
