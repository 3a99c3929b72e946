"""Spectral normalisation: layers that stretch no direction by more than 1."""

from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from gan_widgets.core.errors import RefusedModelError, problem
from gan_widgets.train.seeded import seeded

_Net = TypeVar("_Net", bound=nn.Module)
_KINDS = (
    nn.Linear,
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)


def spectral(D: _Net, *, seed: int | None = None) -> _Net:
    """Divide the weight of each linear and convolutional layer by its largest singular value; give D.

    Miyato et al., arXiv 1802.05957, equation 8; for a convolution it is that of its weight as a matrix
    `(out, in·kh·kw)`. PyTorch estimates it by power iteration, one round per forward in training mode, none
    in eval mode, and from below: for the pairs of this package it starts up to 3 % short and closes in.
    `seed` is where the iteration starts (None: PyTorch's global random state).

    Parameters stay the same objects, so optimisers that have them keep working; layers that are normalised
    already are left alone. Raises `RefusedModelError` when there is no such layer.

    >>> from gan_widgets.train.course_nets import fc_discriminator
    >>> D = spectral(fc_discriminator(seed=0), seed=0).eval()
    >>> D.fc1
    ParametrizedLinear(
      in_features=784, out_features=256, bias=True
      (parametrizations): ModuleDict(
        (weight): ParametrizationList(
          (0): _SpectralNorm()
        )
      )
    )
    """
    layers = [module for module in D.modules() if isinstance(module, _KINDS)]
    if not layers:
        raise RefusedModelError(
            problem(
                "there is nothing to normalise in this network.",
                got=type(D).__name__,
                allowed="a network with linear or convolutional layers",
                next="Pass for instance gw.nets.fc_discriminator().",
            )
        )
    with seeded(seed):
        for layer in layers:
            if not parametrize.is_parametrized(layer, "weight"):
                spectral_norm(layer)
    return D
