"""Everything needed to see the same pictures again: prior, seeds, edits, and which weights they were of."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, get_args

from torch import Tensor, nn

import gan_widgets
from gan_widgets.core.custom import alike
from gan_widgets.core.edits import Edit, as_edits, from_json, to_json
from gan_widgets.core.errors import LatentsError, RecipeError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.hooks import alone
from gan_widgets.core.intervene import intervene
from gan_widgets.core.latents import Latents, check_seeds
from gan_widgets.core.live import Mode, call, check_mode, quiet, unwrap
from gan_widgets.core.pixels import as_images
from gan_widgets.core.store import weight_hash

_FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """How some pictures were made; equal by value, and the same after a trip through JSON.

    `latents` is what `Latents.describe()` gave, `seeds` name the samples, `edits` act from left to right,
    `weights` is the sha256 of the generator's weights, `mode` how BatchNorm and the like ran, and `version`
    the version of gan_widgets that wrote it.

    >>> from gan_widgets.core.edits import Ablate
    >>> from gan_widgets.core.latents import normal
    >>> model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 16))
    >>> recipe = Recipe.of(model, normal(3), seeds=[4, 5], edits=[Ablate("1", units=[2])])
    >>> recipe.replay(model).shape
    torch.Size([2, 1, 4, 4])
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True
    """

    latents: dict[str, Any]
    seeds: tuple[int, ...]
    edits: tuple[Edit, ...]
    weights: str
    mode: Mode = "eval"
    version: str = gan_widgets.__version__

    @classmethod
    def of(
        cls,
        model: nn.Module,
        latents: Latents,
        seeds: Iterable[int],
        edits: Iterable[Edit] | Edit = (),
        *,
        mode: Mode = "eval",
    ) -> "Recipe":
        """Write down what is needed to see `model` on these latents under these edits again.

        The latents are those of the model's device and dtype, as it is run on. Raises `LatentsError`,
        `EditError` and `ModeError` for what are no seeds, no edits and no mode.
        """
        said = fitting(latents, model).describe()
        return cls(said, check_seeds(seeds), as_edits(edits), weight_hash(model), check_mode(mode))

    def to_json(self) -> str:
        """Give the recipe as JSON text; `from_json` gives an equal one, and the same text again."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        said |= {"seeds": list(self.seeds), "edits": json.loads(to_json(self.edits))}
        return json.dumps({"recipe": _FORMAT, **said}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read what `to_json` wrote; raises `RecipeError` for anything else or a newer format."""
        try:
            said = json.loads(text)
            form = said.pop("recipe")
            if type(form) is int and form > _FORMAT:
                raise _unreadable(f"format {form}, of a newer version")
            edits, seeds = from_json(json.dumps(said.pop("edits"))), check_seeds(said.pop("seeds"))
            recipe = cls(edits=edits, seeds=seeds, **said)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if isinstance(error, RecipeError):
                raise
            raise _unreadable(f"{type(error).__name__}: {error}") from error
        texts = all(isinstance(value, str) for value in (recipe.weights, recipe.version))
        if (
            (type(form), form) != (int, _FORMAT)
            or not texts
            or not isinstance(recipe.latents, dict)
            or recipe.mode not in get_args(Mode)
        ):
            raise _unreadable(text[:200])
        return recipe

    def replay(self, model: nn.Module, latents: Latents | None = None) -> Tensor:
        """Make the images `(n, ch, H, W)` again, float32: on the same machine, bit for bit.

        Raises `RecipeError` when the weights are others, and when a custom prior is not given as `latents` or
        the latents given are not those of the recipe. Latents go to the model's device and dtype.
        """
        root = unwrap(model)
        found = weight_hash(root)
        if found != self.weights:
            raise RecipeError(
                problem(
                    "the recipe was made with other weights.",
                    got=f"weights {found[:12]}…",
                    allowed=f"weights {self.weights[:12]}…",
                    next="Load the weights that it was made with, or make a recipe of these: lab.recipe().",
                )
            )
        drawn = self._latents(latents, root)
        inputs = drawn(self.seeds)
        edited = intervene(root, self.edits, latents=drawn, seeds=self.seeds, mode=self.mode)
        with alone(), quiet(root, self.mode, 0), edited:
            return as_images(call(root, inputs)).clone()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def _latents(self, given: Latents | None, model: nn.Module) -> Latents:
        if given is None:
            try:
                described = Latents.from_description(self.latents)
            except LatentsError as error:
                raise RecipeError(str(error)) from error
            return fitting(described, model)
        given = fitting(given, model)
        said, wanted = given.describe() | {"device": ""}, self.latents | {"device": ""}
        if not alike(said, wanted):
            raise RecipeError(
                problem(
                    "the recipe was made with other latents.",
                    got=said,
                    allowed=wanted,
                    next="Pass those latents.",
                )
            )
        return given


def _unreadable(got: str) -> RecipeError:
    return RecipeError(
        problem(
            "this is no recipe.", got=got, allowed="what Recipe.to_json() gave", next="Copy the whole text."
        )
    )
