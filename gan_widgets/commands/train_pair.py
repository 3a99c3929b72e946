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
from gan_widgets.train import data
from gan_widgets.train.checkpoint import Keeper
from gan_widgets.train.trainer import Trainer


def train(options: argparse.Namespace) -> int:
    """Train to `options.steps`, or to Ctrl-C; leave a checkpoint, losses, sheets and at the end a card."""
    recipe = RECIPES[options.net]
    images = data.load(options.data, options.root, size=28, download=options.download)
    print(images)
    trainer = recipe.trainer(images, options)
    out: Path = options.out
    saved = out / "checkpoint.safetensors"
    with files.explained("this folder cannot hold the run.", "Pass another --out."):
        keeper = _keeper(saved, trainer, options)
    with _polite() as asked, files.losses(out / "losses.csv", trainer.step) as log, keeper:
        _loop(trainer, options, log, asked)
    if keeper.saved != trainer.step:
        raise _unsaved(saved, trainer)
    with files.explained("the end of this run could not be written.", "Make room, and pass --resume."):
        files.sheet(out / "samples.png", trainer.average, trainer.latents)
        if trainer.step < options.steps:
            print(f"stopped after step {trainer.step:,} and saved {saved}; --resume goes on from there")
            return 0
        print(files.weights(recipe, trainer, options))
    return 0


def _keeper(saved: Path, trainer: Trainer, options: argparse.Namespace) -> Keeper:
    """Give what saves the run, with the trainer where an earlier run ended if it is to be resumed."""
    # before the keeper is made, which clears away what another run may be writing just now
    before = saved.with_name("checkpoint.before.safetensors")
    there = saved.exists() or before.exists()
    if there and not options.resume:
        raise _taken(saved)
    if options.resume and not there:
        raise _nothing(saved)
    keeper = Keeper(trainer, saved, every=options.every)
    if options.resume:
        print(f"going on from step {keeper.resume():,}")
    return keeper


def _loop(trainer: Trainer, options: argparse.Namespace, log: files.Log, asked: list[int]) -> None:
    with tqdm(total=options.steps, initial=trainer.step, unit="step") as bar:
        news, patient = _News(trainer, bar.write), _Patient(bar.write)
        news.trouble()
        for step in trainer.steps(max(0, options.steps - trainer.step)):
            news.trouble()
            patient(log, step)
            bar.set_postfix(D=f"{step.d_loss:.3f}", G=f"{step.g_loss:.3f}", refresh=False)
            bar.update()
            if step.step % options.every == 0:
                news.alarms()
                path = options.out / f"samples-{step.step:06d}.png"
                patient(files.sheet, path, trainer.average, trainer.latents)
                bar.write(f"step {step.step:,}: D {step.d_loss:.3f}, G {step.g_loss:.3f}, {path}")
            if asked:
                break
        news.alarms()


class _News:
    """Says what went wrong beside a training run, and what looks wrong in it, when it is new."""

    def __init__(self, trainer: Trainer, say: Callable[[str], object]) -> None:
        self._trainer, self._say = trainer, say
        self._said = ""
        self._raised: set[str] = set()

    def trouble(self) -> None:
        now = self._trainer.trouble
        if now and now != self._said:
            self._say(now)
        self._said = now

    def alarms(self) -> None:
        now = self._trainer.alarms
        for alarm in now:
            # by its kind: the numbers in its sentence change with every step
            if alarm.kind not in self._raised:
                self._say(alarm.sentence)
        self._raised = {alarm.kind for alarm in now}


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


def _nothing(saved: Path) -> StoreError:
    return StoreError(
        problem(
            "there is nothing to resume.",
            got=f"no {saved}",
            allowed="the folder of an earlier run as --out",
            next="Leave --resume out to start a new run.",
        )
    )


def _unsaved(saved: Path, trainer: Trainer) -> StoreError:
    return StoreError(
        problem(
            "the end of this run could not be saved.",
            got=trainer.trouble,
            allowed=f"room to write {saved}, and finite weights",
            next="Make room, or lower --lr in a new run; --resume goes on from the last good file, if any.",
        )
    )


def _taken(saved: Path) -> StoreError:
    return StoreError(
        problem(
            "this folder holds another run.",
            got=str(saved),
            allowed="a folder without a checkpoint",
            next="Pass --resume to go on with it, or another --out.",
        )
    )
