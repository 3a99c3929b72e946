"""What every view is: a function of a controller's state that sends intents back.

A view has three parts. `draw(names)` writes the state of its controller into its traits. `writable` names the
traits that a front end may write, each with its check. `wrote_<name>()` says what a write means. Everything
happens with the model's lock held, and nothing that a front end sends can raise, or reach any other trait.
"""

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar

import anywidget
from ipywidgets import Layout, Widget
from ipywidgets.widgets.widget import _put_buffers
from PIL import Image
from traitlets import Unicode, default

from gan_widgets.control import cells
from gan_widgets.control.lab import Controller
from gan_widgets.control.traits import check_known
from gan_widgets.core.errors import GanWidgetsError
from gan_widgets.widgets import _busy_light
from gan_widgets.widgets._bundles import bundle
from gan_widgets.widgets._calls import check_controller, check_keywords
from gan_widgets.widgets._domains import Check, refusal

Image.preinit()  # or the first picture would load Pillow's formats, while somebody waits for a view

ALL = frozenset(Controller.class_trait_names())
"""Every trait of a controller."""


class View(anywidget.AnyWidget):
    """The base of all views; takes the controller first, then its writable traits or `layout` as keywords."""

    stem: ClassVar[str]
    """The file name of its front end, without the ending."""
    writable: ClassVar[dict[str, Check]] = {}
    """What a front end may write, in the order in which one message's writes are applied; those without an
    underscore are keywords too."""

    _esm = Unicode().tag(sync=True)
    _css = Unicode().tag(sync=True)
    error = Unicode("").tag(sync=True, echo_update=False)
    """Type: str. The text of the banner; empty for none."""

    _lab: Controller | None = None
    _drawing = False
    _closed = False
    _own_layout = True

    def __init__(self, lab: Controller, **keywords: Any) -> None:  # noqa: ANN401  (each has its own check)
        called = type(self).__name__
        check_controller(called, lab)
        known = (*(trait for trait in self.writable if not trait.startswith("_")), "layout")
        check_keywords(called, keywords, known, "the controller, then " + ", ".join(known))
        script, style = bundle(self.stem)
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        cells.supersede(kind)
        layout = {"layout": keywords.pop("layout")} if "layout" in keywords else {}
        self._own_layout = not isinstance(layout.get("layout"), Layout)
        self._register_validator(_valid, tuple(self.writable))
        with lab.hold():
            self._lab = lab
            try:
                lab.adopt(self)
                self._redraw(ALL)
                self._esm, self._css = script, style
                for name in (name for name in self.writable if name in keywords):
                    setattr(self, name, keywords[name])
                super().__init__(**layout)
            except BaseException:
                self.close()
                raise
        cells.made_here(kind, self)

    def open(self) -> None:
        """Open the comm, and take its messages on whatever thread the front end asked for."""
        super().open()
        take_messages_as_asked(self)
        _busy_light.dim(getattr(self.comm, "kernel", None), self.model_id, self)

    def momentary(self, names: set[str]) -> bool:  # noqa: ARG002
        """Say whether a front end's write of these is done before an eye could see the kernel at work."""
        return False

    def draw(self, names: Iterable[str]) -> None:
        """Write what `names`, traits of the controller, now hold into the traits of this view."""
        raise NotImplementedError

    def picture(self) -> bytes | None:
        """Return a PNG of what is shown, for places without a kernel; None for a view without a picture."""
        return None

    def still(self) -> bytes | None:
        """Return `picture`, or None while the banner says why it could not be drawn."""
        try:
            with self.lab.hold():
                return self.picture()
        except Exception as failure:  # noqa: BLE001  (the live view matters more than its still picture)
            self.error = in_words(failure)
            return None

    def answer(self) -> None:
        """Tell the front end that its message was handled, even if that changed nothing."""

    @property
    def lab(self) -> Controller:
        """The controller that this view shows."""
        assert self._lab is not None  # noqa: S101  (set before anything can ask)
        return self._lab

    def follow(self, names: set[str]) -> None:
        """Redraw, because these traits of the controller changed; what goes wrong is shown in the banner."""
        if not self._closed:
            with self.hold_sync():
                self._redraw(names)

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401
        check_known(self, name)
        super().__setattr__(name, value)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Apply what a front end wrote: all of it, or none if any value is refused; the banner says why."""
        with self.lab.hold(), self.hold_sync():
            if self._closed:
                return
            try:
                values = {name: self._checked(name, value) for name, value in sync_data.items()}
                self.error = self.lab.error
                with self._lock_property(**sync_data):
                    for name in (name for name in self.writable if name in values):
                        self.set_trait(name, values[name])
                self._echo(values)
            except Exception as failure:  # noqa: BLE001  (a front end is told, never raised at)
                self._refuse(failure, sync_data)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:  # noqa: ANN401
        """Return the synced traits; a reload sees one state, not half of two."""
        keys = set(self.keys if key is None else [key] if isinstance(key, str) else key)
        unmade = keys & {"layout"} - self._trait_values.keys()
        with self._lab.hold() if self._lab is not None else nullcontext():
            return {**super().get_state(keys - unmade, drop_defaults), **dict.fromkeys(unmade)}

    @default("layout")
    def _late_layout(self) -> Layout:
        """Make a layout when somebody asks for it: a page takes longer over one than over the view's rows."""
        layout = Layout()
        if self.comm is not None:
            state = {"layout": f"IPY_MODEL_{layout.model_id}"}
            self._send({"method": "update", "state": state, "buffer_paths": []})
        return layout

    def notify_change(self, change: Any) -> None:  # noqa: ANN401  (traitlets' own record)
        """Send the change, tell observers, and do what the write means unless this view wrote it itself."""
        if self._lab is None or change["name"] not in self.keys:
            super().notify_change(change)
            return
        with self._lab.hold():
            super().notify_change(change)
            meaning = getattr(self, f"wrote_{change['name']}", None)
            if meaning is None or self._drawing or self._closed:
                return
            try:
                meaning()
            except BaseException:
                self._redraw(ALL)
                raise

    def close(self) -> None:
        """Take the view off the page and give everything back; closing twice is harmless."""
        if self._closed:
            return
        if self._lab is None:
            super().close()
            return
        with self._lab.hold():
            self._closed = True
            self._lab.release(self)
            if self.comm is not None:
                _busy_light.undim(self.model_id)
            layout = self._trait_values.get("layout")
            super().close()
            if self._own_layout and layout is not None:
                layout.close()
            self.unobserve_all()

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"{type(self).__name__}({self._summary()}{closed})"

    def _summary(self) -> str:
        return f"layer={self.lab.layer!r}, units={self.lab.info.units}" if self._lab is not None else ""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401  (IPython's protocol)
        both: Any = super()._repr_mimebundle_(**kwargs)
        data, metadata = both
        if (png := self.still()) is not None:
            data["image/png"] = base64.b64encode(png).decode("ascii")
        return data, metadata

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        with self.lab.hold(), self.hold_sync():
            if self._closed:
                return
            try:
                self._receive(msg["content"]["data"], msg.get("buffers", []))
            except Exception as failure:  # noqa: BLE001  (a front end is told, never raised at)
                self._refuse(failure, self.writable)
            self.answer()

    def _receive(self, data: dict[str, Any], buffers: Any) -> None:  # noqa: ANN401
        match data["method"]:
            case "update":
                state = dict(data["state"])
                _put_buffers(state, data.get("buffer_paths", []), buffers)
                self.set_state(state)
            case "request_state":
                self.send_state()
            case other:
                raise refusal("no such message.", got=other, allowed="update, request_state")

    def _checked(self, name: object, value: Any) -> Any:  # noqa: ANN401
        if not isinstance(name, str) or name not in self.writable:
            raise refusal("a front end may not write this.", got=name, allowed=", ".join(self.writable))
        return self.writable[name](self, value)

    def _refuse(self, failure: Exception, names: Iterable[Any]) -> None:
        self._redraw(ALL)
        self.error = in_words(failure)
        self._states_to_send.update(name for name in names if name in self.keys)

    def _echo(self, names: Iterable[str]) -> None:
        # a page that had older news after it wrote is put right, and so is a second window on this kernel
        if echoed := {name for name in names if self.trait_metadata(name, "echo_update", True)}:
            state = self.get_state(echoed)
            self._send({"method": "echo_update", "state": state, "buffer_paths": []})

    def _redraw(self, names: Iterable[str]) -> None:
        with self._as_drawing():
            try:
                self.draw(names)
                self.error = self.lab.error
            except Exception as failure:  # noqa: BLE001  (shown in the banner, and other views still redraw)
                self.error = in_words(failure)

    @contextmanager
    def _as_drawing(self) -> Iterator[None]:
        before, self._drawing = self._drawing, True
        try:
            yield
        finally:
            self._drawing = before


def in_words(failure: Exception) -> str:
    """Return the text of a banner: our own errors speak for themselves, others are named by kind."""
    return str(failure) if isinstance(failure, GanWidgetsError) else f"{type(failure).__name__}: {failure}"


def in_short(words: str) -> str:
    """Return the text of an error on one line: what it says and what was got."""
    what, *parts = words.splitlines() or [""]
    return what + next((part.partition("got:")[2] for part in parts if part.strip().startswith("got:")), "")


def take_messages_as_asked(widget: Widget) -> None:
    """Let a widget's messages run on whatever thread the front end asked for.

    ipykernel 7.4 sends them to the thread that last published, where they wait for the running cell.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = _as_asked


def _as_asked(_: Any, asked: Any) -> Any:  # noqa: ANN401  (ipykernel's protocol: a message's data, its subshell)
    return asked


def _valid(view: View, proposal: dict[str, Any]) -> Any:  # noqa: ANN401  (traitlets' protocol for validators)
    return proposal["value"] if view._drawing else view._checked(proposal["trait"].name, proposal["value"])
