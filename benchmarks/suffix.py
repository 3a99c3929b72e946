"""Re-rendering after a slider moved in the middle layer, against the layers after it and the whole model.

    python benchmarks/suffix.py [--rounds 60]

Floor: the modules after the middle layer, called by hand on the cached activation in which one unit was
zeroed. Ours: `lab.preview(edits)`, everything a slider costs in the kernel short of the wire. Full: the
whole model from latents. The three are timed in turn, round after round, so that a change in the machine's
speed meets all of them; the figures are medians of the per-round ratios.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import nn

import gan_widgets as gw


def upsampling(units_in: int, units_out: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(units_in, units_out, 4, 2, 1, bias=False),
        nn.BatchNorm2d(units_out),
        nn.ReLU(inplace=True),
    ]


def dcgan(z: int, widths: Sequence[int], channels: int, start: int) -> nn.Sequential:
    """Build a DCGAN generator of `start * 2 ** len(widths)` pixels a side, as one Sequential."""
    first = widths[0]
    layers: list[nn.Module] = [
        nn.Unflatten(1, (z, 1, 1)),
        nn.ConvTranspose2d(z, first, start, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(inplace=True),
    ]
    for before, after in pairwise(widths):
        layers += upsampling(before, after)
    layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1), nn.Tanh()]
    return nn.Sequential(*layers)


GENERATORS: dict[str, Callable[[], tuple[nn.Module, int]]] = {
    "28 px, shipped DCGAN": lambda: (gw.pretrained("dcgan-mnist")[0], 64),
    "64 px, DCGAN": lambda: (dcgan(100, (512, 256, 128, 64), 3, 4), 100),
    "128 px, DCGAN": lambda: (dcgan(100, (512, 256, 128, 64, 32), 3, 4), 100),
}


def middle(model: nn.Module) -> tuple[nn.Sequential, int, str]:
    """Name the middle layer: the rectified output halfway through the Sequential that does the work."""
    name, chain = next((n, m) for n, m in model.named_modules() if isinstance(m, nn.Sequential))
    rectified = [k for k, module in enumerate(chain) if isinstance(module, nn.ReLU)]
    k = rectified[len(rectified) // 2]
    return chain, k, f"{name}.{k}" if name else str(k)


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(title: str, rounds: int, samples: int) -> None:
    model, z = GENERATORS[title]()
    model.eval()
    chain, k, layer = middle(model)
    latents = gw.normal(z)
    inputs = latents(range(samples))
    with gw.attach(model, latents=latents, layer=layer, samples=samples) as lab, torch.inference_mode():
        activation = chain[: k + 1](inputs)
        suffix = chain[k + 1 :]

        def by_hand() -> torch.Tensor:
            edited = activation.clone()
            edited[:, 0] = 0
            return suffix(edited)

        strengths = iter([(1 + i % 97) / 100 for i in range(rounds + 5)])
        ways = {
            "suffix": by_hand,
            "ours": lambda: lab.preview([gw.Ablate(layer, units=(0,), strength=next(strengths))]),
            "full": lambda: model(inputs),
        }
        for _ in range(5):
            for run in ways.values():
                run()
        times = {way: [] for way in ways}
        for _ in range(rounds):
            for way, run in ways.items():
                times[way].append(timed(run))
        how = lab.status.how
    over_suffix = statistics.median(a / b for a, b in zip(times["ours"], times["suffix"], strict=True))
    over_full = statistics.median(a / b for a, b in zip(times["ours"], times["full"], strict=True))
    medians = {way: 1000 * statistics.median(values) for way, values in times.items()}
    print(
        f"{title:22}  {layer:7}  {how:10}"
        f"  {medians['suffix']:7.2f}  {medians['ours']:7.2f}  {medians['full']:7.2f}"
        f"  {over_suffix:11.2f}  {over_full:9.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--samples", type=int, default=16)
    options = parser.parse_args()
    print(
        f"{options.samples} samples, {torch.get_num_threads()} threads, "
        f"medians of {options.rounds} rounds, milliseconds"
    )
    print(
        f"{'generator':22}  {'layer':7}  {'how':10}"
        f"  {'suffix':>7}  {'ours':>7}  {'full':>7}  {'ours/suffix':>11}  {'ours/full':>9}"
    )
    for title in GENERATORS:
        measure(title, options.rounds, options.samples)


if __name__ == "__main__":
    main()
