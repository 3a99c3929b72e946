"""Dissection in one process: every image is generated and segmented once, and nothing but counts is kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from torch import nn

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.latents import Latents, Sampler, as_latents
from gan_widgets.core.live import Mode
from gan_widgets.dissect.cluster import on
from gan_widgets.dissect.concepts.protocol import Segmenter, described
from gan_widgets.dissect.counting import finished
from gan_widgets.dissect.job import Found, Job, prepared
from gan_widgets.dissect.progress import Progress, telling
from gan_widgets.dissect.result import Dissection
from gan_widgets.dissect.scale import Threshold
from gan_widgets.dissect.settings import Null, Settings
from gan_widgets.dissect.subject import Subject, subject
from gan_widgets.dissect.untrained import untrained

if TYPE_CHECKING:
    from distributed import Client

Prior: TypeAlias = Latents | Sampler | Callable[[int], Any]
"""What `as_latents` takes."""


@overload
def dissect(model: nn.Module, layer: str, **keywords: Any) -> Dissection: ...  # noqa: ANN401
@overload
def dissect(model: nn.Module, layer: list[str], **keywords: Any) -> dict[str, Dissection]: ...  # noqa: ANN401
def dissect(  # type: ignore[misc]  # (the two above leave the keywords to this one)
    model: nn.Module,
    layer: str | Sequence[str],
    *,
    latents: Prior,
    segmenter: Segmenter,
    images: int = 2000,
    threshold: Threshold | Dissection | Found = "quantile",
    share: float = 0.01,
    beside: Sequence[float] = (),
    levels: int = 64,
    agreement: float | None = None,
    start: int = 0,
    part: tuple[int, int] = (0, 1),
    batch: int | None = None,
    mode: Mode = "eval",
    null: Null | None = "permutation",
    top: int = 8,
    progress: bool = True,
    cancel: Callable[[], bool] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    resume: Dissection | Found | None = None,
    client: "Client | None" = None,
) -> Dissection | dict[str, Dissection]:
    """Find which units of a layer stand for which concepts.

    `IoU[u, c] = Σ |{a↑ > t} ∧ s| / Σ |{a↑ > t} ∨ s|`, a ratio of sums over all images (Bau et al., "GAN
    Dissection", arXiv 1811.10597, eq. 2): `a↑` is the unit's map on the grid of the masks `s` (bilinear,
    `align_corners=False`). The seeds from `start` on are shared out: levels `t` are found on the first
    quarter (at most 1000 images), each unit's best concept is chosen on a third of the rest, and what is
    reported comes from the others; see `plan.Plan`.

    `threshold` is `"quantile"`: the level that the top `share` of a unit's map positions exceeds (other
    shares `beside` it are counted along, for `iou_at`); or `"iqr"`:
    for each unit and concept, the one among `levels` levels between the unit's 80th percentile and its
    maximum that maximises `I / H` (Wijaya 2017), with more than `agreement` of all pixels agreeing if given;
    or an earlier dissection, whose levels are taken: then no image serves for thresholds.

    Several layers are read in the same forwards, and give a dict. Fully connected layers are compared with
    the presence of concepts in images. `null` is what chance is: masks permuted among images of
    neighbouring seeds, the same network untrained (twice the time; see `untrained.untrained`), or None.

    `batch` images run at once, fewer when memory runs out. Counting does not depend on it; a model may (some
    matrix products round otherwise for odd batches), and where images depend on their batch, because of
    `mode` or as a few seeds show, it is part of the result. `part=(k, of)` looks at a k-th share of the
    labels and the report; the parts are merged with `Dissection.merge`. `cancel()`, asked after each batch,
    and an interrupt from the keyboard end the run with what was counted so far (`complete` is False);
    `resume=` goes on from there, and also from the `partial` of a `DissectionError`. `top` images are kept
    for each unit. With `client`, a `dask.distributed.Client`, its workers look at the images, to the same
    result; see `cluster.on`.

    A half-precision model is counted as float32. With the shipped generator in float16, and 2000 images, IoU
    is within 1e-3 of that in float32: with `"quantile"`, and with `"iqr"` at every level. Which level `"iqr"`
    chooses may change where two are about equally informative (an argmax), so compare at those of the other
    run, by `threshold=` and `iou_at`. In fewer images, a hole that only one of both draws weighs more.
    bfloat16 keeps three bits less: its own arithmetic moves IoU by up to about 3e-3, at some levels 5e-3.

    The model is left as it was: weights, buffers, modes, hooks, random states. Its lock is held for one batch
    at a time. Edits entered around the call do not count. Raises `UnknownLayerError`, `LatentsError`,
    `RefusedModelError`, and `DissectionError` for arguments that are not legal, for masks that are not what
    the segmenter promised, when the segmenter or the model fails, and when memory ends at a batch of 1.

    >>> import torch, gan_widgets as gw
    >>> G, _, latents = gw.pretrained("dcgan-mnist")
    >>> halves = gw.concepts.from_function(lambda x: (x > 0) & (torch.arange(28) < 14), names=["left ink"])
    >>> gw.dissect(G, "net.6", latents=latents, segmenter=halves, images=64, progress=False)
    Dissection('net.6': 128 units at 7×7, 1 concept, 64 images; ...)
    """
    finish = finished if client is None else on(client)
    names = _names(layer)
    known = {} if isinstance(threshold, str) else _by_layer(threshold, names, "threshold")
    if not isinstance(threshold, str):
        scale = known[names[0]]._state.scale
        threshold, share, beside, levels = scale.threshold, scale.share, scale.beside, scale.count
    beside = tuple(beside) if isinstance(beside, Iterable) else beside
    settings = Settings(
        images, threshold, share, beside, levels, agreement, start, part, batch, mode, null, top
    )
    if cancel is not None and not callable(cancel):
        raise DissectionError(
            problem(
                "cancel is asked whether to end.",
                got=repr(cancel)[:200],
                allowed="a function without arguments, or None",
                next="Pass for instance cancel=event.is_set.",
            )
        )
    described(segmenter)
    earlier = {} if resume is None else _by_layer(resume, names, "resume")
    prior = as_latents(latents)
    work = [_begun(model, names, prior, segmenter, settings, known, earlier)]
    if null == "untrained":
        twin, without = untrained(model, latents=prior), replace(settings, null=None)
        work.append(_begun(twin, names, prior, segmenter, without, _untrained(known), _untrained(earlier)))

    def results() -> Dissection | dict[str, Dissection]:
        found: Found = {}
        for _, job in reversed(work):
            found = job.results(found)
        return found[names[0]] if isinstance(layer, str) else dict(found)

    total, done = sum(job.images for _, job in work), sum(job.done for _, job in work)
    try:
        with telling(total, done, names, show=progress, on_progress=on_progress) as tell:
            all(finish(running, job, tell, cancel or _never) for running, job in work)
    except KeyboardInterrupt:
        return results()
    except Exception as error:
        raise _failed(error, results()) from error
    return results()


def _begun(
    model: nn.Module,
    names: tuple[str, ...],
    prior: Latents,
    segmenter: Segmenter,
    settings: Settings,
    known: Found,
    earlier: Found,
) -> tuple[Subject, Job]:
    running, infos = subject(model, names, prior, segmenter, settings.mode, settings.batch)
    return running, prepared(running, infos, settings, known, earlier)


def _never() -> bool:
    return False


def _untrained(found: Found) -> Found:
    return {name: one._untrained for name, one in found.items() if one._untrained is not None}


def _names(layer: str | Sequence[str]) -> tuple[str, ...]:
    names = (layer,) if isinstance(layer, str) else tuple(layer) if isinstance(layer, Iterable) else ()
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise DissectionError(
            problem(
                "a dissection needs layers, each of them once.",
                got=repr(layer),
                allowed="a layer's name, or several that differ",
                next="Pass one of gw.layers(model, latents).",
            )
        )
    return names


def _by_layer(found: Any, names: tuple[str, ...], keyword: str) -> dict[str, Dissection]:  # noqa: ANN401
    if isinstance(found, Dissection) and len(names) == 1:
        found = {names[0]: found}
    legal = isinstance(found, Mapping) and all(isinstance(found.get(name), Dissection) for name in names)
    if not legal:
        raise DissectionError(
            problem(
                f"{keyword} is no dissection of these layers.",
                got=repr(found)[:200],
                allowed=f"a Dissection of {names[0]!r}"
                if len(names) == 1
                else f"a dict with {', '.join(names)}",
                next="Pass what gw.dissect or Dissection.load gave.",
            )
        )
    return {name: found[name] for name in names}


def _failed(error: Exception, partial: Dissection | dict[str, Dissection]) -> DissectionError:
    """Make the error that a run ends with; nothing that was counted is lost."""
    failed = error if isinstance(error, DissectionError) else None
    if failed is None:
        failed = DissectionError(
            problem(
                "the dissection ended early.",
                got=f"{type(error).__name__}: {error}",
                allowed="a run through",
                next="The cause is above. What was counted is in this error's `partial`: pass it as resume=.",
            )
        )
    failed.partial = partial
    return failed
