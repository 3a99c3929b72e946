"""A small pair to train, and what its tests compare."""

import random

import numpy as np
import pytest
import torch
from torch import nn

import gan_widgets as gw


class SmallG(nn.Module):
    """z (n, 5) → (n, 1, 28, 28), with dropout and batch norm: everything that is random or remembers."""

    noise = 5

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(5, 20, bias=False), nn.BatchNorm1d(20), nn.ReLU(inplace=True), nn.Linear(20, 784)
        )

    def forward(self, z):
        return self.net(z).tanh().view(-1, 1, 28, 28)


def small_pair(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SmallG(), nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.Dropout(0.3), nn.Linear(12, 1))


def small_trainer(seed=0, **settings):
    digits = gw.data.load("digits", size=28)
    return gw.Trainer(*small_pair(seed), digits, **{"batch": 16, "seed": seed, **settings})


def weights(trainer):
    nets_of = (trainer.G, trainer.D, trainer.average)
    return [t.clone() for net in nets_of for t in net.state_dict().values()]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def random_states():
    numpy_state = np.random.get_state()[1].tolist()  # noqa: NPY002  (the global state is meant)
    return torch.get_rng_state().tolist(), numpy_state, random.getstate()


@pytest.fixture
def trainer():
    trainer = small_trainer()
    yield trainer
    trainer.pause()
