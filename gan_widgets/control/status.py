"""How a controller tells what it did: the status of a render, a failure in words, its own description."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gan_widgets.core.custom import FINGERPRINT
from gan_widgets.core.errors import GanWidgetsError, RenderError, problem
from gan_widgets.core.layers import LayerInfo

if TYPE_CHECKING:
    from gan_widgets.control.lab import Controller
    from gan_widgets.core.split import Split


@dataclass(frozen=True)
class Status:
    """How the last render ran.

    `ms` milliseconds from edits to images; `how` "sequential", "traced" or "full" and the sentence `why`;
    whether there is something to undo or to redo.
    """

    ms: float
    how: str
    why: str
    can_undo: bool = False
    can_redo: bool = False


def failed(cause: Exception) -> GanWidgetsError:
    """Return what to raise when a render failed: `cause` itself if it is ours, else a `RenderError`."""
    if isinstance(cause, GanWidgetsError):
        return cause
    return RenderError(
        problem(
            "the model failed while rendering; what is shown is from before.",
            got=f"{type(cause).__name__}: {cause}",
            allowed="a model that runs on the latents it was attached with",
            next="Mend the model, then call lab.refresh(), or attach it again.",
        )
    )


def described(lab: "Controller", halves: "Split") -> str:
    """Return what was found when attaching, one thing a line; renders once if nothing was rendered yet."""
    try:
        speed = f"{lab.status.ms:.1f} ms for {len(lab.seeds)} samples"
    except GanWidgetsError as failure:
        speed = "failed: " + str(failure).splitlines()[0]
    known = lab.latents.describe()
    prior = {"": known["prior"]} | {k: v for k, v in known.items() if k not in ("prior", FINGERPRINT)}
    maps = sum(bool(info.size) for info in lab.layers)
    lines = {
        "layers": f"{len(lab.layers)} ran, {maps} with maps; at {lab.layer!r}: {in_words(lab.info)}",
        "prior": ", ".join(f"{key} {value}".strip() for key, value in prior.items()),
        "split": f"{halves.how}: {halves.why}",
        "render": f"{speed}, BatchNorm in {lab.mode} mode",
        "edits": f"{len(lab.edits)}",
    }
    head = f"Controller({type(lab.model).__name__})" + (", closed" if lab.closed else "")
    return "\n".join([head, *(f"  {name:7} {text}" for name, text in lines.items())])


def in_words(info: LayerInfo) -> str:
    """Return a layer in words: its kind, how many units, how large their maps.

    >>> in_words(LayerInfo("net.6", "ReLU", 64, (14, 10), 1))
    'ReLU, 64 units of 14×10'
    >>> in_words(LayerInfo("fc", "Linear", 20, (), 1))
    'Linear, 20 units'
    """
    return f"{info.kind}, {info.units} units" + (f" of {'×'.join(map(str, info.size))}" if info.size else "")
