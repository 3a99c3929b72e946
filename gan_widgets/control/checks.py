"""What may enter a controller: a check returns the value in its one true form, or raises."""

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Any, Literal

from torch import nn

from gan_widgets.core.custom import alike
from gan_widgets.core.edits import Ablate, Edit, Insert, Scale, fit
from gan_widgets.core.errors import ControllerError, EditError, RefusedModelError, problem
from gan_widgets.core.latents import Latents
from gan_widgets.core.layers import LayerInfo, Layers
from gan_widgets.core.live import unwrap
from gan_widgets.core.quantities import whole_number, whole_or_none
from gan_widgets.core.recipe import Recipe
from gan_widgets.core.store import weight_hash

_RECTIFIERS = {
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "ELU",
    "SELU",
    "CELU",
    "GELU",
    "SiLU",
    "Mish",
    "Softplus",
    "ReLU6",
    "RReLU",
}


def check_open(closed: bool) -> None:
    """Raise ControllerError if the controller is closed."""
    if closed:
        raise ControllerError(
            problem(
                "this controller is closed.",
                got="a change after close(), or after its cell ran again",
                allowed="reading what it last showed",
                next="Attach again: lab = gw.attach(model, latents=latents).",
            )
        )


def check_listed(layers: Layers, model: nn.Module) -> None:
    """Raise RefusedModelError, with the reasons, when no layer of the model has units to read."""
    if len(layers):
        return
    reasons = [f"{name!r}: {reason}" for name, reason in layers.left_out.items()]
    more = f" (and {len(reasons) - 3} more)" if len(reasons) > 3 else ""
    raise RefusedModelError(
        problem(
            f"{type(model).__name__} has no layer that can be looked at.",
            got="; ".join(reasons[:3]) + more or "no submodule that ran",
            allowed="a model with a submodule whose output is (n, units) or (n, units, h, w)",
            next="Put nn.Sequential(...) around a single layer, or add a submodule that puts units on dim 1.",
        )
    )


def checked_layer(name: str, layers: Layers) -> LayerInfo:
    """Return the layer of this name. Raises UnknownLayerError, or ControllerError for what is no name."""
    if not isinstance(name, str):
        raise ControllerError(
            problem(
                "a layer is named by a string.",
                got=repr(name),
                allowed="a name that gw.layers(model, latents) lists",
                next=f"Assign for instance {layers[0].name!r}.",
            )
        )
    return layers.find(name)


def checked_edits(edits: Iterable[Edit], layers: Layers) -> tuple[Edit, ...]:
    """Return `edits` as a tuple in which every edit fits a layer that ran.

    Raises UnknownLayerError or EditError.
    """
    if isinstance(edits, (Ablate, Insert, Scale)):
        edits = (edits,)
    try:
        given: tuple[Any, ...] = tuple(edits)
    except TypeError:
        given = (edits,)
    return tuple([_checked_edit(edit, layers) for edit in given])


def _checked_edit(edit: Any, layers: Layers) -> Edit:  # noqa: ANN401  (anything may be assigned)
    if not isinstance(edit, (Ablate, Insert, Scale)):
        raise EditError(
            problem(
                "edits are a sequence of edits.",
                got=repr(edit),
                allowed="Ablate, Insert and Scale",
                next='Assign for instance [gw.Ablate("net.6", units=[7, 12])].',
            )
        )
    info = layers.find(edit.layer)
    fit(edit, info.units, info.size, info.dtype)
    return edit if edit.layer == info.name else replace(edit, layer=info.name)


def checked_selection(units: Iterable[int], info: LayerInfo) -> tuple[int, ...]:
    """Return `units` of this layer, ascending and each once. Raises ControllerError."""
    try:
        chosen = sorted({whole_number(unit) for unit in units})
    except TypeError:
        chosen = [-1]
    if chosen and not 0 <= chosen[0] <= chosen[-1] < info.units:
        raise ControllerError(
            problem(
                f"the selection names units of {info.name!r}.",
                got=repr(units),
                allowed=f"whole numbers from 0 to {info.units - 1}",
                next="Assign for instance (0, 3), or () for none.",
            )
        )
    return tuple(chosen)


def checked_samples(samples: int) -> range:
    """Return the first seeds. Raises ControllerError unless `samples` is a whole number from 1 up."""
    count = whole_or_none(samples, least=1)
    if count is None:
        raise ControllerError(
            problem(
                "samples is how many images are shown.",
                got=repr(samples),
                allowed="a whole number from 1 up",
                next="Pass samples=16.",
            )
        )
    return range(count)


def checked_images(images: int) -> int:
    """Return how many images to dissect. Raises ControllerError unless it is a whole number from 4 up."""
    count = whole_or_none(images, least=4)
    if count is None:
        raise ControllerError(
            problem(
                "images is how many images are dissected.",
                got=repr(images),
                allowed="a whole number from 4 up",
                next="Pass images=2000.",
            )
        )
    return count


def checked_mode(mode: str) -> Literal["eval", "train"]:
    """Return the BatchNorm mode. Raises ControllerError unless it is "eval" or "train"."""
    if mode == "eval":
        return "eval"
    if mode == "train":
        return "train"
    raise ControllerError(
        problem(
            "mode says how BatchNorm and dropout behave while rendering.",
            got=repr(mode),
            allowed="'eval' (running statistics) or 'train' (statistics of the samples shown)",
            next="Pass mode='eval'.",
        )
    )


def checked_range(bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the values of black and white. Raises ControllerError unless both are finite, low first."""
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError):
        low, high = 0.0, 0.0
    if not (isfinite(low) and isfinite(high) and low < high):
        raise ControllerError(
            problem(
                "range gives the model's values of black and of white.",
                got=repr(bounds),
                allowed="two finite numbers, the lower first",
                next="Pass range=(-1, 1) for tanh, (0, 1) for sigmoid.",
            )
        )
    return low, high


def checked_concept(concept: str) -> str:
    """Return the name of a concept, "" for none. Raises ControllerError."""
    if not isinstance(concept, str):
        raise ControllerError(
            problem(
                "a concept is named by a string.",
                got=repr(concept),
                allowed="a name, or ''",
                next="Assign ''.",
            )
        )
    return concept


def checked_recipe(recipe: Recipe, model: nn.Module, latents: Latents, mode: str) -> None:
    """Raise ControllerError unless this model, prior and mode are those that the recipe was made with."""
    if not isinstance(recipe, Recipe):
        raise ControllerError(
            problem(
                "this is no recipe.",
                got=repr(recipe)[:200],
                allowed="what lab.recipe() or gw.Recipe.from_json(text) gave",
                next="Read JSON text first: lab.replay(gw.Recipe.from_json(text)).",
            )
        )
    for part, there, here in (
        ("weights", recipe.weights, weight_hash(unwrap(model))),
        ("prior", recipe.latents | {"device": ""}, latents.describe() | {"device": ""}),
        ("BatchNorm mode", recipe.mode, mode),
    ):
        if not alike(there, here):
            raise ControllerError(
                problem(
                    f"the recipe was made with another {part}.".replace("another weights", "other weights"),
                    got=f"a recipe of {there}",
                    allowed=f"one of {here}",
                    next="Attach the model, the latents and the mode of the recipe, then replay it.",
                )
            )


def middle(layers: Layers) -> str:
    """Return the layer to look at when none was asked for: the middle one of the best kind that there is.

    The best kind is a rectified feature map, where zero means "off"; then any feature map; then, for fully
    connected generators, a rectified layer; then anything. A map is larger than 1×1 and has more than 4 units
    (fewer is a picture).
    """
    maps = [info for info in layers if max(info.size, default=1) > 1 and info.units > 4]
    rectified = [info for info in layers if info.kind in _RECTIFIERS]
    kinds = ([info for info in maps if info in rectified], maps, rectified, list(layers))
    best = next(kind for kind in kinds if kind)
    return best[len(best) // 2].name
