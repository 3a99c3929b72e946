import pytest
from torch import nn

import gan_widgets as gw
from tests.generators import generator
from tests.keyboard import keyboard  # noqa: F401  (a fixture)
from tests.train.small import trainer  # noqa: F401  (a fixture)


@pytest.fixture
def model() -> nn.Sequential:
    return generator()


@pytest.fixture
def lab(model):
    with gw.attach(model, latents=gw.normal(6), layer="3", samples=5) as lab:
        yield lab
