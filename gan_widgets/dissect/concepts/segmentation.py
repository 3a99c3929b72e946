"""Concepts by a semantic segmentation network: torchvision's and transformers' kinds, or any other.

from torchvision.models.segmentation import lraspp_mobilenet_v3_large, LRASPP_MobileNet_V3_Large_Weights
weights = LRASPP_MobileNet_V3_Large_Weights.DEFAULT
net = lraspp_mobilenet_v3_large(weights=weights)
things = gw.concepts.network(net, dict(enumerate(weights.meta["categories"])),
                             mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), size=520)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.quantities import whole_or_none
from gan_widgets.dissect.concepts.protocol import checked_names, spread
from gan_widgets.dissect.concepts.scaled import check_number
from gan_widgets.dissect.concepts.source import Source
from gan_widgets.dissect.concepts.wrapped import PerChannel, Wrapped, wrapped


@dataclass(frozen=True, repr=False)
class Network(Source):
    """The segmenter that `network` makes: `channels` are those of the logits that are concepts."""

    net: Wrapped
    names: tuple[str, ...]
    categories: tuple[str, ...]
    channels: tuple[int, ...] | None
    at: float | None

    kind = "network"

    @property
    def parameters(self) -> dict[str, Any]:
        """The module's class and weights, how its images are prepared, and how its logits are read."""
        return self.net.parameters | {"channels": self.channels, "at": self.at}

    def __call__(self, images: Tensor, /) -> Tensor:
        """Segment images `(n, ch, H, W)`: bool `(n, concepts, H, W)`."""
        logits = self.net.logits(images)
        if self.channels is None:
            fits, allowed = logits.shape[1:2] == (len(self.names),), f"(n, {len(self.names)}, h, w)"
        else:
            fits = logits.ndim == 4 and max(self.channels) < logits.shape[1]
            allowed = f"(n, more than {max(self.channels)}, h, w)"
        if logits.ndim != 4 or not fits or len(logits) != len(images):
            raise DissectionError(
                problem(
                    "the network's logits do not fit its names.",
                    got=tuple(logits.shape),
                    allowed=allowed,
                    next="Pass one name per channel, or a dict from channels to names.",
                )
            )
        logits = F.interpolate(logits, images.shape[2:], mode="bilinear", align_corners=False)
        own = logits if self.channels is None else logits[:, list(self.channels)]
        if self.at is not None:
            return own.sigmoid() > self.at
        return own == logits.amax(1, keepdim=True)  # which is NaN where a logit is


def network(
    module: nn.Module,
    names: Sequence[str] | Mapping[int, str] | Mapping[str, str],
    categories: str | Sequence[str] = "segment",
    *,
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002  (what pixels call it)
    mean: PerChannel = 0.0,
    std: PerChannel = 1.0,
    size: int | tuple[int, int] | None = None,
    at: float | None = None,
) -> Network:
    """Make a segmenter of a module that gives logits `(n, channels, h, w)`, of any resolution.

    `names` has one text per channel, or maps the channels that are concepts to theirs (as
    `model.config.id2label` of transformers does; its keys may be digits, as JSON gives them). Images in
    `range` are brought to [0, 1], then to `(x − mean) / std`, repeated to three channels where mean and std
    have three and images are grey, and resized to `size`, bilinear. The logits are found in what the module
    returns, `{"out": …}` or `.logits`, and upsampled to the images' size, bilinear.

    Each pixel gets the concept of its largest logit (all of them, where several are equal); with `at`, every
    concept whose logit has a sigmoid above it (for networks with several labels per pixel). Where a logit is
    NaN there is no concept.

    The module runs in eval mode, without gradients, on its own device and in its own dtype, and is left as it
    was. Its masks depend on the batch no more than its own arithmetic does. Raises `DissectionError`.

    >>> import torch
    >>> net = nn.Conv2d(1, 3, 1)                     # images (n, 1, H, W) → logits (n, 3, H, W)
    >>> segmenter = network(net, {1: "sky", 2: "tree"}, categories="scene")
    >>> segmenter.names, segmenter(torch.zeros(5, 1, 4, 6)).shape
    (('sky', 'tree'), torch.Size([5, 2, 4, 6]))
    """
    channels, given = None, names
    if isinstance(names, Mapping):
        channels = tuple(map(_channel, names))
        names = list(names.values())
    known = checked_names(names)
    if channels is not None and (min(channels) < 0 or len(set(channels)) < len(channels)):
        raise DissectionError(
            problem(
                "the channels of the logits are counted from 0.",
                got=list(given),
                allowed="whole numbers, 0 or more, that differ",
                next="Pass for instance {0: 'sky', 2: 'tree'}.",
            )
        )
    if at is not None:
        check_number("at", at, 0.0, 1.0)
    net = wrapped(module, range, mean, std, size)
    return Network(net, known, spread(categories, known), channels, at)


def _channel(key: object) -> int:
    """Give the channel that a key names, as a number or as digits in a text; −1 for none."""
    if isinstance(key, str):
        return int(key) if key.isascii() and key.isdigit() else -1
    number = whole_or_none(key)
    return -1 if number is None else number
