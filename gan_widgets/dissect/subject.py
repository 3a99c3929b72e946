"""What is dissected: a model run on seeds, its layers read and its images segmented, leaving no trace."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gan_widgets.core.agree import apart, bound, leaves
from gan_widgets.core.capture import capture
from gan_widgets.core.errors import DissectionError, GanWidgetsError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.hooks import alone
from gan_widgets.core.inputs import try_out
from gan_widgets.core.kept import streams_kept
from gan_widgets.core.latents import Latents
from gan_widgets.core.layers import LayerInfo, layers
from gan_widgets.core.live import Mode, call, quiet, unwrap
from gan_widgets.core.locks import lock_of
from gan_widgets.core.memory import out_of_memory
from gan_widgets.core.pixels import as_images
from gan_widgets.core.probe import streams
from gan_widgets.dissect.concepts.protocol import Segmenter, checked
from gan_widgets.dissect.state import as_maps

_T = TypeVar("_T")
_LARGEST_TENSOR = {"cpu": 32 << 20, "cuda": 1 << 30}  # bytes; see `usual_batch`
_MOST_AT_ONCE = {"cpu": 64, "cuda": 256}


@dataclass(eq=False)
class Subject:
    """A model, its latents and a segmenter: maps and masks by seed.

    `fixed` says that an image depends on its batch (batch statistics, noise drawn in the forward): then
    batches are never made smaller, and random numbers start from the first seed of each batch.
    """

    root: nn.Module
    names: tuple[str, ...]
    latents: Latents
    segmenter: Segmenter = field(repr=False)
    mode: Mode
    batch: int
    fixed: bool

    def maps(self, seeds: range) -> dict[str, Tensor]:
        """Give each layer's float32 maps `(n, units, h, w)`; the forward ends once the last layer has run."""
        return _joined([self._maps(piece) for piece in self._pieces(seeds)])

    def maps_and_masks(self, seeds: range) -> tuple[dict[str, Tensor], Tensor]:
        """Give each layer's maps, and the bool masks `(n, concepts, H, W)` of the images."""
        found = [self._maps_and_masks(piece) for piece in self._pieces(seeds)]
        masks = [masks for _, masks in found]
        return _joined([maps for maps, _ in found]), masks[0] if len(masks) == 1 else torch.cat(masks)

    def halve(self, failure: str) -> None:
        """Go on with half the batch; raises `DissectionError` when it cannot be made smaller."""
        if self.batch == 1 or self.fixed:
            raise DissectionError(
                problem(
                    "there is not enough memory for this model and segmenter.",
                    got=f"batch={self.batch}: {(failure or 'MemoryError').splitlines()[0]}",
                    allowed="a batch that fits" if self.fixed else "room for one image at a time",
                    next="Pass a smaller batch=; images depend on theirs here, so it is part of the result."
                    if self.fixed
                    else "Free memory, dissect fewer layers at once, or use a machine with more.",
                )
            )
        self.batch //= 2
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.empty_cache()

    def _pieces(self, seeds: range) -> list[range]:
        return [
            range(at, min(at + self.batch, seeds.stop)) for at in range(seeds.start, seeds.stop, self.batch)
        ]

    def _maps(self, seeds: range) -> dict[str, Tensor]:
        _, acts = self._forward(seeds, stop=True)
        return acts

    def _maps_and_masks(self, seeds: range) -> tuple[dict[str, Tensor], Tensor]:
        output, acts = self._forward(seeds, stop=False)
        images = as_images(output)
        with streams_kept():
            masks = _named("the segmenter", seeds, lambda: checked(self.segmenter, images))
        return acts, masks

    def _forward(self, seeds: range, *, stop: bool) -> tuple[Any, dict[str, Tensor]]:
        inputs = self.latents(seeds)
        output: Any = None
        seed = seeds.start if self.fixed else None
        silence = quiet(self.root, self.mode, seed)
        with lock_of(self.root), silence, alone(), capture(self.root, self.names, stop=stop) as acts:
            output = _named("the model", seeds, lambda: call(self.root, inputs))
        return output, {name: as_maps(acts[name]) for name in self.names}


def subject(
    model: nn.Module,
    names: Sequence[str],
    latents: Latents,
    segmenter: Segmenter,
    mode: Mode,
    batch: int | None,
) -> tuple[Subject, dict[str, LayerInfo]]:
    """Make a model ready to be dissected, and tell the sizes of its layers.

    Latents are made `fitting`. Raises `DissectionError` for layers without units, and `UnknownLayerError`,
    `LatentsError` and `RefusedModelError` as `gw.layers` does.
    """
    root = unwrap(model)
    latents = fitting(latents, root)
    with lock_of(root):
        with _drawing(root) as drew:
            ran = layers(root, latents, mode=mode)
        infos = {name: _legal(ran.find(name)) for name in names}
    if batch is None:
        weight = next(root.parameters(), None)
        batch = usual_batch(list(ran), "cpu" if weight is None else weight.device.type)
    made = Subject(root, tuple(names), latents, segmenter, mode, batch, fixed=mode != "eval" or any(drew))
    made.fixed = made.fixed or _looks_around(made)
    return made, infos


@contextmanager
def _drawing(root: nn.Module) -> Iterator[list[bool]]:
    """Note, for each forward inside the block, whether it drew from a global random stream."""
    before: list[object] = []
    drew: list[bool] = []
    handles = [
        root.register_forward_pre_hook(lambda *_: before.append(streams()), prepend=True),
        root.register_forward_hook(lambda *_: drew.append(streams() != before[-1])),
    ]
    try:
        yield drew
    finally:
        for handle in handles:
            handle.remove()


def _looks_around(subject: Subject) -> bool:
    """Tell whether a seed gives something else beside another seed, or in another place, beyond rounding.

    In one place the same numbers are rounded alike, so less is allowed there. Where memory is too small for
    two images, no image will have others beside it.
    """
    try:
        both, other, moved = (_rows(subject, seeds) for seeds in (range(2), range(0, 3, 2), range(1, 3)))
    except (MemoryError, RuntimeError, GanWidgetsError) as error:
        if out_of_memory(error):
            return False
        raise
    beside = any(apart(a[0], b[0]) > bound(a[0]) for a, b in zip(both, other, strict=True))
    return beside or any(apart(a[1], c[0]) > _slack(a[1]) for a, c in zip(both, moved, strict=True))


def _rows(subject: Subject, seeds: range) -> list[Tensor]:
    """Give all floating tensors of the layers and of the output that have one row per seed."""
    root, inputs = subject.root, subject.latents(seeds)
    with lock_of(root), quiet(root, subject.mode), alone(), capture(root, subject.names) as acts:
        output = try_out(root, inputs)
    found = [leaf for leaf in leaves([dict(acts), output]) if isinstance(leaf, Tensor)]
    return [tensor for tensor in found if tensor.is_floating_point() and tensor.shape[:1] == (len(seeds),)]


def _slack(tensor: Tensor) -> float:
    return bound(tensor) / (8 * sqrt(torch.finfo(tensor.dtype).eps))


def usual_batch(infos: list[LayerInfo], device: str) -> int:
    """Choose a batch: a power of two, 64 at most, so that no layer's output takes more than 32 MB.

    On the CPU larger tensors are given back to the system each time, and page faults then cost more than the
    arithmetic. On a GPU it is 256, and 1 GB.
    """
    most, limit = _MOST_AT_ONCE.get(device, 64), _LARGEST_TENSOR.get(device, 32 << 20)
    largest = max(4 * info.units * torch.Size(info.size).numel() for info in infos)
    batch = most
    while batch > 1 and batch * largest > limit:
        batch //= 2
    return batch


def _named(who: str, seeds: range, run: Callable[[], _T]) -> _T:
    """Run it; an error says who failed, and on which seeds."""
    try:
        return run()
    except GanWidgetsError:
        raise
    except Exception as error:
        if out_of_memory(error):
            raise
        raise DissectionError(
            problem(
                f"{who} failed on seeds {seeds.start} to {seeds.stop - 1}.",
                got=f"{type(error).__name__}: {error}",
                allowed="a run through",
                next="The cause is above. What was counted is in this error's `partial`: "
                "pass it as resume= once it is mended.",
            )
        ) from error


def _joined(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    if len(parts) == 1:
        return parts[0]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _legal(info: LayerInfo) -> LayerInfo:
    if len(info.size) not in (0, 2):
        raise DissectionError(
            problem(
                f"layer {info.name!r} has no maps in two dimensions.",
                got=f"(n, {', '.join(map(str, (info.units, *info.size)))})",
                allowed="(n, units, h, w), or (n, units) for a fully connected layer",
                next="Choose another of gw.layers(model, latents).",
            )
        )
    return info
