"""What a dissection costs, against the generator and the segmenter alone.

    python benchmarks/dissection.py [--rounds 5] [--only speed memory growth cluster gpu]

*speed* Floor: the generator and the segmenter run over the same seeds, in batches of the same size. Ours: a
whole `gw.dissect` over them, 2,000 as by default (64 of 256 px): levels, labels, report and top images. Also
with its null, which counts three more pairings of activations and masks; four layers in one pass; a level per
unit and concept (`"iqr"`).
*memory* Peak of a process that dissects 5,000 images, less that of one that dissects 500.
*growth* The time as units, concepts, mask pixels and images double.
*cluster* Two Dask workers of one thread each, against one process of one thread; also with a segmenter that
looks at one image after the other in Python, where workers are the only way to use more cores.
*gpu* Images a second and the floor's share of the time on a GPU; whether counts equal those on the CPU.

What is compared is measured in turn, round after round; figures are medians of the rounds' ratios. Counting
alone, against the dense recipe, is in counting.py.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from generators import course28, dcgan64, progan256
from skimage.filters import frangi
from torch import Tensor, nn

import gan_widgets as gw
from gan_widgets.dissect.overlap import overlap
from gan_widgets.dissect.subject import usual_batch

PALETTE = gw.concepts.colors(11) + gw.concepts.brightness() + gw.concepts.edges()
STROKES = gw.concepts.strokes()
FOUR = ["3", "6", "9", "12"]


def ridges(images: Tensor) -> Tensor:
    """Find ridges of three widths by Frangi's filter, image by image: bool `(n, 3, H, W)`."""
    found = [
        [frangi(image, sigmas=[width], black_ridges=False) > 1e-3 for width in (1.0, 2.0, 3.0)]
        for image in images.mean(1).cpu().numpy()
    ]
    return torch.from_numpy(np.array(found))


ONE_BY_ONE = gw.concepts.from_function(ridges, ["thin ridge", "ridge", "wide ridge"])


@dataclass(frozen=True)
class Subject:
    """What is dissected, and how fast it should be: `bar` times the floor at most."""

    title: str
    build: Callable[[], nn.Module]
    z: int
    layer: str
    segmenter: gw.concepts.Segmenter
    images: int
    bar: float

    def made(self) -> nn.Module:
        """Build the model, the same every time."""
        torch.manual_seed(0)
        return self.build()

    def floor(self, model: nn.Module, images: int) -> None:
        """Run the generator and the segmenter over the seeds, and nothing else."""
        latents = gw.normal(self.z)
        batch = usual_batch(list(gw.layers(model, latents)), next(model.parameters()).device.type)
        with torch.inference_mode():
            for first in range(0, images, batch):
                self.segmenter(model(latents(range(first, min(first + batch, images)))))

    def dissect(self, model: nn.Module, layer: str | list[str] = "", **keywords: Any) -> Any:
        """Dissect the layer, or others."""
        shared = {"latents": gw.normal(self.z), "segmenter": self.segmenter, "images": self.images}
        return gw.dissect(model, layer or self.layer, **{**shared, "progress": False, **keywords})


SUBJECTS = [
    Subject("256 px, ProGAN-like", progan256, 512, "11", PALETTE, 64, 1.05),
    Subject("64 px, DCGAN", dcgan64, 100, "6", PALETTE, 2000, 1.3),
    Subject("28 px, course DC generator", course28, 96, "8", STROKES, 2000, 1.8),
]


def in_turn(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time each way once a round, after a round that is not counted; seconds."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds + 1):
        for way, run in ways.items():
            start = time.perf_counter()
            run()
            times[way].append(time.perf_counter() - start)
    return {way: found[1:] for way, found in times.items()}


def over(times: dict[str, list[float]], way: str, base: str) -> float:
    """Give the median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(times[way], times[base], strict=True))


def speed(rounds: int) -> None:
    """Compare whole dissections with the floor."""
    print("speed: whole dissections, times over the generator and the segmenter alone (bars in brackets)")
    for subject in SUBJECTS:
        speed_of(subject, rounds)


def speed_of(subject: Subject, rounds: int) -> None:
    """Compare whole dissections of one model with the floor."""
    model = subject.made()
    ways: dict[str, Callable[[], object]] = {
        "floor": lambda: subject.floor(model, subject.images),
        "quantile": lambda: subject.dissect(model, null=None),
        "quantile and its null": lambda: subject.dissect(model),
    }
    bars = {"quantile": subject.bar, "four layers": 2, "iqr": 2}
    if subject.build is dcgan64:
        ways["four layers"] = lambda: subject.dissect(model, FOUR, null=None)
        ways["iqr"] = lambda: subject.dissect(model, threshold="iqr", null=None)
    times = in_turn(ways, rounds)
    floor = 1000 * statistics.median(times["floor"]) / subject.images
    print(f"  {subject.title}: floor {floor:.2f} ms an image")
    for way in list(ways)[1:]:
        bar = f"(≤ {bars[way]})" if way in bars else ""
        print(f"    {way:22} {over(times, way, 'floor'):5.2f} {bar}", flush=True)


PEAK = """
import resource, sys
sys.path.insert(0, {folder!r})
import dissection
subject = dissection.SUBJECTS[2]
subject.dissect(subject.made(), images={images})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def memory(rounds: int) -> None:
    """Compare peaks of fresh processes: a peak never comes down, so one process could not tell."""
    peaks: dict[int, list[float]] = {500: [], 5000: []}
    for _ in range(rounds):
        for images, found in peaks.items():
            code = PEAK.format(folder=str(Path(__file__).parent), images=images)
            ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            found.append(float(ran.stdout))
    few, many = (statistics.median(found) for found in peaks.values())
    print(f"memory: peak {few:.0f} MB for 500 images, {many:.0f} MB for 5,000: {many - few:+.0f} MB (≤ +20)")


def growth(rounds: int) -> None:
    """Time the counting of 8 images, and whole dissections, as one thing doubles and the rest stays."""
    print("growth: how many times longer for twice as much (2 is linear)")
    usual = {"units": 256, "concepts": 20, "rows": 64, "columns": 64}
    steps = {"units": (64, 128, 256, 512), "concepts": (10, 20, 40, 80), "rows": (32, 64, 128, 256)}
    for what, sizes in steps.items():
        ways = {size: counting(**{**usual, what: size}) for size in sizes}
        told("mask pixels" if what == "rows" else what, sizes, ways, 3 * rounds)
    subject = SUBJECTS[2]
    model, sizes = subject.made(), (512, 1024, 2048)
    told("images", sizes, {n: partial(subject.dissect, model, images=n) for n in sizes}, rounds)


def told(what: str, sizes: tuple[int, ...], ways: dict[int, Callable[[], object]], rounds: int) -> None:
    """Time the ways, and print how each compares with the one before."""
    times = in_turn({str(size): run for size, run in ways.items()}, rounds)
    steps = [f"{a} to {b}: {over(times, str(b), str(a)):.2f}" for a, b in pairwise(sizes)]
    print(f"  {what:12} {', '.join(steps)} (≤ 2)", flush=True)


def counting(units: int, concepts: int, rows: int, columns: int) -> Callable[[], object]:
    """Give the counting of 8 images: rectified maps of 8×8, above the top 1 % of each unit."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(8, units, 10, 10, generator=generator)
    maps = nn.functional.avg_pool2d(noise, 3, 1).relu()
    coarse = torch.rand(8, concepts, 8, 8, generator=generator)
    masks = nn.functional.interpolate(coarse, (rows, columns), mode="bilinear") > 0.6
    levels = maps.transpose(0, 1).flatten(1).quantile(0.99, dim=1)[:, None]
    return lambda: overlap(maps, levels, masks)


def cluster(rounds: int) -> None:
    """Compare two workers with one process, one thread each."""
    from distributed import Client, LocalCluster

    torch.set_num_threads(1)
    print("cluster: two workers of one thread, how many times faster than one process of one thread")
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as workers,
        Client(workers) as client,
    ):
        slow = Subject("28 px, segmenter in Python", course28, 96, "8", ONE_BY_ONE, 8192, 1.8)
        for subject in (slow, *SUBJECTS):
            model = subject.made()
            serial, both = partial(subject.dissect, model), partial(subject.dissect, model, client=client)
            same = serial() == both()
            ratio = over(in_turn({"serial": serial, "both": both}, rounds), "serial", "both")
            print(f"  {subject.title:28} {ratio:.2f}×, identical: {same} (≥ 1.5)", flush=True)


def gpu(rounds: int) -> None:
    """Measure on a GPU, where there is one."""
    if not torch.cuda.is_available():
        print("gpu: none here")
        return
    for subject in SUBJECTS:
        gpu_of(subject, rounds)


def gpu_of(subject: Subject, rounds: int) -> None:
    """Measure one model on a GPU."""
    model, images = subject.made(), 8 * subject.images
    on_cpu = subject.dissect(model, images=64, null=None).counts.both
    model.cuda()
    equal = torch.equal(on_cpu, subject.dissect(model, images=64, null=None).counts.both)

    def alone() -> None:
        subject.floor(model, images)
        torch.cuda.synchronize()

    ways = {"floor": alone, "ours": partial(subject.dissect, model, images=images, null=None)}
    times = in_turn(ways, rounds)
    print(
        f"gpu: {subject.title}: {images / statistics.median(times['ours']):.0f} images/s, "
        f"{over(times, 'floor', 'ours'):.0%} of the time is the floor's; counts equal the CPU's: {equal}"
    )


PARTS = {"speed": speed, "memory": memory, "growth": growth, "cluster": cluster, "gpu": gpu}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    for part in options.only:
        PARTS[part](options.rounds)


if __name__ == "__main__":
    main()
