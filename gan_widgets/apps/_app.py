"""What every laid-out box is: it makes its parts, follows a controller, and closes all that it made."""

import base64
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, ClassVar, TypeVar

from ipywidgets import Box, Layout, Widget

from gan_widgets.control import cells
from gan_widgets.control.lab import Controller
from gan_widgets.widgets._base import View, take_messages_as_asked
from gan_widgets.widgets._calls import check_keywords

Part = TypeVar("Part", bound=Widget)


class App(Box):
    """The base of all boxes; `_build` makes what is inside, `draw` follows the controller."""

    arranged: ClassVar[dict[str, str]] = {}
    """How its parts are laid out, unless the user says otherwise: fields of an `ipywidgets.Layout`."""

    _guard: AbstractContextManager[Any] = nullcontext()
    """What is held while it draws, where there is no controller."""
    _lab: Controller | None = None
    _parts: ExitStack | None = None
    _closed = False

    def __init__(self, lab: Controller | None, keywords: dict[str, Any]) -> None:
        name = type(self).__name__
        check_keywords(name, keywords, ["layout"], f"what help(gw.{name}) lists, and layout")
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        cells.supersede(kind)
        layout = keywords.get("layout")
        self._parts = ExitStack()
        self._lab = lab
        with self._held():
            try:
                if lab is not None:
                    lab.adopt(self)
                if not isinstance(layout, Layout):
                    layout = self._own(Layout(**{**self.arranged, **(layout or {})}))
                super().__init__(children=self._build(), layout=layout)
            except BaseException:
                self.close()
                raise
        cells.made_here(kind, self)

    @property
    def lab(self) -> Controller:
        """The controller that it follows."""
        assert self._lab is not None  # noqa: S101  (set before anything can ask)
        return self._lab

    def draw(self, names: Iterable[str]) -> None:
        """Show what `names`, traits of the controller, now hold. Runs under the model's lock."""

    def text(self) -> str:
        """Return what stands for it where there is no page."""
        return repr(self)

    def picture(self) -> bytes | None:
        """Return a PNG of what is shown, for places without a kernel; None without a picture."""
        return None

    def follow(self, names: set[str]) -> None:
        """Redraw, because these traits of the controller changed."""
        if not self._closed:
            self.draw(names)

    def close(self) -> None:
        """Close everything inside and give it back; closing twice is harmless."""
        if self._parts is None:
            super().close()
            return
        with self._held():
            if self._closed:
                return
            self._closed = True
            if self._lab is not None:
                self._lab.release(self)
            super().close()
            self._parts.close()
            self.unobserve_all()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._summary()}{', closed' if self._closed else ''})"

    def _build(self) -> list[Widget]:
        """Return the parts, each made with `_own`."""
        raise NotImplementedError

    def _summary(self) -> str:
        raise NotImplementedError

    def _own(self, part: Part) -> Part:
        """Take a part, which is closed with this box, and whose messages do not wait for a running cell."""
        assert self._parts is not None  # noqa: S101  (set before anything is made)
        self._parts.callback(_close_all, part)
        if not isinstance(part, View | App):
            take_messages_as_asked(part)
        return part

    def _held(self) -> AbstractContextManager[Any]:
        return self._guard if self._lab is None else self._lab.hold()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401  (IPython's protocol)
        data: Any = super()._repr_mimebundle_(**kwargs)
        with self._held():
            data["text/plain"], png = self.text(), self.picture()
        if png is not None:
            data["image/png"] = base64.b64encode(png).decode("ascii")
        return data


def _close_all(widget: Widget) -> None:
    """Close a widget and what it is made of: its layout, style, marks, scales; a view knows its own."""
    parts = [] if isinstance(widget, View | App) else list(_widgets(list(widget._trait_values.values())))
    widget.close()
    for part in parts:
        if part.comm is not None:
            _close_all(part)


def _widgets(value: Any) -> Iterator[Widget]:  # noqa: ANN401  (whatever a trait holds)
    if isinstance(value, Widget):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _widgets(item)
    elif isinstance(value, dict):
        yield from _widgets(list(value.values()))
