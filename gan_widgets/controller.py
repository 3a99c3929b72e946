"""A generator under observation: what is looked at, what is edited, and what that looks like.

    lab = gw.attach(G, latents=latents)
    lab.edits = [gw.Ablate("net.6", units=[7, 12])]     # one undo step; lab.images follows
    lab.observe(print, "images")                        # an ordinary traitlets object

All of it may be used from several threads: one re-entrant lock per model is held by every render, every
assignment and every notification, and `with lab.hold():` takes it for a training step of yours.
"""

from typing import Any, Literal

from torch import nn

from gan_widgets.control import cells
from gan_widgets.control.lab import Controller
from gan_widgets.core.latents import Latents, as_latents

__all__ = ["Controller", "attach"]


def attach(
    model: nn.Module,
    latents: Latents | Any,  # noqa: ANN401  (whatever as_latents takes)
    layer: str | None = None,
    discriminator: nn.Module | None = None,
    samples: int = 16,
    mode: Literal["eval", "train"] = "eval",
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002  (what pixels call it)
) -> Controller:
    """Observe `model`, a generator fed by `latents`, and say what was found.

    One probe forward finds the layers by their hooks (for a compiled or wrapped model a second asserts that
    the hooks fire in it, too), and a self-check decides how re-rendering may be cut short at `layer`.
    Nothing is rendered before it is wanted. Latents go to the model's device, and to its floating dtype if it
    has one only: `lab.latents`. `layer=None` takes the middle rectified feature map. `samples` seeds from 0
    on are shown. `mode` says how BatchNorm behaves while rendering; `range` which values of the model are
    black and white. In a notebook, running the same cell again closes what its last run attached.

    >>> import gan_widgets as gw
    >>> model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 20), nn.Unflatten(1, (1, 4, 5)))
    >>> lab = gw.attach(model, latents=gw.normal(3), samples=2)
    >>> lab.layer, lab.images.shape, lab.activations.shape
    ('1', torch.Size([2, 1, 4, 5]), torch.Size([2, 8]))

    Raises UnknownLayerError, RefusedModelError, LatentsError, ControllerError.
    """
    cells.supersede("attach")
    lab = Controller(
        model,
        as_latents(latents),
        layer=layer,
        discriminator=discriminator,
        samples=samples,
        mode=mode,
        range=range,
    )
    cells.made_here("attach", lab)
    return lab
