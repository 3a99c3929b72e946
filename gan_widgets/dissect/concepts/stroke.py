"""What drawn lines are made of: ink, directions, ends, junctions, holes and halves of the drawn box.

>>> from gan_widgets.dissect.concepts import strokes
>>> marks = strokes()
>>> for category in dict.fromkeys(marks.categories):
...     print(category, *(name for name, own in zip(marks.names, marks.categories) if own == category))
ink ink background
orientation horizontal rising vertical falling
topology end junction hole
part top bottom left right
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.concepts import skeleton
from gan_widgets.dissect.concepts.scaled import Bools, Floats, check_number, check_range, grey, scaled
from gan_widgets.dissect.concepts.source import Source

_CONCEPTS = {
    "ink": ("ink", "background"),
    "orientation": ("horizontal", "rising", "vertical", "falling"),
    "topology": ("end", "junction", "hole"),
    "part": ("top", "bottom", "left", "right"),
}
_BATCH = 2**18  # pixels that are worked on at once: they stay in the processor's cache
_SIDE = 2  # columns left and right of the images on a canvas; the derivative reaches one


@dataclass(frozen=True, repr=False)
class Strokes(Source):
    """The segmenter that `strokes` makes; its fields are the function's arguments."""

    range: tuple[float, float]
    ink: Literal["bright", "dark"]
    threshold: float
    speck: int
    sigma: float
    coherence: float
    spur: int
    radius: float
    hole: int

    kind = "strokes"
    names = tuple(name for names in _CONCEPTS.values() for name in names)
    categories = tuple(category for category, names in _CONCEPTS.items() for _ in names)

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments of `strokes`."""
        return dict(vars(self))

    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark the 13 concepts in images `(n, ch, H, W)`: bool `(n, 13, H, W)`; channels are averaged."""
        values, finite = scaled(images, self.range)
        lit = grey(values) if self.ink == "bright" else 1.0 - grey(values)
        lit = np.where(finite, lit, np.float32(0.0))
        n, H, W = lit.shape
        masks = np.zeros((n, len(self.names), H, W), np.bool_)
        step = max(1, _BATCH // ((H + self._gap) * (W + 2 * _SIDE)))
        for at in range(0, n, step):
            self._mark(lit[at : at + step], masks[at : at + step])
        masks &= finite[:, None]
        return torch.from_numpy(masks).to(images.device)

    @property
    def _gap(self) -> int:
        # rows between images on a canvas: as far as a filter reaches, four sigma and one for the derivative
        return int(4 * self.sigma + 0.5) + 1

    def _mark(self, lit: Floats, masks: Bools) -> None:
        """Fill in `masks` (n, 13, H, W) of pictures (n, H, W) in [0, 1], all of them on one canvas."""
        shape = lit.shape
        canvas = self._canvas(lit)
        ink = canvas > self.threshold
        figure = _without_specks(ink, self.speck)
        lines = skeleton.of(figure, self.spur)
        ends, junctions = skeleton.points(lines)
        drawn = self._pictures(ink, shape)
        found = {
            "ink": drawn,
            "background": ~drawn,
            **{name: self._pictures(mask, shape) & drawn for name, mask in self._directions(canvas).items()},
            "end": self._discs(ends, shape),
            "junction": self._discs(junctions, shape),
            "hole": self._pictures(_holes(ink, self.hole), shape),
            **_halves(self._pictures(figure, shape)),
        }
        for k, name in enumerate(self.names):
            masks[:, k] = found[name]

    def _canvas(self, pictures: Floats) -> Floats:
        """Lay pictures out in one column with empty rows between them, and empty columns beside them."""
        n, H, W = pictures.shape
        canvas = np.zeros((self._gap + n * (H + self._gap), W + 2 * _SIDE), pictures.dtype)
        self._pictures(canvas, pictures.shape)[...] = pictures
        return canvas

    def _pictures(self, canvas: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """Look at the pictures (n, H, W) on a canvas."""
        n, H, W = shape
        return canvas[self._gap :].reshape(n, H + self._gap, W + 2 * _SIDE)[:, :H, _SIDE:-_SIDE]

    def _directions(self, canvas: Floats) -> dict[str, Bools]:
        from skimage.feature import structure_tensor

        rows, mixed, columns = structure_tensor(canvas, sigma=self.sigma, mode="constant", cval=0, order="rc")
        # the doubled angle: its cosine and sine, times the difference of the eigenvalues
        level, slant = rows - columns, 2 * mixed
        clear = level**2 + slant**2 > (self.coherence * (rows + columns)) ** 2
        straight = np.abs(level) >= np.abs(slant)
        return {
            "horizontal": clear & straight & (level > 0),
            "rising": clear & ~straight & (slant > 0),
            "vertical": clear & straight & (level < 0),
            "falling": clear & ~straight & (slant < 0),
        }

    def _discs(self, places: skeleton.Places, shape: tuple[int, ...]) -> Bools:
        """Mark the pixels of (n, H, W) that lie within the radius of places on the canvas."""
        H, W = shape[1:]
        rows, columns = np.divmod(places, W + 2 * _SIDE)
        image, rows = np.divmod(rows - self._gap, H + self._gap)
        reach = np.arange(-int(self.radius), int(self.radius) + 1)
        down, right = (side.ravel() for side in np.meshgrid(reach, reach, indexing="ij"))
        near = down**2 + right**2 <= self.radius**2
        rows = rows[:, None] + down[near]
        columns = columns[:, None] - _SIDE + right[near]
        inside = (rows >= 0) & (rows < H) & (columns >= 0) & (columns < W)
        image = np.broadcast_to(image[:, None], rows.shape)
        marked = np.zeros(shape, np.bool_)
        marked[image[inside], rows[inside], columns[inside]] = True
        return marked


def strokes(
    range: tuple[float, float] = (-1.0, 1.0),  # noqa: A002  (what pixels call it)
    *,
    ink: Literal["bright", "dark"] = "bright",
    threshold: float = 0.5,
    speck: int = 4,
    sigma: float = 1.5,
    coherence: float = 0.3,
    spur: int = 4,
    radius: float = 2.0,
    hole: int = 2,
) -> Strokes:
    r"""Make a segmenter of drawn lines, for images `(n, ch, H, W)` in `range`: 13 concepts in 4 categories.

    Brightness is the mean of the colour channels, 0 at the lower and 1 at the upper end of `range`; for
    `ink="dark"` it is turned round. Outside of an image is background. Lengths are in pixels; the defaults
    suit digits of 28×28. The masks of an image depend on that image alone, to the bit. About 7,000 images of
    28×28 a second on one core.

    - "ink": brightness above `threshold`. "background": all else.
    - "horizontal", "rising" (/), "vertical", "falling" (\): ink by the direction of its stroke, within 22.5°.
      That direction is the eigenvector of the smaller eigenvalue λ₂ of the structure tensor of brightness
      (Bigün and Granlund 1987), smoothed by a Gaussian of `sigma`. Ink without a direction, where
      (λ₁ − λ₂) / (λ₁ + λ₂) is not above `coherence`, is in none of them, as at the end of a broad stroke.
    - The figure is the ink without specks: 8-connected pieces of fewer than `speck` pixels. Its skeleton is
      thinned after Zhang and Suen (1984) and freed of spurs: branches of fewer than `spur` pixels between a
      junction and an end. "end": all pixels within `radius` of a pixel of the skeleton that at most one line
      leaves. "junction": within `radius` of one that three or more lines leave, or of a square of four where
      two lines cross.
    - "hole": background that ink encloses (4-connected background that does not reach out of the image), of
      `hole` pixels or more.
    - "top", "bottom", "left", "right": the figure in that half of the smallest upright box around it; a
      middle row or column belongs to neither half.

    A pixel that is NaN or infinite belongs to no concept, and is background to its neighbours. Raises
    `DissectionError` for arguments out of their domain, and when values lie more than ten widths outside
    `range`.

    >>> bar = torch.full((1, 1, 9, 16), -1.0)
    >>> bar[..., 3:6, 2:14] = 1.0
    >>> masks = strokes()(bar)[0]
    >>> {name: int(mask.sum()) for name, mask in zip(strokes().names, masks) if mask.any()}
    {'ink': 36, 'background': 108, 'horizontal': 30, 'end': 26, 'top': 12, 'bottom': 12, 'left': 18,
    'right': 18}
    """
    bounds = check_range(range)
    if ink not in ("bright", "dark"):
        raise DissectionError(
            problem(
                "ink says which end of the range is drawn.",
                got=repr(ink),
                allowed="'bright' or 'dark'",
                next="Pass ink='dark' for black lines on white.",
            )
        )
    for name, value, most in (("threshold", threshold, 1.0), ("coherence", coherence, 1.0)):
        check_number(name, value, 0.0, most)
    for name, value in (("speck", speck), ("spur", spur), ("hole", hole), ("radius", radius)):
        check_number(name, value, 0.0)
    check_number("sigma", sigma, 0.1)
    return Strokes(bounds, ink, threshold, speck, sigma, coherence, spur, radius, hole)


def _without_specks(ink: Bools, fewest: int) -> Bools:
    from skimage.measure import label

    labels = label(ink, connectivity=2)
    large = np.bincount(labels.ravel()) >= fewest
    large[0] = False
    figure: Bools = large[labels]
    return figure


def _holes(ink: Bools, fewest: int) -> Bools:
    from skimage.measure import label

    labels = label(~ink, connectivity=1)
    large = np.bincount(labels.ravel()) >= fewest
    large[[0, labels[0, 0]]] = False
    holes: Bools = large[labels]
    return holes


def _halves(figure: Bools) -> dict[str, Bools]:
    rows, columns = np.logical_or.reduce(figure, 2), np.logical_or.reduce(figure, 1)
    upper, left = _side(rows)[:, :, None], _side(columns)[:, None]
    sides = {"top": upper < 0, "bottom": upper > 0, "left": left < 0, "right": left > 0}
    return {name: figure & half for name, half in sides.items()}


def _side(used: Bools) -> NDArray[np.int64]:
    """Tell how far past the middle of what is used each place lies, times two; (n, length)."""
    length = used.shape[1]
    first, last = used.argmax(1), length - 1 - used[:, ::-1].argmax(1)
    past: NDArray[np.int64] = 2 * np.arange(length) - (first + last)[:, None]
    return past
