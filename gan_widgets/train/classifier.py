"""A LeNet-size classifier of digits: the judge of generated ones.

>>> net = DigitClassifier()
>>> net(torch.zeros(5, 1, 28, 28)).shape, net.features(torch.zeros(5, 1, 28, 28)).shape
(torch.Size([5, 10]), torch.Size([5, 84]))
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_widgets.train.augment import shifted
from gan_widgets.train.data import Images
from gan_widgets.train.seeded import seeded

_HELD_OUT, _SHIFTS = 3, 4  # keeps these streams apart from the trainer's
_REACH = 2


class DigitClassifier(nn.Module):
    """LeNet-5 with ReLU and max pooling: images (n, 1, 28, 28) in [-1, 1] → logits (n, 10).

    `features` (LeCun et al. 1998, layer F6) are what distances between sets of small grey images use.

    >>> sum(p.numel() for p in DigitClassifier().parameters())
    61706
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
        )
        self.head = nn.Linear(84, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (n, 1, 28, 28) in [-1, 1]: logits (n, 10)."""
        logits: Tensor = self.head(self.features(images))
        return logits


def digits(*, seed: int = 0) -> DigitClassifier:
    """Make an untrained classifier, the same for the same seed; the global random state stays as it was."""
    with seeded(seed):
        return DigitClassifier()


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training part gave: mean loss, and accuracy in [0, 1] on the held-out part."""

    epoch: int
    loss: float
    accuracy: float


def fit(
    net: DigitClassifier, data: Images, *, epochs: int, seed: int = 0, batch: int = 64, held_out: int = 1000
) -> Iterator[Epoch]:
    """Train on all but `held_out` images, chosen by the seed; gives an `Epoch` after each pass.

    Images are shifted by up to 2 pixels each time they are seen; the learning rate falls as a half cosine
    from 1e-3. The weights are a function of the first weights, the data and the seed; the global random state
    is not touched.
    """
    training, testing = divided(data, held_out, seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    per_epoch = len(training) // batch
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * per_epoch)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for at, (images, labels) in enumerate(training.batches(batch, seed=seed, epoch=epoch)):
            loss = F.cross_entropy(net(_shifted(images, seed, epoch, at)), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        yield Epoch(epoch + 1, total / per_epoch, accuracy(net, testing))


def accuracy(net: nn.Module, data: Images) -> float:
    """Give the share of images whose largest logit is that of their label, in [0, 1]."""
    return float((_logits(net, data).argmax(1) == data.labels).double().mean())


def confidence(net: nn.Module, data: Images, *, level: float = 0.9) -> float:
    """Give the share of images to which the net gives one label a probability above `level`, in [0, 1].

    That of real images is the most that generated ones can be expected to reach.
    """
    return float((_logits(net, data).softmax(1).max(1).values > level).double().mean())


def _logits(net: nn.Module, data: Images) -> Tensor:
    net.eval()
    with torch.no_grad():
        parts = torch.arange(len(data)).tensor_split(max(1, len(data) // 500))
        return torch.cat([net(data.scaled(part)) for part in parts])


def divided(data: Images, held_out: int, seed: int) -> tuple[Images, Images]:
    """Divide the data in two: all but `held_out` images, and those; which ones depends on the seed only."""
    stream = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, _HELD_OUT])))
    order = torch.from_numpy(stream.permutation(len(data)))
    return data.chosen(order[held_out:]), data.chosen(order[:held_out])


def _shifted(images: Tensor, seed: int, epoch: int, at: int) -> Tensor:
    stream = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, epoch, at, _SHIFTS])))
    down, right = (
        _REACH - torch.from_numpy(stream.randint(0, 2 * _REACH + 1, len(images))) for _ in range(2)
    )
    return shifted(images, down, right)
