"""The pairs of the courses on MNIST, as plain `nn.Sequential`s with named layers.

The fully connected and the convolutional pair are those of Stanford's CS231n, assignment 3, whose noise is
uniform on [-1, 1] and 96 wide; the third pair is that of a common MNIST tutorial, whose noise is normal and
100 wide. Generators give pixels in [-1, 1]. Discriminators take images `(n, 1, 28, 28)` or flat ones
`(n, 784)` and end in a logit, not in a sigmoid: the log of a sigmoid that has rounded to 0 is −∞, a loss of
logits stays finite.

>>> import torch
>>> G, D = fc_generator(noise_dim=96, seed=0), fc_discriminator(seed=1)
>>> images = G(torch.zeros(5, 96))
>>> images.shape, D(images).shape, D(images.view(-1, 1, 28, 28)).shape
(torch.Size([5, 784]), torch.Size([5, 1]), torch.Size([5, 1]))

Each takes `seed`: the same seed gives the same weights and leaves the global random state alone; None draws
from that state, as building the layers by hand does.
"""

from collections import OrderedDict

from torch import nn

from gan_widgets.train.seeded import seeded

_PIXELS = 28 * 28


def fc_generator(noise_dim: int = 96, *, seed: int | None = None) -> nn.Sequential:
    """Make the fully connected generator: z `(n, noise_dim)` → images `(n, 784)` in [-1, 1].

    1,952,528 parameters at noise 96, 1,858,320 at noise 4; weights start as PyTorch's layers do.

    >>> sum(p.numel() for p in fc_generator(noise_dim=4).parameters())
    1858320
    """
    with seeded(seed):
        return _named(
            fc1=nn.Linear(noise_dim, 1024),
            relu1=nn.ReLU(),
            fc2=nn.Linear(1024, 1024),
            relu2=nn.ReLU(),
            pixels=nn.Linear(1024, _PIXELS),
            tanh=nn.Tanh(),
        )


def fc_discriminator(*, seed: int | None = None) -> nn.Sequential:
    """Make its opponent: images `(n, 784)` or `(n, 1, 28, 28)` → logits `(n, 1)`; 267,009 parameters.

    >>> sum(p.numel() for p in fc_discriminator().parameters())
    267009
    """
    with seeded(seed):
        return _named(
            flatten=nn.Flatten(),
            fc1=nn.Linear(_PIXELS, 256),
            leaky1=nn.LeakyReLU(0.01),
            fc2=nn.Linear(256, 256),
            leaky2=nn.LeakyReLU(0.01),
            logit=nn.Linear(256, 1),
        )


def dc_generator(noise_dim: int = 96, *, seed: int | None = None) -> nn.Sequential:
    """Make the convolutional generator: z `(n, noise_dim)` → images `(n, 1, 28, 28)` in [-1, 1].

    6,675,009 parameters at noise 96, 6,580,801 at noise 4. Weights of its layers start Xavier-uniform; biases
    as PyTorch's layers do. Its maps are those of `relu3` (64 at 14×14), and `maps` (128 at 7×7).

    >>> sum(p.numel() for p in dc_generator().parameters())
    6675009
    """
    with seeded(seed):
        net = _named(
            fc1=nn.Linear(noise_dim, 1024),
            relu1=nn.ReLU(),
            bn1=nn.BatchNorm1d(1024),
            fc2=nn.Linear(1024, 128 * 7 * 7),
            relu2=nn.ReLU(),
            bn2=nn.BatchNorm1d(128 * 7 * 7),
            maps=nn.Unflatten(1, (128, 7, 7)),
            up1=nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1),
            relu3=nn.ReLU(),
            bn3=nn.BatchNorm2d(64),
            up2=nn.ConvTranspose2d(64, 1, 4, stride=2, padding=1),
            tanh=nn.Tanh(),
        )
        return _xavier(net)


def dc_discriminator(*, seed: int | None = None) -> nn.Sequential:
    """Make its opponent: images `(n, 784)` or `(n, 1, 28, 28)` → logits `(n, 1)`; 1,102,721 parameters.

    Weights of its layers start Xavier-uniform; biases as PyTorch's layers do. (The assignment's own helper
    reaches linear and transposed layers only, and leaves the two convolutions here as PyTorch makes them.)

    >>> sum(p.numel() for p in dc_discriminator().parameters())
    1102721
    """
    with seeded(seed):
        net = _named(
            flatten=nn.Flatten(),
            image=nn.Unflatten(1, (1, 28, 28)),
            conv1=nn.Conv2d(1, 32, 5),
            leaky1=nn.LeakyReLU(0.01),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(32, 64, 5),
            leaky2=nn.LeakyReLU(0.01),
            pool2=nn.MaxPool2d(2),
            features=nn.Flatten(),
            fc1=nn.Linear(64 * 4 * 4, 1024),
            leaky3=nn.LeakyReLU(0.01),
            logit=nn.Linear(1024, 1),
        )
        return _xavier(net)


def mlp_generator(noise_dim: int = 100, *, seed: int | None = None) -> nn.Sequential:
    """Make the tutorial's generator: z `(n, noise_dim)` → images `(n, 784)` in [-1, 1].

    100–256–512–1024–784 with ReLUs in place, 1,486,352 parameters at noise 100; its noise is normal.

    >>> [name for name, _ in mlp_generator().named_children()]
    ['fc1', 'relu1', 'fc2', 'relu2', 'fc3', 'relu3', 'pixels', 'tanh']
    """
    with seeded(seed):
        return _named(
            fc1=nn.Linear(noise_dim, 256),
            relu1=nn.ReLU(inplace=True),
            fc2=nn.Linear(256, 512),
            relu2=nn.ReLU(inplace=True),
            fc3=nn.Linear(512, 1024),
            relu3=nn.ReLU(inplace=True),
            pixels=nn.Linear(1024, _PIXELS),
            tanh=nn.Tanh(),
        )


def mlp_discriminator(*, seed: int | None = None) -> nn.Sequential:
    """Make its opponent: images `(n, 784)` or `(n, 1, 28, 28)` → logits `(n, 1)`; 1,460,225 parameters.

    784–1024–512–256–1 with dropout 0.3. The tutorial ends in a sigmoid and takes the log of what it gives;
    once D is sure, that is log 0. This one ends in the logit, and the same losses are computed from it.

    >>> sum(p.numel() for p in mlp_discriminator().parameters())
    1460225
    """
    with seeded(seed):
        return _named(
            flatten=nn.Flatten(),
            fc1=nn.Linear(_PIXELS, 1024),
            leaky1=nn.LeakyReLU(0.2),
            drop1=nn.Dropout(0.3),
            fc2=nn.Linear(1024, 512),
            leaky2=nn.LeakyReLU(0.2),
            drop2=nn.Dropout(0.3),
            fc3=nn.Linear(512, 256),
            leaky3=nn.LeakyReLU(0.2),
            drop3=nn.Dropout(0.3),
            logit=nn.Linear(256, 1),
        )


def _named(**layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(layers))


def _xavier(net: nn.Sequential) -> nn.Sequential:
    """Draw all weights uniformly from ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010, equation 16)."""
    for layer in net:
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(layer.weight)
    return net
