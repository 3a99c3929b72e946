"""Small changes that leave a digit a digit: they keep a network from learning its few images by heart."""

import torch
from torch import Tensor
from torch.nn import functional as F

_INK_FREE = -1.0


def shifted(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Move each image by its own whole number of pixels: images (n, ch, h, w) in [-1, 1], offsets int64 (n,).

    Positive offsets move down and right; what comes in is black, what goes out is lost. Differentiable.

    >>> shifted(torch.tensor([[[[0.5, 0.7, 0.9]]]]), torch.tensor([0]), torch.tensor([1]))
    tensor([[[[-1.0000,  0.5000,  0.7000]]]])
    """
    n, channels, h, w = images.shape
    reach = int(torch.stack([down, right]).abs().max())
    padded = F.pad(images, (reach,) * 4, value=_INK_FREE)
    rows = reach - down[:, None, None, None] + torch.arange(h)[None, None, :, None]
    columns = reach - right[:, None, None, None] + torch.arange(w)[None, None, None, :]
    which, channel = torch.arange(n)[:, None, None, None], torch.arange(channels)[None, :, None, None]
    index = [part.to(images.device) for part in (which, channel, rows, columns)]
    return padded[index[0], index[1], index[2], index[3]]


def shaken(images: Tensor, reach: int, generator: torch.Generator | None = None) -> Tensor:
    """Move each image by up to `reach` pixels either way, drawn from a CPU generator (None: PyTorch's own).

    >>> shaken(torch.zeros(5, 1, 28, 28), 2).shape
    torch.Size([5, 1, 28, 28])
    """
    if not reach:
        return images
    down, right = torch.randint(-reach, reach + 1, (2, len(images)), generator=generator)
    return shifted(images, down, right)
