"""Counting units against concepts: ours against the dense recipe, with equal counts.

    python benchmarks/counting.py [--rounds 7]

Dense recipe, written here from the formula: `F.interpolate(align_corners=False) > level`, then a matrix
product with the masks, one image at a time; with several levels, once for each on the same interpolation;
with several pairings, on the masks of all of them. Ours: `overlap`, 16 images at a time, as `gw.dissect`
calls it. The two take turns, round after round, on one thread; times are medians per image, the ratio is the
median of each round's. Maps are smooth and rectified, or those of the shipped generator, rounded to
multiples of 2⁻⁸; levels are moved off by a sixth of that. No pixel is so near a level that rounding
decides, so counts must be equal. That is checked.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

import gan_widgets as gw
from gan_widgets.dissect.overlap import overlap
from gan_widgets.dissect.thresholds import Tail, exceeding, iqr_levels

IMAGES = 16


@dataclass(frozen=True)
class Task:
    """One line of the table; `layer` of the shipped generator, or random maps."""

    units: int
    side: int
    picture: int
    share: float = 0.01
    concepts: int = 20
    levels: int = 1
    pairings: int = 1
    layer: str = ""
    bar: str = ""


TASKS = (
    Task(512, 8, 128, bar=">= 30"),
    Task(512, 4, 64),
    Task(256, 8, 64),
    Task(128, 16, 64),
    Task(128, 4, 28, layer="net.3"),
    Task(128, 7, 28, layer="net.6"),
    Task(64, 14, 28, layer="net.9"),
    Task(512, 8, 128, share=0.05),
    Task(512, 8, 128, share=0.2),
    Task(512, 8, 128, share=0.5),
    Task(512, 8, 128, pairings=4),
    Task(256, 8, 64, concepts=336),
    Task(256, 8, 64, share=0.2, levels=64),
    Task(128, 7, 28, share=0.2, levels=64, layer="net.6"),
)


def random_maps(task: Task) -> Tensor:
    dice = torch.Generator().manual_seed(0)
    before = torch.randn(IMAGES, 64, task.side, task.side, generator=dice)
    kernel = torch.randn(task.units, 64, 3, 3, generator=dice) / 24
    return (F.conv2d(before, kernel, padding=1) - 0.5).relu()


def shipped_maps(task: Task) -> Tensor:
    model, _, latents = gw.pretrained("dcgan-mnist")
    with torch.inference_mode(), gw.capture(model, [task.layer]) as acts:
        model(latents(range(IMAGES)))
    return acts[task.layer].clone()


def masks_of(task: Task) -> Tensor:
    """Half of the concepts share out the picture, as labels do; the others are blobs anywhere."""
    dice = torch.Generator().manual_seed(1)
    fields = torch.randn(IMAGES, task.concepts, 8, 8, generator=dice)
    fields = F.interpolate(fields, (task.picture, task.picture), mode="bicubic")
    half = task.concepts // 2
    parts = fields[:, :half].argmax(1, keepdim=True) == torch.arange(half).reshape(-1, 1, 1)
    return torch.cat([parts, fields[:, half:] > (0.8 if task.concepts <= 20 else 2.2)], 1)


def levels_of(task: Task, maps: Tensor) -> Tensor:
    positions = IMAGES * task.side**2
    tail = Tail(task.units, exceeding(task.share, positions) + 1)
    tail.add(maps)
    if task.levels == 1:
        return tail.levels(task.share, positions)[0][:, None] + 2.0**-9 / 3
    even = (iqr_levels(tail, task.levels, low=1 - task.share) * 256).floor()
    steps = (even[:, -1:] - even[:, :1]) // (task.levels - 1) * torch.arange(task.levels)
    return (even[:, :1] + steps) / 256 + 2.0**-9 / 3


def dense(maps: Tensor, levels: Tensor, masks: Tensor, shifts: tuple[int, ...]) -> Tensor:
    both = torch.zeros(len(shifts), maps.shape[1], levels.shape[1], masks.shape[1])
    for i in range(len(maps)):
        picture = F.interpolate(maps[i : i + 1], masks.shape[2:], mode="bilinear", align_corners=False)[0]
        paired = torch.cat([masks[(i + k) % len(maps)].flatten(1) for k in shifts]).float().mT
        for k, level in enumerate(levels.unbind(1)):
            found = (picture > level[:, None, None]).flatten(1).float() @ paired
            both[:, :, k] += found.unflatten(1, (len(shifts), -1)).transpose(0, 1)
    return both.long()


def timed(run: Callable[[], object], images: int) -> float:
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start) / images


def measure(task: Task, rounds: int) -> None:
    maps = shipped_maps(task) if task.layer else random_maps(task)
    maps = (maps * 256).round() / 256
    levels, masks = levels_of(task, maps), masks_of(task)
    shifts = tuple(range(0, IMAGES, IMAGES // task.pairings))
    equal = torch.equal(overlap(maps, levels, masks, shifts).both, dense(maps, levels, masks, shifts))
    few = 1 if task.levels > 1 else 2  # the dense recipe is slow, and as slow for every image
    times = [
        (
            timed(lambda: overlap(maps, levels, masks, shifts), IMAGES),
            timed(lambda: dense(maps[:few], levels, masks[:few], shifts), few),
        )
        for _ in range(rounds)
    ]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(b / a for a, b in times)
    print(
        f"{task.units:4}@{task.side}→{task.picture:<4} {task.layer or 'random':7}{task.share:6.0%}"
        f"{task.concepts:10}{task.levels:8}{task.pairings:10}"
        f"{ours:9.2f}{theirs:10.2f}{ratio:8.1f}  {task.bar:6} {'equal' if equal else 'DIFFERENT'}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(f"one thread, medians of {rounds} rounds, milliseconds per image")
    print(
        f"{'units@map→mask':14} {'maps':7} {'share':>5}{'concepts':>10}{'levels':>8}{'pairings':>10}"
        f"{'ours':>9}{'dense':>10}{'ratio':>8}  {'bar':6} counts"
    )
    for task in TASKS:
        measure(task, rounds)


if __name__ == "__main__":
    main()
