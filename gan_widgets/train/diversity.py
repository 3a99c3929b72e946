"""How different a generator's images are from each other, compared with real ones.

>>> mean_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]))          # (5 + 0 + 5) / 3
3.3333332538604736
"""

from math import nan

import torch
from torch import Tensor, nn

from gan_widgets.core.fitting import fitting
from gan_widgets.core.kept import kept
from gan_widgets.core.live import Inputs, call
from gan_widgets.train.step import Stepping, pictured
from gan_widgets.train.streams import Chance

BATCH = 64
"""How many images, real and fake, are compared at most."""


def mean_distance(images: Tensor) -> float:
    """Give the mean Euclidean distance of all pairs of images `(n, ...)`; NaN for fewer than two."""
    return float(torch.pdist(images.detach().flatten(1).float()).mean())


def diversity_of(trainer: Stepping) -> float:
    """Give `relative_spread` for the images of the first seeds, and as many real ones."""
    n = min(BATCH, len(trainer.data))
    real = trainer.data.scaled(trainer.data.order(trainer.seed, 0)[:n])
    return relative_spread(trainer.G, fitting(trainer.latents, trainer.G)(range(n)), real)


def relative_spread(G: nn.Module, inputs: Inputs, real: Tensor) -> float:
    """Give the mean distance of the images that G makes of `inputs`, divided by that of `real` ones.

    NaN where there is no distance to compare with. G runs in the mode it is in; neither it nor any global
    random state is changed.
    """
    with torch.no_grad(), kept(G.modules()), Chance(0).inside(G):
        images = pictured(call(G, inputs))
    of_real = mean_distance(real)
    return mean_distance(images) / of_real if of_real else nan
