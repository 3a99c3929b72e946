"""The observable state of one generator, and what each assignment does to it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Literal, Self

from torch import Tensor, nn

from gan_widgets.control.checks import (
    check_listed,
    check_open,
    checked_concept,
    checked_edits,
    checked_layer,
    checked_mode,
    checked_range,
    checked_recipe,
    checked_samples,
    checked_selection,
    middle,
)
from gan_widgets.control.dissecting import Dissecting
from gan_widgets.control.examples import Examples
from gan_widgets.control.followers import Follower
from gan_widgets.control.following import Following
from gan_widgets.control.history import History
from gan_widgets.control.rendering import Renderer
from gan_widgets.control.status import Status, described, failed
from gan_widgets.control.traits import Entry, Shown, check_known, land
from gan_widgets.core.edits import Edit
from gan_widgets.core.fitting import fitting
from gan_widgets.core.intervene import dry_run
from gan_widgets.core.latents import Latents
from gan_widgets.core.layers import LayerInfo, Layers, layers
from gan_widgets.core.live import unwrap
from gan_widgets.core.locks import lock_of
from gan_widgets.core.recipe import Recipe
from gan_widgets.core.seeds import check_seeds


class Controller(Dissecting, Following):
    """The observable state of one generator; made by `attach`.

    Assigning a trait renders first and lands only if that succeeds: a refused assignment raises, saying what
    was got and what is allowed, and changes nothing. The tensors it shows are to be read, not written into.
    """

    layer = Entry("").tag(entered=True)
    """Type: str. The layer that is looked at. Assigning another one clears `selection` and ends a preview."""
    seeds = Entry(()).tag(entered=True)
    """Type: tuple of int in [0, 2**32), one per sample."""
    edits = Entry(()).tag(entered=True)
    """Type: tuple of edits, applied left to right. Assigning is one undo step and ends a preview."""
    selection = Entry(()).tag(entered=True)
    """Type: tuple of int, ascending: the chosen units of `layer`."""
    concept = Entry("").tag(entered=True)
    """Type: str. The chosen concept; empty for none."""

    images = Shown().tag(rendered=True)
    """Type: float tensor `(n, ch, H, W)`: one image per seed under `pending`, or else under `edits`."""
    baseline = Shown().tag(rendered=True)
    """Type: float tensor `(n, ch, H, W)`: the same seeds unedited, run the same way."""
    activations = Shown().tag(rendered=True)
    """Type: tensor `(n, units, h, w)`, or `(n, units)`: what `layer` gives under the committed `edits`."""
    status = Shown().tag(rendered=True)
    """Type: `Status`: how the last render ran and how long it took."""
    error = Shown("")
    """Type: str. Why the last render failed; empty after a good one."""
    pending = Shown(None)
    """Type: tuple of the edits being previewed, or None."""

    model = Shown()
    """Type: nn.Module, the generator as it was given."""
    discriminator = Shown(None)
    """Type: nn.Module or None."""
    latents = Shown()
    """Type: `Latents`, the declared prior, on the device and in the dtype that the model runs on."""
    mode = Shown("eval")
    """Type: "eval" or "train": how BatchNorm and dropout behave while rendering."""
    range = Shown((-1.0, 1.0))
    """Type: `(low, high)`, the model's values of black and of white."""
    closed = Shown(False)
    """Type: bool. Whether it was closed; it then still shows its last images."""

    def __init__(
        self,
        model: nn.Module,
        latents: Latents,
        *,
        layer: str | None,
        discriminator: nn.Module | None,
        samples: int,
        mode: Literal["eval", "train"],
        range: tuple[float, float],  # noqa: A002  (what pixels call it)
    ) -> None:
        super().__init__()
        mode, seeds = checked_mode(mode), check_seeds(checked_samples(samples))
        self._lock = lock_of(model)
        self._followers: dict[int, Follower] = {}
        self._history: History[dict[str, Any]] = History()
        latents = fitting(latents, model)
        self._land(
            model=model, discriminator=discriminator, latents=latents, mode=mode, range=checked_range(range)
        )
        with self._lock:
            self._layers = layers(model, latents, mode=mode)
            check_listed(self._layers, unwrap(model))
            if unwrap(model) is not model:
                # the probe saw each layer's hook fire, but in the module inside the wrapper
                dry_run(model, self._layers.names, latents, mode=mode)
            name = middle(self._layers) if layer is None else checked_layer(layer, self._layers).name
            self._renderer = Renderer(model, latents, self._layers, mode)
            self._renderer.split_at(name)
            self._land(layer=name, seeds=seeds, edits=(), pending=None)

    @property
    def layers(self) -> Layers:
        """The layers that ran in the probe forward, in execution order."""
        return self._layers

    @property
    def info(self) -> LayerInfo:
        """What is known of the current `layer`: kind, units, map size."""
        return self._layers.find(self.layer)

    @property
    def examples(self) -> Examples:
        """Makes the top images of units again: `lab.examples.of(lab.found, units=[3], count=4)`."""
        return self._renderer.examples

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the model's lock: nothing renders inside this block but what the block itself asks for."""
        with self._lock:
            yield

    def preview(self, edits: Iterable[Edit] | None) -> None:
        """Show `edits` without committing them; None goes back to the committed ones. Not an undo step."""
        with self._lock:
            check_open(self.closed)
            if edits is not None:
                self._show(pending=checked_edits(edits, self._layers))
            elif self.pending is not None:
                self._show(pending=None)

    def undo(self) -> None:
        """Go back to the edits before the last assignment, or to the edits and seeds before a replay.

        Without one, nothing happens.
        """
        with self._lock:
            check_open(self.closed)
            if self._history.can_undo:
                self._travel(*self._history.undone(self._now(self._history.past[-1])))

    def redo(self) -> None:
        """Return to what was undone last; without any, nothing happens."""
        with self._lock:
            check_open(self.closed)
            if self._history.can_redo:
                self._travel(*self._history.redone(self._now(self._history.future[-1])))

    def recipe(self) -> Recipe:
        """Return everything that is needed to make the committed images again."""
        with self._lock:
            return Recipe.of(self.model, self.latents, self.seeds, self.edits, mode=self.mode)

    def replay(self, recipe: Recipe) -> Tensor:
        """Show what `recipe` describes, as one undo step, and return its images `(n, ch, H, W)`.

        Raises ControllerError if the weights, the prior or the BatchNorm mode differ from those of the
        recipe.
        """
        with self._lock:
            check_open(self.closed)
            checked_recipe(recipe, self.model, self.latents, self.mode)
            self._commit(edits=checked_edits(recipe.edits, self._layers), seeds=check_seeds(recipe.seeds))
            images: Tensor = self.images
            return images

    def refresh(self) -> None:
        """Render again, after the weights changed; what other weights were found to do is forgotten."""
        with self._lock:
            check_open(self.closed)
            self._renderer.forget()
            self._forget_other_weights()
            self._show()

    def adopt(self, follower: Follower) -> None:
        """Tell `follower` of every change until it is released, and close it when this controller closes."""
        with self._lock:
            check_open(self.closed)
            self._followers[id(follower)] = follower

    def release(self, follower: Follower) -> None:
        """Forget `follower`; releasing it twice is harmless."""
        with self._lock:
            self._followers.pop(id(follower), None)

    def close(self) -> None:
        """Close every view of this controller and drop what it cached; closing twice is harmless."""
        self.cancel()
        with self._lock:
            for follower in list(self._followers.values()):
                follower.close()
            self._land(closed=True)
            self._renderer.forget()
            self.unobserve_all()

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401
        check_known(self, name)
        super().__setattr__(name, value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        with self._lock:
            return described(self, self._renderer.split_at(self.layer))

    def _enter(self, name: str, value: Any) -> None:  # noqa: ANN401  (each check judges its own)
        with self._lock:
            check_open(self.closed)
            if name == "layer":
                info = checked_layer(value, self._layers)
                if info.name != self.layer:
                    found = self.dissections.get(info.name)
                    self._show(layer=info.name, selection=(), pending=None, found=found)
            elif name == "seeds":
                self._show(seeds=check_seeds(value))
            elif name == "edits":
                self._commit(edits=checked_edits(value, self._layers))
            elif name == "selection":
                self._land(selection=checked_selection(value, self.info))
            else:
                self._land(concept=checked_concept(value))

    def _commit(self, **entries: Any) -> None:  # noqa: ANN401
        now = self._now(entries)
        self._travel(self._history if entries == now else self._history.leave(now), entries)

    def _travel(self, history: History[dict[str, Any]], entries: dict[str, Any]) -> None:
        self._show(history, pending=None, **entries)

    def _now(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names}

    def _first(self) -> None:
        with self._lock:
            if "images" not in self._trait_values:
                self._show()

    def _show(self, history: History[dict[str, Any]] | None = None, **entries: Any) -> None:  # noqa: ANN401
        """Render the state that `entries` lead to, then land all of it; a failure lands only `error`."""
        now = {**self._trait_values, **entries}
        layer, seeds, edits, pending = now["layer"], now["seeds"], now["edits"], now["pending"]
        try:
            frame = self._renderer.render(seeds, edits if pending is None else pending, layer)
            activations = self._renderer.activations(seeds, edits, layer)
        except Exception as cause:  # noqa: BLE001  (a user's model may raise anything)
            error = failed(cause)
            self._land(error=str(error))
            raise error from (None if error is cause else cause)
        if history is not None:
            self._history = history
        status = Status(frame.ms, frame.how, frame.why, self._history.can_undo, self._history.can_redo)
        shown = {
            "images": frame.images,
            "baseline": frame.baseline,
            "activations": activations,
            "status": status,
            "error": "",
        }
        self._land(**entries, **shown)

    def _land(self, **values: Any) -> None:  # noqa: ANN401
        land(self, values, self._tell)

    def _tell(self, names: set[str]) -> None:
        for follower in list(self._followers.values()):
            follower.follow(names)
