"""Concepts of colour images: colours, brightness and edges.

>>> from gan_widgets.dissect.concepts import brightness, colors, edges
>>> colors(4)
colors(['white', 'black', 'red', 'green'], range=(-1.0, 1.0))
>>> (colors(4) + brightness() + edges()).names
('white', 'black', 'red', 'green', 'dark', 'bright', 'edge')
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.concepts.protocol import checked_names
from gan_widgets.dissect.concepts.scaled import Floats, check_number, check_range, grey, scaled
from gan_widgets.dissect.concepts.source import Source

_BASIC = {
    "white": "#ffffff", "black": "#000000", "red": "#d62728", "green": "#2ca02c", "yellow": "#ffe119",
    "blue": "#1f4fd8", "brown": "#7b4a1e", "purple": "#7d2ea8", "pink": "#f7a6c1", "orange": "#ff7f0e",
    "gray": "#808080",
}  # fmt: skip
_LEVELS = 64  # of each channel: a table of all colours has 64³ entries
_SAMPLE = 20_000  # pixels that k-means sees


@dataclass(frozen=True, repr=False)
class Colors(Source):
    """The segmenter that `colors` makes: `names` are basic colours or `#rrggbb`."""

    names: tuple[str, ...]
    range: tuple[float, float]

    kind = "colors"

    @property
    def categories(self) -> tuple[str, ...]:  # type: ignore[override]
        """The category of each, "color"."""
        return ("color",) * len(self.names)

    @property
    def parameters(self) -> dict[str, Any]:
        """The range; the names are the colours."""
        return {"range": self.range}

    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark each pixel of `(n, ch, H, W)` with the nearest colour: bool `(n, colors, H, W)`."""
        values, finite = scaled(images, self.range)
        steps = np.rint(_rgb(values) * np.float32(_LEVELS - 1)).astype(np.int32)
        nearest = _nearest(self.names)[(steps[:, 0] * _LEVELS + steps[:, 1]) * _LEVELS + steps[:, 2]]
        masks = (nearest[:, None] == np.arange(len(self.names))[:, None, None]) & finite[:, None]
        return torch.from_numpy(masks).to(images.device)

    def __repr__(self) -> str:
        return f"colors({list(self.names)}, range={self.range})"


@dataclass(frozen=True, repr=False)
class Brightness(Source):
    """The segmenter that `brightness` makes; its fields are the function's arguments."""

    range: tuple[float, float]
    dark: float
    bright: float

    kind = "brightness"
    names = ("dark", "bright")
    categories = ("brightness", "brightness")

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments of `brightness`."""
        return dict(vars(self))

    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark dark and bright pixels of `(n, ch, H, W)`: bool `(n, 2, H, W)`."""
        values, finite = scaled(images, self.range)
        light = grey(values)
        masks = np.stack([light < self.dark, light > self.bright], axis=1) & finite[:, None]
        return torch.from_numpy(masks).to(images.device)


@dataclass(frozen=True, repr=False)
class Edges(Source):
    """The segmenter that `edges` makes; its fields are the function's arguments."""

    range: tuple[float, float]
    level: float

    kind = "edges"
    names = ("edge",)
    categories = ("edge",)

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments of `edges`."""
        return dict(vars(self))

    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark steep pixels of `(n, ch, H, W)`: bool `(n, 1, H, W)`."""
        values, finite = scaled(images, self.range)
        padded = np.pad(values[:, : min(values.shape[1], 3)], ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
        down, right = _slope(padded), _slope(padded.swapaxes(2, 3)).swapaxes(2, 3)
        steep = (down**2 + right**2 > np.float32(self.level) ** 2).any(1)
        return torch.from_numpy((steep & finite)[:, None]).to(images.device)


def colors(
    which: int | Sequence[str],
    *,
    fit: Tensor | None = None,
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002  (what pixels call it)
    seed: int = 0,
) -> Colors:
    """Make a segmenter by colour: each pixel is marked with the nearest of some colours, in CIELAB.

    `which` is a list of colours, each `"#rrggbb"` or a basic name, or how many. A number alone takes the
    first of the eleven basic colour terms, in the order in which languages acquire them (Berlin and Kay
    1969). A number with `fit`, images `(n, ch, H, W)` in `range`, takes the clusters of their pixels by
    k-means in CIELAB, rounded to `"#rrggbb"`, from light to dark: a function of these images and the seed.
    Either way the masks depend on nothing but the pixel (at 64 levels per channel), and `names` say the
    colours: the same list makes the same segmenter again. A grey image is one with three equal channels.

    Raises `DissectionError` for colours that cannot be read, for more than eleven without `fit`, and when
    `fit` has fewer different colours than clusters.

    >>> red_red_blue = torch.tensor([[1.0, -1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]]).T
    >>> colors(2, fit=red_red_blue.reshape(1, 3, 1, 3)).names
    ('#ff0000', '#0000ff')
    """
    bounds = check_range(range)
    if isinstance(which, int):
        most = len(_BASIC) if fit is None else 255
        step = "Pass fit=images for clusters of their colours, or a list of colours."
        check_number("the number of colours", which, 1, most, step)
        names = tuple(_BASIC)[:which] if fit is None else _clusters(which, fit, bounds, seed)
        return Colors(names, bounds)
    names = checked_names(which)
    unread = [name for name in names if name not in _BASIC and not re.fullmatch("#[0-9a-f]{6}", name)]
    if unread:
        raise DissectionError(
            problem(
                "a colour cannot be read.",
                got=repr(unread[0]),
                allowed=f"'#rrggbb' in small letters, or one of {', '.join(_BASIC)}",
                next="Pass for instance ['black', '#e69f00'].",
            )
        )
    return Colors(names, bounds)


def brightness(
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002
    *,
    dark: float = 0.25,
    bright: float = 0.75,
) -> Brightness:
    """Make a segmenter of "dark" and "bright" pixels, by the mean of their colour channels in [0, 1].

    Dark is below `dark`, bright above `bright`; with 0 as black and 1 as white in `range`.

    >>> brightness()(torch.tensor([[[[-1.0, 0.0, 1.0]]]])).tolist()
    [[[[True, False, False]], [[False, False, True]]]]
    """
    check_number("dark", dark, 0.0, 1.0)
    check_number("bright", bright, 0.0, 1.0)
    return Brightness(check_range(range), dark, bright)


def edges(
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002
    *,
    level: float = 0.1,
) -> Edges:
    """Make a segmenter of edges: pixels where the Sobel gradient of any colour channel exceeds `level`.

    The gradient counts brightness, 0 to 1, per pixel; a step of height s has s/2 on both of its sides. Beyond
    its border an image goes on as it ends.

    >>> edges()(torch.tensor([[[[-1.0, -1, 1, 1, 1]] * 3]]))[0, 0, 1].tolist()
    [False, True, True, False, False]
    """
    check_number("level", level, 0.0, 1.0)
    return Edges(check_range(range), level)


def _slope(padded: Floats) -> Floats:
    """Sobel's derivative down the rows, per pixel, of (n, ch, H + 2, W + 2): (n, ch, H, W)."""
    change = padded[:, :, 2:] - padded[:, :, :-2]
    slope: Floats = (change[..., :-2] + 2 * change[..., 1:-1] + change[..., 2:]) / np.float32(8)
    return slope


def _rgb(values: Floats) -> Floats:
    return np.repeat(values[:, :1], 3, axis=1) if values.shape[1] < 3 else values[:, :3]


@lru_cache(maxsize=8)
def _nearest(names: tuple[str, ...]) -> NDArray[np.uint8]:
    """Tell the nearest colour of every quantised one: (64³,), by the distance in CIELAB (CIE76)."""
    from skimage.color import rgb2lab

    axis = np.linspace(0.0, 1.0, _LEVELS)
    grid = rgb2lab(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3))
    rgb = [[int(_BASIC.get(name, name)[i : i + 2], 16) / 255 for i in (1, 3, 5)] for name in names]
    far = [((grid - center) ** 2).sum(1) for center in rgb2lab(np.array(rgb))]
    nearest: NDArray[np.uint8] = np.argmin(far, axis=0).astype(np.uint8)
    return nearest


def _clusters(k: int, images: Tensor, bounds: tuple[float, float], seed: int) -> tuple[str, ...]:
    from skimage.color import lab2rgb, rgb2lab
    from sklearn.cluster import KMeans

    values, finite = scaled(images, bounds)
    pixels = _rgb(values).transpose(0, 2, 3, 1)[finite].astype(np.float64)
    pixels = pixels[:: -(-len(pixels) // _SAMPLE) or 1]
    different = len(np.unique(np.rint(pixels * 255), axis=0))
    if different < k:
        raise DissectionError(
            problem(
                "these images have fewer colours than clusters were asked for.",
                got=f"{different} colours",
                allowed=f"{k} or more",
                next="Ask for fewer clusters, or pass more images.",
            )
        )
    found = KMeans(k, n_init=4, random_state=seed).fit(rgb2lab(pixels)).cluster_centers_
    light_first = found[np.argsort(-found[:, 0], kind="stable")]
    rounded = np.rint(lab2rgb(light_first).clip(0, 1) * 255).astype(int)
    names = dict.fromkeys("#" + "".join(f"{part:02x}" for part in color) for color in rounded)
    return tuple(names)  # two clusters that round to one colour are one
