"""Generators of the sizes that are dissected in practice, untrained."""

from itertools import pairwise

import torch
from torch import Tensor, nn


def block(before: int, after: int) -> list[nn.Module]:
    return [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


def dcgan64() -> nn.Sequential:
    """Radford et al.'s generator for 64 pixels: 512@4, 256@8, 128@16, 64@32."""
    widths = (512, 256, 128, 64)
    first = [nn.ConvTranspose2d(100, 512, 4, bias=False), nn.BatchNorm2d(512), nn.ReLU()]
    rest = [module for pair in pairwise(widths) for module in block(*pair)]
    last = [nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh()]
    return measured(nn.Sequential(nn.Unflatten(1, (100, 1, 1)), *first, *rest, *last), torch.randn(64, 100))


def measured(model: nn.Sequential, latents: Tensor) -> nn.Sequential:
    """Give batch normalisations what they would measure in training; else images are all but one grey."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # a plain mean, of this batch alone
    with torch.no_grad():
        model.train()(latents)
    return model.eval()


class PixelNorm(nn.Module):
    """Karras et al. (arXiv 1710.10196), section 4.2."""

    def forward(self, x: Tensor) -> Tensor:
        """Give every pixel's units a mean square of 1."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def progan256() -> nn.Sequential:
    """Build a generator of 256 pixels shaped like Karras et al.'s: two 3×3 convolutions per size."""
    widths = (512, 512, 512, 512, 256, 128, 64)
    modules: list[nn.Module] = [
        nn.Unflatten(1, (512, 1, 1)),
        nn.ConvTranspose2d(512, 512, 4),
        nn.LeakyReLU(0.2),
        PixelNorm(),
    ]
    for before, after in pairwise(widths):
        modules += [nn.Upsample(scale_factor=2)]
        for units in (before, after):
            modules += [nn.Conv2d(units, after, 3, 1, 1), nn.LeakyReLU(0.2), PixelNorm()]
    return nn.Sequential(*modules, nn.Conv2d(64, 3, 1)).eval()


def course28() -> nn.Sequential:
    """CS231N's convolutional generator of digits (assignment 3), 96 noise dimensions."""
    return nn.Sequential(
        nn.Linear(96, 1024),
        nn.ReLU(),
        nn.BatchNorm1d(1024),
        nn.Linear(1024, 7 * 7 * 128),
        nn.ReLU(),
        nn.BatchNorm1d(7 * 7 * 128),
        nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 64, 4, 2, 1),
        nn.ReLU(),
        nn.BatchNorm2d(64),
        nn.ConvTranspose2d(64, 1, 4, 2, 1),
        nn.Tanh(),
    ).eval()
