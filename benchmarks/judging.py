"""How good generators of digits are: share of confident samples, Fréchet-LeNet and KID, with intervals.

    GAN_WIDGETS_DATA=DIR python benchmarks/judging.py [--n 5000]

On its own it measures the two ends of the scale: real digits against other real digits, and an untrained
generator; between them the shipped one, and the same with its samples blurred. A script that trains calls
`judged` for every generator, `real_against_real` once, and prints `table(rows)`: rows of one name and several
training seeds are followed by their mean, with the interval that so few seeds allow.
"""

import argparse
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from statistics import fmean, stdev

import torch
from scipy.special import stdtrit
from torch import nn

import gan_widgets as gw
from gan_widgets.train import classifier, pretrained
from gan_widgets.train.data import Images
from gan_widgets.train.measured import Interval, said

HEAD = "| what | training seed | confident | Fréchet-LeNet | plain, biased | KID | n |\n|" + " --- |" * 7


@dataclass(frozen=True)
class Row:
    """One set of samples: its training seed ("" for none), and what was measured of it."""

    name: str
    seed: str
    confident: float
    confident_ci: Interval
    distance: gw.metrics.Distance


def judged(name: str, seed: int | str, G: nn.Module, latents: gw.Latents, data: Images, n: int = 2000) -> Row:
    """Measure `n` samples of one generator against `n` real images of 28×28."""
    quality = gw.metrics.quality(G, latents, n=n)
    far = gw.metrics.distance(G, latents, data, n=n)
    return Row(name, str(seed), quality.confident, quality.interval(), far)


def real_against_real(data: Images, n: int = 2000) -> Row:
    """Measure real images against others of the same data: what a perfect generator would get."""
    order = data.order(0, 0)
    half = min(n, len(data) // 2)
    one, other = (data.chosen(part) for part in (order[:half], order[half : 2 * half]))
    share = classifier.confidence(pretrained.digit_classifier(), one)
    said_of_it = gw.metrics.Quality(half, share, tuple(torch.bincount(one.labels, minlength=10).tolist()))
    far = gw.metrics.estimate(gw.metrics.features(one.scaled()), gw.metrics.features(other.scaled()))
    return Row("real, against other real ones", "", share, said_of_it.interval(), far)


def table(rows: list[Row]) -> str:
    """Write rows as Markdown; neighbours of one name and several seeds are followed by their mean."""
    lines = [HEAD]
    for name, group in groupby(rows, key=lambda row: row.name):
        same = list(group)
        lines += [_line(row) for row in same]
        if len(same) > 1:
            shares = [100 * row.confident for row in same]
            distances = [row.distance.frechet for row in same]
            mean = f"**{said(*over_seeds(shares))} %** | **{said(*over_seeds(distances))}**"
            lines.append(f"| **{name}** | mean of {len(same)} | {mean} | | | |")
    return "\n".join(lines)


def over_seeds(values: list[float]) -> tuple[float, Interval]:
    """Give the mean over training seeds, and its 95 % interval by Student's t: wide, for three of them."""
    mean, free = fmean(values), len(values) - 1
    half = float(stdtrit(free, 0.975)) * stdev(values) / sqrt(len(values))
    return mean, (mean - half, mean + half)


def _line(row: Row) -> str:
    low, high = (100 * end for end in row.confident_ci)
    far = row.distance
    share = f"{100 * row.confident:.1f} % ({low:.1f} to {high:.1f})"
    frechet, kid = said(far.frechet, far.frechet_ci), said(far.kid, far.kid_ci)
    return f"| {row.name} | {row.seed} | {share} | {frechet} | {far.plain:.1f} | {kid} | {far.n:,} |"


class Blurred(nn.Module):
    """The samples of another generator, each pixel the mean of nine."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Blur (n, 1, 28, 28)."""
        return nn.functional.avg_pool2d(self.generator(z), 3, 1, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=5000)
    n = parser.parse_args().n
    data = gw.data.load("mnist")
    G, _, latents = gw.pretrained("dcgan-mnist")
    rows = [real_against_real(data, n), judged("shipped dcgan-mnist", "", G, latents, data, n)]
    rows.append(judged("the same, blurred", "", Blurred(G), latents, data, n))
    untrained = [gw.nets.dcgan(seed=seed)[0] for seed in range(3)]
    rows += [judged("untrained", seed, U, latents, data, n) for seed, U in enumerate(untrained)]
    print(table(rows))
    print(gw.metrics.difference(G, Blurred(G), latents, data, n=n))


if __name__ == "__main__":
    main()
