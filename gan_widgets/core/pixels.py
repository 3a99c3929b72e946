"""Tensors become pixels: declared ranges, one upsampler, colours that keep order, and nothing hidden.

>>> import numpy as np
>>> maps = torch.tensor([[0.0, 0.5, 1.0, torch.nan]])
>>> colorize(maps, 0.0, 1.0, "gray").tolist()                      # black, middle, white; magenta is NaN
[[[0, 0, 0], [127, 127, 127], [255, 255, 255], [255, 0, 255]]]
"""

import io
from functools import lru_cache
from math import isfinite, isqrt
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_widgets.core.errors import ImageError, problem
from gan_widgets.core.outputs import images_of
from gan_widgets.core.sampling import stretch

Pixels: TypeAlias = NDArray[np.uint8]

NAN_COLOR = (255, 0, 255)
"""Magenta, in no colormap: the value is not a number."""
INF_COLOR = (0, 255, 255)
"""Cyan, in no colormap: the value is plus infinity."""
NEGATIVE_INF_COLOR = (0, 128, 255)
"""Azure, in no colormap: the value is minus infinity."""

# own control colours; lightness is then spaced evenly between the first and the last
_SEQUENTIAL = ("#1b0f33", "#33348e", "#1f6f9f", "#2ba58a", "#8fd05a", "#fbf3a5")
_DIVERGING = ("#123f7a", "#3f86c6", "#a9cbe4", "#f2f2f2", "#edbb9d", "#cc6a49", "#7d1f2b")


def as_images(output: Any) -> Tensor:  # noqa: ANN401  (a model may give anything)
    """Read a model's output as images `(n, ch, H, W)`, float32, with 1, 3 or 4 channels.

    `(n, H, W)` gets its channel; `(n, 784)` is taken as square, `(n, 3 * s * s)` as three square channels.
    Of several tensors in a tuple or dict, the first with an image's four dimensions is meant, else the first.
    Raises `ImageError` for any other shape, or when the output holds no floating tensor.

    >>> as_images(torch.zeros(5, 784)).shape
    torch.Size([5, 1, 28, 28])
    """
    tensor = images_of(output)
    if tensor is None:
        raise _no_images(
            f"{type(output).__name__} without a floating tensor", "Return the images from forward()."
        )
    images, shape = tensor.detach().float(), tuple(tensor.shape)
    if len(shape) == 2:
        for channels in (1, 3):
            side = isqrt(shape[1] // channels)
            if channels * side * side == shape[1] > 0:
                return images.reshape(-1, channels, side, side)
        raise _no_images(str(shape), "Reshape the output to (n, ch, H, W) at the end of forward().")
    if len(shape) == 3:
        images = images.unsqueeze(1)
    if images.ndim != 4 or images.shape[1] not in (1, 3, 4):
        last = len(shape) == 4 and shape[-1] in (1, 3, 4)
        raise _no_images(
            str(shape), "Put channels first: permute(0, 3, 1, 2)." if last else "Reshape the output."
        )
    return images


def to_uint8(images: Tensor, low: float = -1.0, high: float = 1.0) -> Pixels:
    """Turn images `(n, ch, H, W)` into bytes `(n, H, W, ch)`: `low` gives 0, `high` gives 255, rounded.

    Values outside are clipped. A pixel that is NaN or infinite is magenta in colour images and one square of
    a black and white checkerboard in grey ones, so that a broken region never passes for a dark one.

    >>> to_uint8(torch.tensor([[[[-1.0, 0.0, 1.0, 7.0]]]])).ravel()
    array([  0, 128, 255, 255], dtype=uint8)
    """
    if images.ndim != 4 or not images.is_floating_point():
        raise _no_images(f"{images.dtype} {tuple(images.shape)}", "Call as_images(output) first.")
    _range(low, high)
    scaled = (images.detach().float() - low) * (255.0 / (high - low))
    lit = scaled.add_(0.5).clamp_(0.0, 255.0).permute(0, 2, 3, 1).cpu()
    pixels: Pixels = np.ascontiguousarray(lit.nan_to_num_(0.0).to(torch.uint8).numpy())
    broken = ~torch.isfinite(images).all(1).cpu().numpy()
    if broken.any():
        n, h, w, channels = pixels.shape
        board = np.broadcast_to((np.indices((h, w)).sum(0) % 2 * 255)[None, :, :, None], (n, h, w, 1))
        pixels[broken] = board[broken] if channels < 3 else (*NAN_COLOR, 255)[:channels]
    return pixels


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize maps `(..., h, w)` to `(..., H, W)`: bilinear with `align_corners=False`, in their own dtype.

    The one upsampler: the mask that is drawn and the mask that is scored come from here. A 1×1 map is legal.
    First h, then w, by `core.sampling.stretch`, so that the bits are the same wherever a pixel is worked out.
    No pixel leaves the range of its four neighbours. NaN and infinity spread as far as they have weight.
    Halves are worked out as float32.

    >>> upsample(torch.tensor([[0.0, 1.0]]), (1, 4))
    tensor([[0.0000, 0.2500, 0.7500, 1.0000]])
    """
    if maps.ndim < 2 or not maps.is_floating_point() or 0 in maps.shape or len(size) != 2 or min(size) < 1:
        raise ImageError(
            problem(
                "only floating maps can be resized, and to a positive size.",
                got=f"{maps.dtype} {tuple(maps.shape)} to {size}",
                allowed="(..., h, w) to (H, W)",
                next="Pass maps.float() and a size of two positive numbers.",
            )
        )
    exact = maps if maps.dtype == torch.float64 else maps.float()
    for axis, pixels in ((-2, size[0]), (-1, size[1])):
        exact = stretch(exact, axis, pixels)
    return exact.to(maps.dtype)


@lru_cache
def colormap(name: str) -> Pixels:
    """Give a table of colours `(256, 3)`, uint8, read-only: "sequential", "diverging" or "gray".

    "sequential" grows evenly in lightness from dark to bright. "diverging" is lightest in the middle and
    equally dark at both ends. Raises `ImageError` for another name.

    >>> colormap("gray")[[0, 100]].tolist()
    [[0, 0, 0], [100, 100, 100]]
    """
    position = np.linspace(0.0, 1.0, 256)
    if name == "gray":
        table = np.repeat(position[:, None], 3, axis=1)
    elif name == "sequential":
        knots = _oklab(_SEQUENTIAL)
        light = knots[0, 0] + position * (knots[-1, 0] - knots[0, 0])
        table = _srgb(
            np.stack([light, *(np.interp(light, knots[:, 0], knots[:, i]) for i in (1, 2))], axis=1)
        )
    elif name == "diverging":
        knots = _oklab(_DIVERGING)
        away = np.abs(2 * position - 1)
        light = knots[3, 0] + away * (knots[[0, -1], 0].mean() - knots[3, 0])
        where = np.linspace(0.0, 1.0, len(knots))
        table = _srgb(np.stack([light, *(np.interp(position, where, knots[:, i]) for i in (1, 2))], axis=1))
    else:
        raise ImageError(
            problem(
                "there is no such colormap.",
                got=repr(name),
                allowed="'sequential', 'diverging' or 'gray'",
                next="Pass one of these names.",
            )
        )
    lut: Pixels = np.rint(table.clip(0.0, 1.0) * 255).astype(np.uint8)
    lut.flags.writeable = False
    return lut


def colorize(maps: Tensor, low: float, high: float, name: str = "sequential") -> Pixels:
    """Colour maps `(..., h, w)` with [low, high] spread over a colormap; gives uint8 `(..., h, w, 3)`.

    Values outside take the end colours; NaN, +Inf and −Inf take `NAN_COLOR`, `INF_COLOR` and
    `NEGATIVE_INF_COLOR`, which no colormap holds. `low == high` is legal, for a constant map.
    """
    if low != high:
        _range(low, high)
    values = maps.detach().float().cpu().numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        place = (values - low) * (255.0 / ((high - low) or 1.0))
    index = np.nan_to_num(place, nan=0.0).clip(0.0, 255.0).astype(np.uint8)
    colors: Pixels = colormap(name)[index]
    colors[np.isnan(values)] = NAN_COLOR
    colors[np.isposinf(values)] = INF_COLOR
    colors[np.isneginf(values)] = NEGATIVE_INF_COLOR
    return colors


def mosaic(images: Pixels, columns: int) -> Pixels:
    """Lay images `(n, H, W, ch)` out row by row: uint8 `(rows * H, columns * W, ch)`, empty places black.

    >>> mosaic(np.full((3, 2, 5, 1), 9, np.uint8), columns=2).shape
    (4, 10, 1)
    """
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0 or columns < 1:
        raise _no_images(
            f"{images.dtype} {images.shape} in {columns} columns", "Pass to_uint8(images) and columns=4."
        )
    n, h, w, channels = images.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    sheet = np.zeros((rows * columns, h, w, channels), np.uint8)
    sheet[:n] = images
    laid = sheet.reshape(rows, columns, h, w, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(laid.reshape(rows * h, columns * w, channels))


def png(pixels: Pixels) -> bytes:
    """Encode `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` uint8 as PNG, without loss.

    >>> png(np.zeros((2, 3), np.uint8))[1:4]
    b'PNG'
    """
    flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if (
        flat.dtype != np.uint8
        or flat.size == 0
        or not (flat.ndim == 2 or (flat.ndim == 3 and flat.shape[2] in (3, 4)))
    ):
        raise _no_images(f"{pixels.dtype} {pixels.shape}", "Pass one image of bytes (H, W, ch).")
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(file, "PNG")
    return file.getvalue()


def _no_images(got: str, step: str) -> ImageError:
    allowed = "(n, ch, H, W) with 1, 3 or 4 channels, (n, H, W), (n, s * s) or (n, 3 * s * s)"
    return ImageError(problem("this cannot be read as images.", got=got, allowed=allowed, next=step))


def _range(low: float, high: float) -> None:
    if not (isfinite(low) and isfinite(high) and low < high):
        raise ImageError(
            problem(
                "a range needs two finite ends in order.",
                got=f"low={low}, high={high}",
                allowed="low < high",
                next="Pass for instance low=-1, high=1.",
            )
        )


# OKLab, a space where equal steps look equal: https://bottosson.github.io/posts/oklab/
_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def _oklab(colors: tuple[str, ...]) -> NDArray[np.float64]:
    srgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float64] = np.cbrt(linear @ _LMS.T) @ _LAB.T
    return lab


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = (np.linalg.solve(_LAB, lab.T) ** 3).T
    linear = np.linalg.solve(_LMS, linear.T).T.clip(0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
