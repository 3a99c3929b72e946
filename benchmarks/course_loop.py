"""The course's own style of training loop, as the other side of `training.py`, and a loop that only learns.

The first follows CS231n's assignment 3 (GANs, PyTorch): a `DataLoader` over a dataset that turns each digit
into a PIL image and that into a tensor, noise drawn anew for D and for G, G's images run twice, gradients
through G in D's step cut by `detach`, D's gradients in G's step computed and thrown away, Adam as it comes.
"""

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from gan_widgets.train.data import Images

NOISE = 96


class Digits(Dataset):
    """What torchvision's MNIST with `ToTensor()` gives: float32 `(1, 28, 28)` in [0, 1], and the label."""

    def __init__(self, images: Images) -> None:
        self.images, self.labels = images.images[:, 0], images.labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index].numpy())
        pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True)).view(28, 28, 1)
        return pixels.permute(2, 0, 1).contiguous().to(torch.float32).div(255), int(self.labels[index])


def discriminator_loss(on_real: Tensor, on_fake: Tensor) -> Tensor:
    """Binary cross-entropy of logits, as the course's own function has it."""
    real = F.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
    return real + F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))


def generator_loss(on_fake: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(on_fake, torch.ones_like(on_fake))


def solver(net: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999))


def sample_noise(n: int) -> Tensor:
    return torch.rand(n, NOISE) * 2 - 1


def run_a_gan(G: nn.Module, D: nn.Module, images: Images, batch: int) -> Iterator[tuple[float, float]]:
    """Train without end; gives both losses after each step."""
    loader = DataLoader(Digits(images), batch_size=batch, shuffle=True)
    of_D, of_G = solver(D), solver(G)
    while True:
        for real, _ in loader:
            if len(real) != batch:
                continue
            of_D.zero_grad()
            on_real = D(2 * (real - 0.5))
            fake = G(sample_noise(batch)).detach()
            d_loss = discriminator_loss(on_real, D(fake.view(batch, 1, 28, 28)))
            d_loss.backward()
            of_D.step()
            of_G.zero_grad()
            fake = G(sample_noise(batch))
            g_loss = generator_loss(D(fake.view(batch, 1, 28, 28)))
            g_loss.backward()
            of_G.step()
            yield d_loss.item(), g_loss.item()


def learn_only(G: nn.Module, D: nn.Module, images: Images, batch: int) -> Iterator[tuple[float, float]]:
    """Do the same learning with nothing beside it, for a floor: no records, no streams, nothing checked.

    The pixels lie ready, G runs once a step, D collects no gradient in G's half, and Adam is fused.
    """
    pixels = images.images.float().div(127.5).sub(1)
    of_D, of_G = (torch.optim.Adam(net.parameters(), 1e-3, (0.5, 0.999), fused=True) for net in (D, G))
    parameters = list(D.parameters())
    while True:
        for chosen in torch.randperm(len(pixels)).split(batch):
            if len(chosen) != batch:
                continue
            of_D.zero_grad()
            fake = G(sample_noise(batch)).view(batch, 1, 28, 28)
            d_loss = discriminator_loss(D(pixels[chosen]), D(fake.detach()))
            d_loss.backward()
            of_D.step()
            of_G.zero_grad()
            for parameter in parameters:
                parameter.requires_grad_(False)
            g_loss = generator_loss(D(fake))
            g_loss.backward()
            of_G.step()
            for parameter in parameters:
                parameter.requires_grad_(True)
            yield d_loss.item(), g_loss.item()
