"""The images that most activate a unit, made again from their seeds, with the regions that were scored."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_widgets.core.capture import capture
from gan_widgets.core.errors import ControllerError, problem
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import Mode, call, quiet, unwrap
from gan_widgets.core.locks import lock_of
from gan_widgets.core.pixels import as_images
from gan_widgets.core.quantities import whole_number, whole_or_none
from gan_widgets.core.store import weight_hash
from gan_widgets.dissect.plan import batch_of
from gan_widgets.dissect.regions import regions

LONGEST = 128
"""Pixels along the longer side of an example; larger images are averaged down to it."""
_TOGETHER = 16  # images in one forward, fewer where their maps would take more than this many bytes
_AT_ONCE = 32 << 20
_KEPT = 64 << 20  # bytes of examples that are remembered


@dataclass(frozen=True)
class Example:
    """The top images of one unit, unedited, in falling order of the unit's largest value.

    `seeds` int64 `(count,)` and `values` float32 `(count,)`; `images` `(count, ch, H, W)` float32 on the CPU,
    the longer side at most 128; `regions` bool `(count, H', W')` on the grid of the masks, or None for a
    fully connected layer, whose units have no map. A unit without top images has a count of 0.
    """

    unit: int
    seeds: NDArray[np.int64]
    values: NDArray[np.float32]
    images: Tensor
    regions: NDArray[np.bool_] | None

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self.images.nbytes + (0 if self.regions is None else self.regions.nbytes)


class Examples:
    """Makes the top images of units of a dissection again; the latest 64 MB of them are remembered.

        found = lab.dissect(gw.concepts.strokes())
        first, second = lab.examples.of(found, units=[7, 12], count=4)
        first.seeds, first.images, first.regions

    Uses the model as it was dissected: unedited, in the same mode, and in the same batches where an image
    depends on the others of its batch. The region of a unit is its map above
    `found.level(unit)`, from the one function that also scores it.
    """

    def __init__(self, model: nn.Module, latents: Latents, mode: Mode) -> None:
        self._model = model
        self._latents = latents
        self._mode = mode
        self.forget()

    def forget(self) -> None:
        """Drop what depends on the weights."""
        self._found: Any = None
        self._count = 0
        self._made: dict[int, Example] = {}
        self._weights: tuple[Any, str] | None = None

    def of(self, found: Any, units: Iterable[int], count: int) -> list[Example]:  # noqa: ANN401  (a Dissection)
        """Return the `count` top images of each of these units, fewer where fewer are known.

        Each seed that several units share is run once. Raises ControllerError for units that the dissection
        does not have, for a count below 1, and when the weights are not those that were dissected.
        """
        chosen, count = _checked(units, found), _counted(count)
        with lock_of(self._model):
            if self._found is not found or self._count != count:
                self.forget()
            self._check_weights(found)
            self._found, self._count = found, count
            missing = [unit for unit in dict.fromkeys(chosen) if unit not in self._made]
            made = {unit: self._made.pop(unit) for unit in dict.fromkeys(chosen) if unit in self._made}
            made |= self._make(found, missing, count)
            self._made |= made
            self._drop()
        return [made[unit] for unit in chosen]

    def _make(self, found: Any, units: list[int], count: int) -> dict[int, Example]:  # noqa: ANN401
        tops = {unit: np.asarray(found.top.seeds[unit][:count], dtype=np.int64) for unit in units}
        seeds = {unit: top[top >= 0] for unit, top in tops.items()}
        wanted = {int(seed) for top in seeds.values() for seed in top}
        images: dict[int, Tensor] = {}
        maps: dict[tuple[int, int], Tensor] = {}
        grid = found.grid
        for batch in _batches(found, wanted):
            pictures, acts = self._run(found, batch)
            grid = grid or tuple(pictures.shape[2:])
            for row, seed in enumerate(batch):
                if seed not in wanted:
                    continue
                images[seed] = reduced(pictures[row : row + 1])[0].cpu()
                for unit in units:
                    if seed in seeds[unit]:
                        maps[unit, seed] = acts[row, unit].clone()
        return {
            unit: Example(
                unit,
                top,
                np.asarray(found.top.values[unit][: len(tops[unit])], dtype=np.float32)[tops[unit] >= 0],
                torch.stack([images[int(seed)] for seed in top]) if len(top) else torch.empty(0, 1, 1, 1),
                _regions(found, unit, [maps[unit, int(seed)] for seed in top], grid or (1, 1)),
            )
            for unit, top in seeds.items()
        }

    def _run(self, found: Any, seeds: list[int]) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        said = found.provenance
        first = None if said.get("batch") is None else seeds[0]
        with (
            quiet(self._model, said.get("mode", self._mode), first),
            capture(self._model, [found.layer]) as acts,
        ):
            output = call(self._model, self._latents(seeds))
        return as_images(output), acts[found.layer]

    def _check_weights(self, found: Any) -> None:  # noqa: ANN401
        then = found.provenance.get("weights")
        if then is None:
            return
        stamps = _stamps(self._model)
        if self._weights is None or self._weights[0] != stamps:
            self._weights = stamps, weight_hash(self._model)
        now = self._weights[1]
        if now != then:
            raise ControllerError(
                problem(
                    "the weights have changed since this dissection, so its top images cannot be made again.",
                    got=f"weights {now[:12]}…",
                    allowed=f"weights {then[:12]}…, which were dissected",
                    next="Dissect again: lab.dissect(segmenter).",
                )
            )

    def _drop(self) -> None:
        kept = sum(example.bytes for example in self._made.values())
        while kept > _KEPT:
            kept -= self._made.pop(next(iter(self._made))).bytes


def reduced(images: Tensor, longest: int = LONGEST) -> Tensor:
    """Average images `(n, ch, H, W)` until no side is longer than `longest`; small ones stay as they are.

    >>> reduced(torch.zeros(2, 3, 256, 192)).shape, reduced(torch.zeros(2, 1, 28, 28)).shape
    (torch.Size([2, 3, 128, 96]), torch.Size([2, 1, 28, 28]))
    """
    H, W = images.shape[2:]
    if max(H, W) <= longest:
        return images
    height, width = (max(1, round(side * longest / max(H, W))) for side in (H, W))
    return F.adaptive_avg_pool2d(images, (height, width))


def _regions(found: Any, unit: int, maps: list[Tensor], grid: tuple[int, int]) -> NDArray[np.bool_] | None:  # noqa: ANN401
    if len(found.size) != 2:
        return None
    if not maps:
        return np.zeros((0, *grid), np.bool_)
    level = torch.tensor([found.level(unit)], dtype=torch.float32)
    lit = regions(torch.stack(maps)[:, None].float().cpu(), level, grid)
    above: NDArray[np.bool_] = lit[:, 0].cpu().numpy()
    return above


def _stamps(model: nn.Module) -> list[tuple[int, int]]:
    """Give what changes whenever a weight is written in place: far quicker than hashing all of them."""
    tensors = [*unwrap(model).parameters(), *unwrap(model).buffers()]
    return [(tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version) for tensor in tensors]


def _batches(found: Any, wanted: set[int]) -> list[list[int]]:  # noqa: ANN401
    """Share seeds out to forwards; where images depend on their batch, to the batches that were dissected."""
    seeds, batch = sorted(wanted), found.provenance.get("batch")
    if batch is None:
        step = _together(found)
        return [seeds[at : at + step] for at in range(0, len(seeds), step)]
    ranges = [range(*span) for span in found._planned["report"]]  # several where runs were merged
    return [
        list(run) for run in dict.fromkeys(batch_of(s, r, batch) for s in seeds for r in ranges if s in r)
    ]


def _together(found: Any) -> int:  # noqa: ANN401
    values: int = found.units * prod(found.size)
    return max(1, min(_TOGETHER, _AT_ONCE // (4 * values)))


def _checked(units: Iterable[int], found: Any) -> list[int]:  # noqa: ANN401
    try:
        chosen = [whole_number(unit) for unit in units]
    except TypeError:
        chosen = [-1]
    if not all(0 <= unit < found.units for unit in chosen):
        raise ControllerError(
            problem(
                f"these are not units of {found.layer!r}.",
                got=repr(units),
                allowed=f"whole numbers from 0 to {found.units - 1}",
                next="Pass for instance units=[0, 3].",
            )
        )
    return chosen


def _counted(count: object) -> int:
    number = whole_or_none(count, least=1)
    if number is not None:
        return number
    raise ControllerError(
        problem(
            "examples are counted from one up.",
            got=f"count={count!r}",
            allowed="a whole number from 1 up",
            next="Pass for instance count=8.",
        )
    )
