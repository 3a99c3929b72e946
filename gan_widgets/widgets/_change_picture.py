"""Images before and after an edit: as large as they are seen, and as a still for places without a kernel."""

from math import isqrt

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gan_widgets.core.pixels import Pixels, colormap, mosaic, png

_RANGES = 16, 32, 64, 128, 255  # ends of the colour scale in grey levels, as in the live view
_GAP = 4
_SHEET = 520  # pixels: the view shows a sheet up to 260 wide, and a fine screen makes each of them two


def seen(images: Tensor, low: float, high: float) -> Tensor:
    """Return images `(n, ch, H, W)` no larger than a sheet of them is shown, as float32 means over squares.

    What is clipped to [low, high] later is clipped before; a mean over a pixel that is not finite is NaN. A
    sheet that is small enough is returned as it is.

    >>> seen(torch.zeros(16, 3, 256, 128), -1, 1).shape
    torch.Size([16, 3, 128, 64])
    """
    across = isqrt(len(images) - 1) + 1
    longest = max(images.shape[-2:])
    room = max(1, (_SHEET - (across - 1)) // across)
    if longest <= room:
        return images
    exact = images.detach().float()
    least, most = exact.aminmax()
    if not (least >= low and most <= high):  # NaN is neither
        exact = torch.where(exact.isfinite(), exact.clamp(low, high), torch.nan)
    return functional.avg_pool2d(exact, -(-longest // room), ceil_mode=True)


def picture_of(before: Pixels, after: Pixels) -> bytes:
    """Return a PNG of three sheets side by side, before, after and difference, of images `(n, H, W, ch)`."""
    sheets = [_sheet(images) for images in (before, after, difference(before, after))]
    gap = np.full((sheets[0].shape[0], _GAP, 3), 255, np.uint8)
    return png(np.concatenate([sheets[0], gap, sheets[1], gap, sheets[2]], axis=1))


def difference(before: Pixels, after: Pixels) -> Pixels:
    """Colour after − before, in grey levels: uint8 `(n, H, W, 3)`.

    No change is the middle of "diverging"; its ends are the least of ±16, 32, 64, 128, 255 to clip nothing.

    >>> before, after = np.zeros((1, 1, 2, 1), np.uint8), np.array([[[[0], [200]]]], np.uint8)
    >>> difference(before, after)[0, 0].tolist() == colormap("diverging")[[128, 228]].tolist()
    True
    """
    signed = (after[..., :3].astype(np.float64) - before[..., :3]).mean(3)
    largest = np.abs(signed).max(initial=0)
    ends = next(ends for ends in _RANGES if largest <= ends)
    place = np.floor(127.5 + signed * 127.5 / ends + 0.5)
    colours: Pixels = colormap("diverging")[place.astype(np.uint8)]
    return colours


def _sheet(images: Pixels) -> Pixels:
    """Lay images out on white: an alpha channel blends into it, and places without an image are empty."""
    colours = images[..., :3] if images.shape[3] >= 3 else images[..., :1].repeat(3, axis=3)
    if images.shape[3] == 4:
        cover = images[..., 3:] / 255
        colours = np.rint(colours * cover + 255 * (1 - cover)).astype(np.uint8)
    columns = isqrt(len(images) - 1) + 1
    empty = np.full((-len(images) % columns, *colours.shape[1:]), 255, np.uint8)
    return mosaic(np.concatenate([colours, empty]), columns)
