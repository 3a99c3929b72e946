"""Images per second of each source of concepts, on one thread.

    python benchmarks/concepts.py [--rounds 7] [--batch 64]

Digits are the shipped generator's, 28×28; colour images are smooth noise, 64×64. The last row is the shipped
generator itself: what a dissection spends before it segments. Every round times all rows in turn; medians.
"""

import argparse
import statistics
import time

import torch
from torch import nn

import gan_widgets as gw


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = sources(options.batch)
    spent: dict[str, list[float]] = {name: [] for name, *_ in rows}
    with torch.no_grad():
        for _, _, run in rows:
            run()
        for _ in range(options.rounds):
            for name, _, run in rows:
                start = time.perf_counter()
                run()
                spent[name].append(time.perf_counter() - start)
    print(f"{'':34}  {'images':>9}  {'concepts':>8}  {'images/s':>9}  {'ms each':>7}")
    for name, (size, concepts), _ in rows:
        seconds = statistics.median(spent[name]) / options.batch
        print(f"{name:34}  {size:>9}  {concepts:>8}  {1 / seconds:9,.0f}  {1e3 * seconds:7.3f}")


def sources(batch: int) -> list:
    """Name, size and number of concepts, and what is timed, of each row."""
    G, _, latents = gw.pretrained("dcgan-mnist")
    z = latents(range(batch))
    with torch.no_grad():
        digits = G(z)
    coarse = torch.rand(batch, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    colored = nn.functional.interpolate(coarse, (64, 64), mode="bilinear")
    planted = gw.nets.planted_generator()
    shapes = planted(planted.latents(range(batch)))
    thin = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 20, 3, 1, 1))
    C = gw.concepts
    timed = {
        "strokes()": (C.strokes(), digits),
        "digit_classes()": (C.digit_classes(), digits),
        "colors(8)": (C.colors(8), colored),
        "colors(8, fit=images)": (C.colors(8, fit=colored), colored),
        "brightness()": (C.brightness(), colored),
        "edges()": (C.edges(), colored),
        "network(two convolutions, 20)": (C.network(thin, [str(k) for k in range(20)]), colored),
        "nets.planted_segmenter()": (planted.segmenter, shapes),
    }
    rows = [
        (
            name,
            (f"{images.shape[1]}×{images.shape[2]}×{images.shape[3]}", str(len(source.names))),
            lambda source=source, images=images: C.checked(source, images),
        )
        for name, (source, images) in timed.items()
    ]
    return [*rows, ('the generator "dcgan-mnist"', ("1×28×28", ""), lambda: G(z))]


if __name__ == "__main__":
    main()
