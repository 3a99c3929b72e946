"""Hands on a training: play and pause, single steps, learning rates, who is frozen."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from math import floor, log10
from typing import TYPE_CHECKING, Any

from ipywidgets import (
    BoundedIntText,
    Button,
    FloatLogSlider,
    FloatProgress,
    FloatSlider,
    Label,
    ToggleButton,
    Widget,
)

from gan_widgets.apps._app import App
from gan_widgets.core.errors import ControllerError, problem

if TYPE_CHECKING:
    from gan_widgets.train.controls import Controls, Which
    from gan_widgets.train.trainer import Trainer

Do = Callable[[Callable[[], object]], None]
"""Runs what a hand asked for; what goes wrong is said in the banner."""
_ROW = {"display": "flex", "flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 8px"}
_FURTHEST = 10**9
_STEPS: "dict[Which, str]" = {
    "D": "One step of the discriminator alone",
    "G": "One step of the generator alone",
    "both": "One whole step: the discriminator, then the generator",
}


class TrainingBar(App):
    """Play, pause, one step of D, of G or of both; until when, and how far it is."""

    arranged = _ROW

    def __init__(self, trainer: "Trainer", guard: AbstractContextManager[Any], do: Do) -> None:
        self._trainer, self._guard, self._do = trainer, guard, do
        super().__init__(None, {})

    def show(self, said: str, share: float | None) -> None:
        """Show whether it runs, say how far it is, and draw the `share` of the way; None draws none."""
        running = self._trainer.running
        for part in (self.play, *self.steps):
            part.disabled = running
        self.pause.disabled = not running
        self.share.layout.display = "none" if share is None else ""
        self.share.value = share or 0.0
        self.said.value = self.said.tooltip = said

    def _build(self) -> list[Widget]:
        trainer = self._trainer
        self.play = self._button("Play", "Train in the background", self._played, "primary")
        self.pause = self._button("Pause", "Stop after the present step", trainer.pause)
        self.steps = [
            self._button(f"Step {which}", hint, partial(trainer.once, which), wide=84)
            for which, hint in _STEPS.items()
        ]
        self.until = self._own(
            BoundedIntText(
                min=0,
                max=_FURTHEST,
                description="until step",
                tooltip="Where Play stops by itself; 0 plays on until Pause",
                layout={"width": "170px"},
                style={"description_width": "64px"},
            )
        )
        self.share = self._own(FloatProgress(min=0.0, max=1.0, layout={"width": "120px"}))
        self.said = self._own(Label())
        self.said.add_class("gw-said")
        return [self.play, self.pause, *self.steps, self.until, self.share, self.said]

    def _button(
        self,
        text: str,
        hint: str,
        act: Callable[[], object],
        style: str = "",
        wide: int = 88,
    ) -> Button:
        made = self._own(
            Button(description=text, tooltip=hint, button_style=style, layout={"width": f"{wide}px"})
        )
        made.on_click(lambda _: self._do(act))
        return made

    def _played(self) -> None:
        until, step = self.until.value, self._trainer.step
        if 0 < until <= step:
            raise ControllerError(
                problem(
                    "the training is there already:",
                    got=f"until step {until:,}, at step {step:,}",
                    allowed="a later step, or 0 for no end",
                    next="Enter one, then press Play.",
                )
            )
        self._trainer.play(until=until or None)

    def _summary(self) -> str:
        return str(self.said.value)


class TrainingControls(App):
    """Learning rates, who is frozen, label smoothing, steps of D for each of G: from the next step on."""

    arranged = _ROW

    def __init__(self, trainer: "Trainer", guard: AbstractContextManager[Any], do: Do) -> None:
        self._trainer, self._guard, self._do = trainer, guard, do
        self._drawing = False
        self._drawn: Controls | None = None
        super().__init__(None, {})

    def show(self) -> None:
        """Show what the trainer has now, whoever changed it."""
        now = self._trainer.controls
        if now == self._drawn:
            return
        self._drawing, self._drawn = True, now
        try:
            for network, slider in self.rates.items():
                _set_rate(slider, network, getattr(now, f"lr_{network}"))
                self.frozen[network].value = network in now.frozen
            self.smoothing.max = max(self.smoothing.max, now.smoothing)
            self.d_steps.max = max(self.d_steps.max, now.d_steps)
            self.smoothing.value, self.d_steps.value = now.smoothing, now.d_steps
        finally:
            self._drawing = False

    def _build(self) -> list[Widget]:
        self.rates = {
            network: self._follows(
                FloatLogSlider(
                    min=-6,
                    max=-1,
                    step=0.05,
                    value=1e-3,
                    description=f"lr of {network}",
                    readout_format=".1e",
                    continuous_update=False,
                    tooltip=f"The learning rate of {network}",
                    layout={"width": "270px"},
                    style={"description_width": "52px"},
                ),
                partial(_rate, network),
            )
            for network in "GD"
        }
        self.frozen = {
            network: self._follows(
                ToggleButton(
                    description=f"Freeze {network}",
                    tooltip=f"{network} keeps its weights while this is on",
                    layout={"width": "88px"},
                ),
                partial(_frozen, network),
            )
            for network in "GD"
        }
        self.smoothing = self._follows(
            FloatSlider(
                min=0.0,
                max=0.5,
                step=0.05,
                description="label smoothing",
                readout_format=".2f",
                continuous_update=False,
                tooltip="How far the label of real images is from 1",
                layout={"width": "270px"},
                style={"description_width": "112px"},
            ),
            lambda value: {"smoothing": value},
        )
        self.d_steps = self._follows(
            BoundedIntText(
                min=1,
                max=100,
                description="D steps per G step",
                layout={"width": "200px"},
                style={"description_width": "136px"},
            ),
            lambda value: {"d_steps": value},
        )
        self.show()
        pairs = [part for network in "GD" for part in (self.rates[network], self.frozen[network])]
        return [*pairs, self.smoothing, self.d_steps]

    def _follows(self, part: Any, change: Callable[[Any], dict[str, Any]]) -> Any:  # noqa: ANN401
        def changed(record: dict[str, Any]) -> None:
            with self._guard:
                if not self._drawing:
                    self._do(lambda: self._change(change(record["new"])))

        part.observe(changed, "value")
        return self._own(part)

    def _change(self, wanted: dict[str, Any]) -> None:
        try:
            self._trainer.change(**wanted)
        finally:
            self._drawn = None  # a refused value goes back to what is
            self.show()

    def _summary(self) -> str:
        return repr(self._trainer.controls)


def _rate(network: str, value: float) -> dict[str, Any]:
    return {f"lr_{network}": _rounded(value)}


def _frozen(network: str, on: bool) -> dict[str, Any]:
    return {"frozen": (network,) if on else ()}


def _rounded(rate: float) -> float:
    """Return a learning rate as a hand meant it.

    >>> _rounded(10**-3.7)
    0.0002
    """
    return float(f"{rate:.1e}")


def _set_rate(slider: FloatLogSlider, network: str, rate: float) -> None:
    """Show a learning rate, also one that lies beside the slider's present range; 0 has no place on it."""
    slider.readout = rate > 0
    slider.description = f"lr of {network}" if rate else f"{network}: lr 0"
    if rate > 0:
        slider.min, slider.max = min(slider.min, floor(log10(rate))), max(slider.max, floor(log10(rate)) + 1)
    slider.value = max(rate, 10**slider.min)
