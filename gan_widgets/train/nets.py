"""The networks that the package trains: a compact convolutional pair for grey images of 28×28.

>>> import torch
>>> G, D = dcgan(seed=0)
>>> G(torch.zeros(5, 64)).shape, D(torch.zeros(5, 1, 28, 28)).shape
(torch.Size([5, 1, 28, 28]), torch.Size([5, 1]))

The pairs of the courses are here too: `fc_generator` and `fc_discriminator`, `dc_generator` and
`dc_discriminator`, `mlp_generator` and `mlp_discriminator`; `spectral` normalises a discriminator's layers.
`planted_generator` needs no training: what its units stand for was put there by hand.
"""

from torch import Tensor, nn

from gan_widgets.train.course_nets import (
    dc_discriminator,
    dc_generator,
    fc_discriminator,
    fc_generator,
    mlp_discriminator,
    mlp_generator,
)
from gan_widgets.train.planted import planted_generator, planted_segmenter
from gan_widgets.train.seeded import seeded
from gan_widgets.train.spectral import spectral

__all__ = [
    "DCGANDiscriminator",
    "DCGANGenerator",
    "dc_discriminator",
    "dc_generator",
    "dcgan",
    "fc_discriminator",
    "fc_generator",
    "initialise",
    "mlp_discriminator",
    "mlp_generator",
    "planted_generator",
    "planted_segmenter",
    "spectral",
]


class DCGANGenerator(nn.Module):
    """A generator after Radford et al. (arXiv 1511.06434): `z` (n, noise) → images (n, 1, 28, 28) in [-1, 1].

    Its layers are `net.0` to `net.11`; the units worth looking at are those of `net.3` (128 at 4×4), `net.6`
    (128 at 7×7) and `net.9` (64 at 14×14). Weights start as in the paper, from PyTorch's global random state.

    >>> [name for name, _ in DCGANGenerator().named_modules() if name][1]
    'net.0'
    >>> sum(p.numel() for p in DCGANGenerator().parameters())
    525953
    """

    def __init__(self, noise: int = 64) -> None:
        super().__init__()
        self.noise = noise
        self.net = nn.Sequential(
            nn.Unflatten(1, (noise, 1, 1)),
            nn.ConvTranspose2d(noise, 128, 4, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.ConvTranspose2d(128, 128, 4, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )
        initialise(self)

    def forward(self, z: Tensor) -> Tensor:
        """Turn latents (n, noise) into images (n, 1, 28, 28) in [-1, 1]."""
        images: Tensor = self.net(z)
        return images


class DCGANDiscriminator(nn.Module):
    """The generator's opponent: images (n, 1, 28, 28) in [-1, 1] → one logit each, (n, 1); above 0 is "real".

    Inside it has a logit per digit, and an image is as real as their log-sum-exp says (Salimans et al., arXiv
    1606.03498, section 5), so that labels can be taught too: it learns what a digit is, not just what ink is.

    >>> sum(p.numel() for p in DCGANDiscriminator().parameters())
    239210
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 32, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(32, 64, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(128 * 4 * 4, 64),
            nn.LeakyReLU(0.2),
            nn.Linear(64, 10),
        )
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (n, 1, 28, 28): logits (n, 1)."""
        return self.classify(images)[0]

    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Score images (n, 1, 28, 28) and name them: logits (n, 1) of "real", and (n, 10) of each digit."""
        digits: Tensor = self.net(images)
        return digits.logsumexp(1, keepdim=True), digits


def initialise(model: nn.Module) -> None:
    """Set weights as DCGAN does: N(0, 0.02) for layers, N(1, 0.02) for BatchNorm's scales, biases 0."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def dcgan(*, noise: int = 64, seed: int = 0) -> tuple[DCGANGenerator, DCGANDiscriminator]:
    """Make an untrained pair, the same for the same seed; the global random state stays as it was.

    >>> dcgan(seed=3)[0].net[1].weight.equal(dcgan(seed=3)[0].net[1].weight)
    True
    """
    with seeded(seed):
        return DCGANGenerator(noise), DCGANDiscriminator()
