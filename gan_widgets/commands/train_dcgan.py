"""`gan-widgets train dcgan`: the training run with its progress, files and card."""

import argparse
import csv
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn
from tqdm import tqdm

from gan_widgets.core import pixels
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import call, quiet
from gan_widgets.train import checkpoint, data, nets, pretrained, provenance
from gan_widgets.train.quality import quality
from gan_widgets.train.trainer import Trainer

Log: TypeAlias = Callable[[Iterable[float]], object]

_NOISE = 64
_SHEET, _ZOOM = 100, 3
_LOGGED = ("step", "d_loss", "g_loss", "d_real", "d_fake")


def train(options: argparse.Namespace) -> int:
    """Train to `options.steps`, or to Ctrl-C; leave a checkpoint, losses, sheets and at the end a card."""
    images = data.load(options.data, options.root, size=28, download=options.download)
    print(images)
    G, D = nets.dcgan(noise=_NOISE, seed=options.seed)
    trainer = Trainer(
        G,
        D,
        images,
        loss=options.loss,
        seed=options.seed,
        batch=options.batch,
        lr=options.lr,
        labels=options.labels,
        shift=options.shift,
        ema=options.ema,
    )
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    saved = out / "checkpoint.safetensors"
    if options.resume:
        _resume(saved, trainer)
    elif saved.exists():
        raise _taken(saved)
    with _polite() as asked, _losses(out / "losses.csv", trainer.step) as log:
        _loop(trainer, options, log, asked)
    checkpoint.save(saved, trainer)
    _sheet(out / "samples.png", trainer.average, trainer.latents)
    if trainer.step < options.steps:
        print(f"stopped after step {trainer.step:,} and saved {saved}; --resume goes on from there")
        return 0
    print(_finish(trainer, options))
    return 0


def _loop(trainer: Trainer, options: argparse.Namespace, log: Log, asked: list[int]) -> None:
    with tqdm(total=options.steps, initial=trainer.step, unit="step") as bar:
        for step in trainer.steps(max(0, options.steps - trainer.step)):
            log([getattr(step, name) for name in _LOGGED])
            bar.set_postfix(D=f"{step.d_loss:.3f}", G=f"{step.g_loss:.3f}", refresh=False)
            bar.update()
            if step.step % options.every == 0:
                checkpoint.save(options.out / "checkpoint.safetensors", trainer)
                path = options.out / f"samples-{step.step:06d}.png"
                _sheet(path, trainer.average, trainer.latents)
                bar.write(f"step {step.step:,}: D {step.d_loss:.3f}, G {step.g_loss:.3f}, {path}")
            if asked:
                return


def _finish(trainer: Trainer, options: argparse.Namespace) -> pretrained.Card:
    settings = trainer.settings()
    words = [f"gan-widgets train dcgan --data {options.data} --steps {trainer.step} --batch {options.batch}"]
    words += [f"--loss {options.loss} --lr {options.lr} --labels {options.labels}"]
    words += [f"--shift {options.shift} --ema {options.ema} --seed {options.seed} --out DIR"]
    facts: dict[str, Any] = {
        "about": "a compact DCGAN pair for grey digits of 28×28; the generator is the run's average",
        "command": " ".join(words),
        "data": provenance.of_data(trainer.data),
        "seed": trainer.seed,
        "steps": trainer.step,
        "epochs": trainer.epoch,
        "settings": {
            name: settings[name]
            for name in ("networks", "loss", "batch", "lr", "betas", "labels", "shift", "ema")
        },
        "quality": quality(trainer.average, trainer.latents).facts()
        | {"seeds": "0 to n − 1", "mode": "eval"},
        "judge": pretrained.card("classifier-mnist").facts["files"],
        "made_with": provenance.versions(),
    }
    path = options.out / f"dcgan-{options.data}.safetensors"
    return pretrained.save_pair(path, trainer.average, trainer.D, trainer.latents, facts)


def _sheet(path: Path, G: nn.Module, latents: Latents) -> None:
    with quiet(G, "eval"):
        images = pixels.as_images(call(G, latents(range(_SHEET))))
    sheet = pixels.mosaic(pixels.to_uint8(images), columns=10)
    path.write_bytes(pixels.png(sheet.repeat(_ZOOM, 0).repeat(_ZOOM, 1)))


@contextmanager
def _polite() -> Iterator[list[int]]:
    """Turn Ctrl-C into a wish that the loop grants between two steps; a second one interrupts at once."""
    asked: list[int] = []

    def ask(number: int, frame: object) -> None:
        del frame
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        print("\nstopping after this step …", file=sys.stderr)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _losses(path: Path, step: int) -> Iterator[Log]:
    """Open the table of losses after `step`: rows that a resumed run makes again are dropped."""
    kept = []
    if step and path.exists():
        with path.open(newline="", encoding="utf-8") as old:
            kept = [row for row in csv.reader(old) if row and row[0].isdecimal() and int(row[0]) <= step]
    with path.open("w", buffering=1, newline="", encoding="utf-8") as new:
        log = csv.writer(new)
        log.writerow(_LOGGED)
        log.writerows(kept)
        yield log.writerow


def _resume(saved: Path, trainer: Trainer) -> None:
    if not saved.exists():
        raise StoreError(
            problem(
                "there is nothing to resume.",
                got=f"no {saved}",
                allowed="the folder of an earlier run as --out",
                next="Leave --resume out to start a new run.",
            )
        )
    checkpoint.restore(saved, trainer)
    print(f"going on from step {trainer.step:,}")


def _taken(saved: Path) -> StoreError:
    return StoreError(
        problem(
            "this folder holds another run.",
            got=str(saved),
            allowed="a folder without a checkpoint",
            next="Pass --resume to go on with it, or another --out.",
        )
    )
