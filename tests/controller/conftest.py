import pytest
import torch
from torch import nn

import gan_widgets as gw


def generator() -> nn.Sequential:
    """14×10 pictures from 6 numbers, through maps of 7×5; weights are the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(
            nn.Linear(6, 8 * 7 * 5),
            nn.Unflatten(1, (8, 7, 5)),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(8, 5, 4, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(5, 1, 3, 1, 1),
            nn.Tanh(),
        ).eval()


@pytest.fixture
def model() -> nn.Sequential:
    return generator()


@pytest.fixture
def lab(model):
    with gw.attach(model, latents=gw.normal(6), layer="3", samples=5) as lab:
        yield lab
