"""What a training run leaves in its folder beside its checkpoint: losses, sample sheets, weights, a card."""

import argparse
import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn

from gan_widgets.commands.train_recipes import Recipe
from gan_widgets.core import pixels
from gan_widgets.core.errors import StoreError, problem
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import call, quiet
from gan_widgets.core.words import said
from gan_widgets.train import pretrained, provenance
from gan_widgets.train.quality import quality
from gan_widgets.train.trainer import Step, Trainer

Log: TypeAlias = Callable[[Step], None]

_COLUMNS = ("step", "d_loss", "g_loss", "d_real", "d_fake")
_SETTINGS = ("networks", "loss", "batch", "lr", "betas", "labels", "shift", "ema")
_SHEET, _ZOOM = 100, 3


@contextmanager
def explained(what: str, next: str) -> Iterator[None]:  # noqa: A002  (as `problem` calls it)
    """Raise what the disk refuses inside the block as a `StoreError` that says what, and what to do next."""
    try:
        yield
    except OSError as error:
        allowed = "a folder to read and write in, with room"
        raise StoreError(problem(what, got=said(error), allowed=allowed, next=next)) from error


@contextmanager
def losses(path: Path, step: int) -> Iterator[Log]:
    """Open the table of losses after `step`: rows that a resumed run makes again are dropped.

    Raises `StoreError` when it cannot be opened.
    """
    kept = []
    with explained("the table of losses cannot be written.", "Pass another --out."):
        if step and path.exists():
            with path.open(newline="", encoding="utf-8") as old:
                kept = [row for row in csv.reader(old) if row and row[0].isdecimal() and int(row[0]) <= step]
        new = path.open("w", buffering=1, newline="", encoding="utf-8")
    try:
        table = csv.writer(new)
        with explained("the table of losses cannot be written.", "Make room, or pass another --out."):
            table.writerow(_COLUMNS)
            table.writerows(kept)
        yield lambda step: table.writerow([getattr(step, name) for name in _COLUMNS])
    finally:
        with suppress(OSError):  # what a full disk did not take was said when it was written
            new.close()


def sheet(path: Path, G: nn.Module, latents: Latents) -> None:
    """Write the images of the first hundred seeds, ten by ten, three times as large."""
    with quiet(G, "eval"):
        images = pixels.as_images(call(G, latents(range(_SHEET))))
    page = pixels.mosaic(pixels.to_uint8(images), columns=10)
    path.write_bytes(pixels.png(page.repeat(_ZOOM, 0).repeat(_ZOOM, 1)))


def weights(recipe: Recipe, trainer: Trainer, options: argparse.Namespace) -> pretrained.Card:
    """Write the trained pair, and beside it the card that says how it came to be and how good it is."""
    settings = trainer.settings() | {"networks": list(recipe.parts)}
    facts: dict[str, Any] = {
        "about": recipe.about,
        "command": recipe.command(trainer.step, options),
        "data": provenance.of_data(trainer.data),
        "seed": trainer.seed,
        "steps": trainer.step,
        "epochs": trainer.epoch,
        "settings": {name: settings[name] for name in _SETTINGS},
        "quality": quality(trainer.average, trainer.latents).facts()
        | {"seeds": "0 to n − 1", "mode": "eval"},
        "judge": pretrained.card("classifier-mnist").facts["files"],
        "made_with": provenance.versions(),
    }
    path = options.out / f"{options.net}-{options.data}.safetensors"
    return pretrained.save_pair(
        path, trainer.average, trainer.D, trainer.latents, facts, networks=recipe.networks
    )
