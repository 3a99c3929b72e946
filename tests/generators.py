"""The small generator that the tests of the controller and of the views look at."""

import torch
from torch import nn


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
