"""What `gan-widgets train` can train: the networks, their prior and the settings, by the command's name."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from torch import nn

from gan_widgets.core.latents import Latents, normal, uniform
from gan_widgets.train import nets
from gan_widgets.train.data import Images
from gan_widgets.train.seeded import seeded
from gan_widgets.train.trainer import Trainer

Pair: TypeAlias = tuple[nn.Module, nn.Module]

_DCGAN_NOISE, _COURSE_NOISE = 64, 96


@dataclass(frozen=True)
class Recipe:
    """A kind of training run.

    `options` are the command's options that are settings of the trainer, in the order of the card's command;
    `fixed` are settings that it does not offer. `networks` is the name under which `pretrained.load_pair`
    knows the pair; `parts` is what `nets` calls its two.
    """

    networks: str
    parts: tuple[str, str]
    about: str
    pair: Callable[[int], Pair]
    latents: Latents
    options: tuple[str, ...]
    fixed: dict[str, Any] = field(default_factory=dict)

    def trainer(self, images: Images, options: argparse.Namespace) -> Trainer:
        """Make the networks from the seed, and a trainer with what the options say."""
        G, D = self.pair(options.seed)
        chosen = {name: getattr(options, name) for name in self.options}
        return Trainer(G, D, images, latents=self.latents, seed=options.seed, **chosen, **self.fixed)

    def command(self, steps: int, options: argparse.Namespace) -> str:
        """Return the command that gives the same weights again; folders are left out."""
        words = [f"gan-widgets train {options.net} --data {options.data} --steps {steps}"]
        words += [f"--{name} {getattr(options, name)}" for name in self.options]
        return " ".join([*words, f"--seed {options.seed} --out DIR"])


def _dcgan(seed: int) -> Pair:
    return nets.dcgan(noise=_DCGAN_NOISE, seed=seed)


def _course(seed: int) -> Pair:
    with seeded(seed):
        return nets.fc_generator(_COURSE_NOISE), nets.fc_discriminator()


def _fully_connected(loss: str, words: str) -> Recipe:
    return Recipe(
        networks="fc",
        parts=("fc_generator", "fc_discriminator"),
        about=f"the fully connected pair of CS231n's assignment 3 for grey digits of 28×28, {words}",
        pair=_course,
        latents=uniform(_COURSE_NOISE),
        options=("batch", "lr"),
        fixed={"loss": loss, "ema": None},
    )


RECIPES = {
    "dcgan": Recipe(
        networks="dcgan",
        parts=("DCGANGenerator", "DCGANDiscriminator"),
        about="a compact DCGAN pair for grey digits of 28×28; the generator is the run's average",
        pair=_dcgan,
        latents=normal(_DCGAN_NOISE),
        options=("batch", "loss", "lr", "labels", "shift", "ema"),
    ),
    "gan": _fully_connected("gan", "trained with the non-saturating loss"),
    "lsgan": _fully_connected("lsgan", "trained with least squares"),
}
