"""Concepts of whole images: what a classifier says that they show.

>>> import torch
>>> digits = digit_classes()
>>> digits.names[:3], digits.categories[:3], digits.image_level[:3]
(('digit 0', 'digit 1', 'digit 2'), ('digit', 'digit', 'digit'), (True, True, True))
>>> digits(torch.zeros(5, 1, 28, 28)).shape
torch.Size([5, 10, 28, 28])
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.concepts.protocol import checked_names, spread
from gan_widgets.dissect.concepts.scaled import check_number
from gan_widgets.dissect.concepts.source import Source
from gan_widgets.dissect.concepts.wrapped import PerChannel, Wrapped, wrapped


@dataclass(frozen=True, repr=False)
class Classifier(Source):
    """The segmenter that `classifier` makes."""

    net: Wrapped
    names: tuple[str, ...]
    categories: tuple[str, ...]
    at: float
    several: bool

    kind = "classifier"

    @property
    def parameters(self) -> dict[str, Any]:
        """The module's class and weights, how its images are prepared, and how its logits are read."""
        return self.net.parameters | {"at": self.at, "several": self.several}

    @property
    def image_level(self) -> tuple[bool, ...]:
        """True for each concept."""
        return (True,) * len(self.names)

    def __call__(self, images: Tensor, /) -> Tensor:
        """Label images `(n, ch, H, W)`: bool `(n, concepts, H, W)`, each mask all True or all False.

        The masks are views of `(n, concepts)`: they take no memory of their own.
        """
        logits = self.net.logits(images)
        if logits.shape != (len(images), len(self.names)):
            raise DissectionError(
                problem(
                    "the classifier's logits do not fit its names.",
                    got=tuple(logits.shape),
                    allowed=(len(images), len(self.names)),
                    next="Pass one name per logit.",
                )
            )
        probable = logits.sigmoid() if self.several else logits.softmax(1)
        labels = probable > self.at
        return labels[:, :, None, None].expand(-1, -1, *images.shape[2:])


def classifier(
    module: nn.Module,
    names: Sequence[str],
    categories: str | Sequence[str] = "class",
    *,
    at: float = 0.5,
    several: bool = False,
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002  (what pixels call it)
    mean: PerChannel = 0.0,
    std: PerChannel = 1.0,
    size: int | tuple[int, int] | None = None,
) -> Classifier:
    """Make a segmenter of a module that gives logits `(n, classes)`: its labels are masks of whole images.

    An image shows a class when the softmax of its logit exceeds `at`; with `several`, its sigmoid (for labels
    that do not exclude each other). `image_level` is True for every concept. Images are prepared, and the
    module is run and left, as with `gw.concepts.network`. Raises `DissectionError`.

    >>> import torch
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4 * 6, 2))
    >>> classifier(net, ["day", "night"])(torch.zeros(5, 1, 4, 6)).shape
    torch.Size([5, 2, 4, 6])
    """
    check_number("at", at, 0.0, 1.0)
    known = checked_names(names)
    if len(known) == 1 and not several:
        raise DissectionError(
            problem(
                "the softmax of a single logit is always 1.",
                got=f"names={list(known)}, several=False",
                allowed="two classes or more, or several=True",
                next="Pass several=True: the sigmoid of the logit is compared.",
            )
        )
    net = wrapped(module, range, mean, std, size)
    return Classifier(net, known, spread(categories, known), at, several)


def digit_classes(
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002
    *,
    at: float = 0.5,
) -> Classifier:
    """Make a segmenter of digits 0 to 9, as the classifier that ships with the package sees them.

    Images in `range` are resized to 28×28 where they are of another size; an image shows a digit to which the
    classifier gives a probability above `at`. Its card is `gw.train.pretrained.card("classifier-mnist")`.
    """
    from gan_widgets.train.pretrained import digit_classifier

    names = [f"digit {digit}" for digit in "0123456789"]
    # it was trained on images in [-1, 1]
    return classifier(
        digit_classifier(), names, "digit", at=at, range=range, mean=0.5, std=0.5, size=(28, 28)
    )
