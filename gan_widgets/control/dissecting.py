"""Dissecting while the views stay live: one run at a time, its progress told, its results kept by layer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from traitlets import HasTraits

from gan_widgets.control.checks import check_open, checked_images, checked_layer
from gan_widgets.control.traits import Shown
from gan_widgets.core.errors import ControllerError, DissectionError, GanWidgetsError, problem
from gan_widgets.core.layers import Layers
from gan_widgets.core.store import weight_hash
from gan_widgets.dissect.progress import Progress

if TYPE_CHECKING:
    from gan_widgets.dissect.concepts.protocol import Segmenter
    from gan_widgets.dissect.result import Dissection

TOLD = 0.1
"""Seconds between two assignments to `progress`: each makes views redraw."""
_NOTHING: "Mapping[str, Dissection]" = MappingProxyType({})


@dataclass(eq=False)
class Job:
    """A dissection that runs: of which layers, how many images and which weights, and what came of it so far.

    `told` is when its progress was last told, `failure` what an observer of that raised first.
    """

    layers: list[str]
    images: int
    weights: str
    stop: Event = field(default_factory=Event)
    told: float = 0.0
    results: "dict[str, Dissection]" = field(default_factory=dict)
    failure: Exception | None = None


class Dissecting(HasTraits):
    """The part of a controller that dissects its generator: unedited, whatever `edits` are.

        found = lab.dissect(gw.concepts.strokes(), images=2000)
        lab.dissect_in_background(gw.concepts.strokes(), layer=["net.3", "net.6"]).join()
        lab.found, lab.dissections["net.3"]

    The model's lock is held for one batch at a time, so sliders go on moving meanwhile.
    """

    found = Shown(None)
    """Type: the latest `Dissection` of `layer`, or None if there is none."""
    dissections = Shown(_NOTHING)
    """Type: read-only mapping of layer to its latest `Dissection`, in the order in which the layers run."""
    progress = Shown(None)
    """Type: `Progress` of the dissection that runs, told at most ten times a second; or None."""

    layer: Any
    closed: Any
    model: Any
    latents: Any
    mode: Any
    _layers: Layers
    _lock: Any
    _land: Callable[..., None]
    _job: Job | None = None

    def dissect(
        self,
        segmenter: "Segmenter",
        images: int = 2000,
        layer: str | Sequence[str] | None = None,
        **keywords: Any,  # noqa: ANN401  (those of gw.dissect)
    ) -> "Dissection | dict[str, Dissection]":
        """Return which units of `layer` stand for which concepts; `found` and `dissections` show it, too.

        `layer` is the current one unless named; for a sequence of layers a dict is returned. Any keyword of
        `gw.dissect` may follow. An interrupt from the keyboard or `cancel()` ends it early; what was counted
        by then is returned, with `complete=False`, and shown if any image was reported on.

        >>> import gan_widgets as gw
        >>> from torch import nn
        >>> grow = nn.Sequential(nn.Linear(3, 160), nn.Unflatten(1, (8, 4, 5)), nn.ReLU(), nn.Conv2d(8, 1, 1))
        >>> lab = gw.attach(grow, latents=gw.normal(3), layer="2", samples=2)
        >>> bright = gw.concepts.from_function(lambda images: images > 0, names=["bright"])
        >>> lab.dissect(bright, images=64, progress=False)
        Dissection('2': 8 units at 4×5, 1 concept, 64 images; ...)
        >>> lab.layer = "0"
        >>> lab.found is None, list(lab.dissections)
        (True, ['2'])

        Raises DissectionError, UnknownLayerError, and ControllerError when a dissection already runs, or when
        the weights changed while this one did.
        """
        job = self._begin(images, layer)
        try:
            self._count(job, segmenter, keywords)
        finally:
            self._end(job)
        if job.failure is not None:
            raise job.failure
        return job.results[job.layers[0]] if layer is None or isinstance(layer, str) else job.results

    def dissect_in_background(
        self,
        segmenter: "Segmenter",
        images: int = 2000,
        layer: str | Sequence[str] | None = None,
        **keywords: Any,  # noqa: ANN401  (those of gw.dissect)
    ) -> Thread:
        """Start `dissect` in a thread, and return the thread; views follow `progress` and then `found`.

        What goes wrong there is told by `error`. No bar is printed unless `progress=True`.

        Raises UnknownLayerError and ControllerError.
        """
        job = self._begin(images, layer)

        def work() -> None:
            try:
                self._count(job, segmenter, {"progress": False, **keywords})
            except Exception as cause:  # noqa: BLE001  (a user's segmenter may raise anything)
                job.failure = cause
            self._end(job, **({} if job.failure is None else {"error": _in_words(job.failure)}))

        thread = Thread(target=work, name="dissect", daemon=True)
        thread.start()
        return thread

    def cancel(self) -> None:
        """End the dissection that runs, after its present batch; without one, nothing happens."""
        job = self._job
        if job is not None:
            job.stop.set()

    def _begin(self, images: int, layer: str | Sequence[str] | None) -> Job:
        with self._lock:
            check_open(self.closed)
            here: Any = self.layer if layer is None else layer
            wanted = list(here) if isinstance(here, Iterable) and not isinstance(here, str) else [here]
            names = [checked_layer(name, self._layers).name for name in wanted]
            if self._job is not None:
                raise ControllerError(
                    problem(
                        "one dissection at a time.",
                        got=f"another, while {', '.join(map(repr, self._job.layers))} is being dissected",
                        allowed="a controller that does not dissect",
                        next="Wait until lab.progress is None, or end it: lab.cancel().",
                    )
                )
            job = Job(names, checked_images(images), weight_hash(self.model))
            self._job = job
            try:
                self._land(progress=Progress(0, job.images, None, "starting", tuple(names)))
            except BaseException:
                self._end(job)
                raise
            return job

    def _count(self, job: Job, segmenter: "Segmenter", keywords: dict[str, Any]) -> None:
        from gan_widgets.dissect.run import dissect  # half of the package, which most controllers never need

        asked, also = keywords.pop("cancel", None), keywords.pop("on_progress", None)

        def cancelled() -> bool:
            return job.stop.is_set() or (asked is not None and bool(asked()))

        def tell(progress: Progress) -> None:
            self._tell_progress(job, progress)
            if also is not None:
                also(progress)

        try:
            results: Any = dissect(
                self.model,
                job.layers,
                latents=self.latents,
                segmenter=segmenter,
                images=job.images,
                cancel=cancelled,
                on_progress=tell,
                **{"mode": self.mode, **keywords},
            )
        except DissectionError as failure:
            job.results = self._of_one_generator(job, failure.partial or {})
            raise
        job.results = self._of_one_generator(job, results)
        with suppress(KeyboardInterrupt):  # everything is counted
            for found in filter(_reported, job.results.values()):
                _ = found.ci, found.p_values, found.q_values  # views want them: make them while nobody waits

    def _of_one_generator(self, job: Job, results: "dict[str, Dissection]") -> "dict[str, Dissection]":
        """Return `results`. Raises ControllerError if the weights changed while they were counted."""
        with self._lock:
            now = weight_hash(self.model)
        if now == job.weights:
            return results
        raise ControllerError(
            problem(
                "the weights changed during the dissection, so what was counted is of no generator.",
                got=f"weights {now[:12]}… at the end",
                allowed=f"weights {job.weights[:12]}…, as at the start",
                next="Pause the training, then dissect again.",
            )
        )

    def _tell_progress(self, job: Job, progress: Progress) -> None:
        now = monotonic()
        if now - job.told < TOLD:
            return
        job.told = now
        with self._lock:
            try:
                self._land(progress=progress)
            except Exception as failure:  # noqa: BLE001  (raised at the end: an observer must not cost the run)
                job.failure = job.failure or failure

    def _end(self, job: Job, **more: Any) -> None:  # noqa: ANN401
        with self._lock:
            self._job = None
            new = {name: found for name, found in job.results.items() if _reported(found)}
            kept = self._by_layer({**self.dissections, **new}) if new and not self.closed else {}
            self._land(progress=None, **kept, **more)

    def _by_layer(self, results: "Mapping[str, Dissection]") -> dict[str, Any]:
        """Return the traits that show these results."""
        ordered = {info.name: results[info.name] for info in self._layers if info.name in results}
        return {"dissections": MappingProxyType(ordered), "found": ordered.get(self.layer)}

    def _forget_other_weights(self) -> None:
        """Drop what was found in other weights than the present ones, and end the run that looks at those."""
        if self._job is None and not self.dissections:
            return
        now = weight_hash(self.model)
        if self._job is not None and self._job.weights != now:
            self.cancel()
        same = {name: found for name, found in self.dissections.items() if found.provenance["weights"] == now}
        if len(same) < len(self.dissections):
            self._land(**self._by_layer(same))


def _reported(found: "Dissection") -> bool:
    """Whether any image was reported on; what ended before has nothing to show."""
    return bool(found.provenance["seeds"]["report"])


def _in_words(cause: Exception) -> str:
    """Return the text of a failure in the background: our own errors speak for themselves."""
    if isinstance(cause, GanWidgetsError):
        return str(cause)
    return problem(
        "the dissection failed; what was found before is still there.",
        got=f"{type(cause).__name__}: {cause}",
        allowed="a model and a segmenter that run on these latents",
        next="Mend it, then dissect again.",
    )
