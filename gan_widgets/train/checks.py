"""Checks for readers' own code: each prints one line, or says what is wrong and what to do about it.

>>> import torch
>>> from torch.nn import functional as F
>>> def generator_loss(logits_fake):
...     return F.softplus(-logits_fake).sum()
>>> discriminator_loss(lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean())
✓ <lambda> is −E log σ(D(x)) − E log(1 − σ(D(G(z)))): value, gradient, and logits up to ±10,000
>>> import gan_widgets as gw
>>> gw.check.generator_loss(generator_loss)
Traceback (most recent call last):
gan_widgets.train.check_error.CheckError: generator_loss: it sums over the batch in place of the mean.
  ...

The mistake is found by comparing a function's values, on several random batches, with those of functions
that make it; `mistakes` is their list.
"""

from collections.abc import Callable

from torch import Tensor

from gan_widgets.train.check_error import CheckError
from gan_widgets.train.loss_checks import check_loss
from gan_widgets.train.net_checks import Given, check_discriminator, check_generator, check_parameters
from gan_widgets.train.noise_checks import check_noise

__all__ = [
    "CheckError",
    "discriminator",
    "discriminator_loss",
    "generator",
    "generator_loss",
    "noise",
    "parameters",
]


def discriminator_loss(fn: Callable[[Tensor, Tensor], Tensor], loss: str = "gan") -> None:
    """Check `fn(logits_real, logits_fake)`, both `(n, 1)`, against the discriminator's side of a loss.

    Value, gradient, shape and large logits are compared with `gw.losses[loss]`. Raises `CheckError` with what
    is wrong, `UnknownLossError` for a name that is none.
    """
    check_loss(fn, loss, "discriminator")


def generator_loss(fn: Callable[[Tensor], Tensor], loss: str = "gan") -> None:
    """Check `fn(logits_fake)`, `(n, 1)`, against the generator's side of a loss by name.

    "gan" is the non-saturating loss, "minimax" the saturating one. Raises `CheckError` with what is wrong,
    `UnknownLossError` for a name that is none.
    """
    check_loss(fn, loss, "generator")


def noise(fn: Callable[..., Tensor]) -> None:
    """Check `fn(n, dim)` or `fn(n, dim, seed)`: float32 `(n, dim)`, uniform on [-1, 1).

    Raises `CheckError` with what is wrong.

    >>> import gan_widgets as gw
    >>> noise(gw.sample_noise)
    ✓ sample_noise: (n, dim), float32, uniform on [−1, 1)
    """
    check_noise(fn)


def parameters(net: Given, expected: int) -> None:
    """Check how many parameters a network has; a wrong number is traced to a layer where it can be.

    `net` is the network or a function without arguments that makes it, here and below.

    Raises `CheckError` with what is wrong.

    >>> from torch import nn
    >>> parameters(nn.Linear(784, 256), 200_960)
    ✓ Linear: 200,960 parameters
    """
    check_parameters(net, expected)


def generator(net: Given, noise_dim: int = 96) -> None:
    """Check that noise `(n, noise_dim)` becomes images in [-1, 1], `(n, 784)` or `(n, 1, 28, 28)`.

    The network is left as it is. Raises `CheckError` with what is wrong.

    >>> from torch import nn
    >>> generator(nn.Sequential(nn.Linear(96, 784), nn.Tanh()))
    ✓ Sequential: noise (5, 96) to images (5, 784) in [−1, 1]
    """
    check_generator(net, noise_dim)


def discriminator(net: Given) -> None:
    """Check that images `(n, 784)` and `(n, 1, 28, 28)` become one logit each, `(n, 1)`, any real number.

    Nor may it be a linear function of the image. The network is left as it is. Raises `CheckError` with what
    is wrong.

    >>> from torch import nn
    >>> discriminator(nn.Sequential(nn.Flatten(), nn.Linear(784, 9), nn.LeakyReLU(0.01), nn.Linear(9, 1)))
    ✓ Sequential: images of either shape to logits (n, 1)
    """
    check_discriminator(net)
