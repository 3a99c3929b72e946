"""`gan-widgets train gan | lsgan | dcgan`: the training run with its progress, to the end or to Ctrl-C."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from gan_widgets.commands import train_files as files
from gan_widgets.commands.train_recipes import RECIPES
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.train import checkpoint, data
from gan_widgets.train.trainer import Trainer


def train(options: argparse.Namespace) -> int:
    """Train to `options.steps`, or to Ctrl-C; leave a checkpoint, losses, sheets and at the end a card."""
    recipe = RECIPES[options.net]
    images = data.load(options.data, options.root, size=28, download=options.download)
    print(images)
    trainer = recipe.trainer(images, options)
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    saved = out / "checkpoint.safetensors"
    if options.resume:
        _resume(saved, trainer)
    elif saved.exists():
        raise _taken(saved)
    with _polite() as asked, files.losses(out / "losses.csv", trainer.step) as log:
        _loop(trainer, options, log, asked)
    _save(saved, trainer)
    files.sheet(out / "samples.png", trainer.average, trainer.latents)
    if trainer.step < options.steps:
        print(f"stopped after step {trainer.step:,} and saved {saved}; --resume goes on from there")
        return 0
    print(files.weights(recipe, trainer, options))
    return 0


def _loop(trainer: Trainer, options: argparse.Namespace, log: files.Log, asked: list[int]) -> None:
    with tqdm(total=options.steps, initial=trainer.step, unit="step") as bar:
        patient = _Patient(bar.write)
        for step in trainer.steps(max(0, options.steps - trainer.step)):
            patient(log, step)
            bar.set_postfix(D=f"{step.d_loss:.3f}", G=f"{step.g_loss:.3f}", refresh=False)
            bar.update()
            if step.step % options.every == 0:
                patient(checkpoint.save, options.out / "checkpoint.safetensors", trainer)
                path = options.out / f"samples-{step.step:06d}.png"
                patient(files.sheet, path, trainer.average, trainer.latents)
                bar.write(f"step {step.step:,}: D {step.d_loss:.3f}, G {step.g_loss:.3f}, {path}")
            if asked:
                return


class _Patient:
    """Writes beside a training run, which goes on when the disk takes no more; each reason is said once."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._said: set[str] = set()

    def __call__(self, write: Callable[..., object], *given: object) -> None:
        try:
            write(*given)
        except OSError as error:
            if str(error) not in self._said:
                self._said.add(str(error))
                self._say(f"not written: {error}; training goes on, and what was saved before stays")


def _save(saved: Path, trainer: Trainer) -> None:
    try:
        checkpoint.save(saved, trainer)
    except OSError as error:
        raise StoreError(
            problem(
                "the end of this run could not be saved.",
                got=str(error),
                allowed=f"room to write {saved}",
                next="Make room; --resume then goes on from what was saved before, if anything was.",
            )
        ) from error


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
