"""How fast training is, what watching it costs, and how good the course's settings get.

    GAN_WIDGETS_DATA=DIR python benchmarks/training.py [--only fc|dc|kernels|monitor|slider|quality]

*fc*, *dc*: steps per second of `gw.Trainer` with the course's fully connected and convolutional pair, batches
of 128, against the course's own style of loop (`course_loop.py`), in turn, on two threads. Both do the same
learning: the same networks, losses and optimiser settings.
*kernels*: the share of the convolutional pair's step that PyTorch's matrix and convolution kernels take: what
no trainer can make faster.
*monitor*: steps per second in a JupyterLab with `gw.TrainingMonitor` open against closed, in turn.
*slider*: from a slider of `gw.AblationSliders` to pixels while the same generator trains in the background.
*quality*: the course's settings to the end, three seeds each; only when asked for, because it takes hours.
Floors: the same learning with nothing beside it, and the kernels' share, for the first two; one training step
for the slider, which waits for its end.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from course_loop import NOISE, learn_only, run_a_gan
from torch import nn
from torch.profiler import ProfilerActivity, profile

import gan_widgets as gw
from gan_widgets.train.data import Images

BATCH = 128
KERNELS = ("mm", "convolution", "conv2d", "conv_transpose2d", "linear")
SEEDS = range(3)
# ten epochs of 50,000 digits for the first two, five for the last: what the course trains
COURSE = {"gan": ("fc", "gan", 3900), "lsgan": ("fc", "lsgan", 3900), "dcgan": ("dc", "gan", 1950)}


def pair(kind: str, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    if kind == "fc":
        return gw.nets.fc_generator(NOISE, seed=seed), gw.nets.fc_discriminator(seed=seed + 1000)
    return gw.nets.dc_generator(NOISE, seed=seed), gw.nets.dc_discriminator(seed=seed + 1000)


def ours(kind: str, data: Images, seed: int = 0, loss: str = "gan") -> gw.Trainer:
    G, D = pair(kind, seed)
    latents = gw.uniform(NOISE)
    return gw.Trainer(G, D, data, loss=loss, latents=latents, seed=seed, batch=BATCH, lr=1e-3, ema=None)


def speed(steps: Iterator[object], count: int) -> float:
    """Make `count` steps and give how many that is per second."""
    start = time.perf_counter()
    for _ in range(count):
        next(steps)
    return count / (time.perf_counter() - start)


def against_the_course(kind: str, data: Images, options: argparse.Namespace) -> None:
    trainer = ours(kind, data)
    sides = {
        "ours": trainer.steps(10**9),
        "theirs": run_a_gan(*pair(kind), data, BATCH),
        "floor": learn_only(*pair(kind), data, BATCH),
    }
    count = options.steps if kind == "fc" else max(2, options.steps // 10)
    for steps in sides.values():
        speed(steps, max(2, count // 5))
    found: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(options.rounds):
        for side, steps in sides.items():
            found[side].append(speed(steps, count))
    ratios, least = (
        [a / b for a, b in zip(found[side], found["theirs"], strict=True)] for side in ("ours", "floor")
    )
    mine, other = (statistics.median(found[side]) for side in ("ours", "theirs"))
    print(
        f"{kind}, batch {BATCH}, {torch.get_num_threads()} threads: {mine:.1f} steps/s, the course's loop "
        f"{other:.1f}: {statistics.median(ratios):.2f}× ({min(ratios):.2f} to {max(ratios):.2f} in "
        f"{len(ratios)} rounds of {count}); the learning alone would be {statistics.median(least):.2f}×"
    )


def kernels(data: Images, options: argparse.Namespace) -> None:
    steps = ours("dc", data).steps(10**9)
    speed(steps, 2)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        speed(steps, max(2, options.steps // 20))
    times = {event.key: event.self_cpu_time_total for event in profiler.key_averages()}
    total = sum(times.values())
    named = {name: t for name, t in times.items() if any(part in name.split("::")[-1] for part in KERNELS)}
    print(f"kernels: {sum(named.values()) / total:.0%} of the dc step are matrix and convolution kernels:")
    for name, spent in sorted(times.items(), key=lambda item: -item[1])[:8]:
        mark = "kernel" if name in named else ""
        print(f"  {spent / total:6.1%}  {name}  {mark}")


def monitor(data: Images, options: argparse.Namespace) -> None:
    from training_page import with_monitor

    with_monitor(data, options.rounds, options.seconds)


def slider(data: Images, options: argparse.Namespace) -> None:
    from training_page import with_slider

    with_slider(data, options.moves)


def quality(data: Images, options: argparse.Namespace) -> None:
    from judging import judged, real_against_real, table

    rows = [real_against_real(data)]
    for name, (kind, loss, steps) in COURSE.items():
        for seed in SEEDS:
            trainer = ours(kind, data, seed, loss)
            for _ in trainer.steps(max(1, round(steps * options.share))):
                pass
            rows.append(judged(name, seed, trainer.average, trainer.latents, data))
            print(rows[-1], flush=True)
    print(f"{options.share:g} of the course's steps: {COURSE}")
    print(table(rows))


PARTS: dict[str, Callable[[Images, argparse.Namespace], None]] = {
    "fc": lambda data, options: against_the_course("fc", data, options),
    "dc": lambda data, options: against_the_course("dc", data, options),
    "kernels": kernels,
    "monitor": monitor,
    "slider": slider,
    "quality": quality,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=[name for name in PARTS if name != "quality"]
    )
    parser.add_argument("--steps", type=int, default=200, help="fc steps in a round; a tenth of it for dc")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=10, help="of a round with the monitor, and without")
    parser.add_argument("--moves", type=int, default=60, help="of the slider")
    parser.add_argument("--share", type=float, default=1.0, help="of the course's steps, for quality")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    try:
        data = gw.data.load("mnist")
    except gw.data.DataError:
        data = gw.data.load("digits", size=28)
    print(data)
    for name in options.only:
        PARTS[name](data, options)


if __name__ == "__main__":
    main()
