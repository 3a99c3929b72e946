"""Units with their top images as a still picture, for places without a kernel."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gan_widgets.control.examples import Example
from gan_widgets.core.pixels import Pixels, png
from gan_widgets.core.words import interval
from gan_widgets.widgets._letters import font as letters
from gan_widgets.widgets._letters import short

_SIDE, _GAP, _EDGE, _LINE, _LETTERS = 56, 4, 10, 16, 11
_ACROSS, _CARDS, _IMAGES = 4, 3, 4
_VEIL, _VEILED = 128, 0.72
_INK, _MUTED = (31, 35, 40), (92, 99, 108)


def picture_of(found: Any, shown: Sequence[tuple[Example, Pixels]]) -> bytes | None:  # noqa: ANN401  (a Dissection)
    """Return a PNG of these units, each with up to four images `(count, H, W, ch)` uint8, three in a row.

    The region is lit: what lies outside of it is veiled in grey. None if there is no unit.
    """
    if not shown:
        return None
    font = letters(_LETTERS)
    wide, high = _ACROSS * (_SIDE + _GAP) + _EDGE, 2 * _LINE + _SIDE + _EDGE
    columns = min(_CARDS, len(shown))
    page = Image.new("RGB", (columns * wide + _EDGE, -(-len(shown) // columns) * high + _EDGE), "white")
    draw = ImageDraw.Draw(page)
    for at, (example, pixels) in enumerate(shown):
        left, top = _EDGE + at % columns * wide, _EDGE + at // columns * high
        label = int(found.labels[example.unit])
        low, high_end = found.ci[example.unit, label]
        score = f"IoU {found.iou[example.unit, label]:.3f} ({interval(low, high_end)})"
        name = short(found.concepts[label], font, wide - _EDGE)
        draw.text((left, top), f"unit {example.unit}", fill=_MUTED, font=font)
        draw.text((left + wide - _EDGE - _GAP, top), score, fill=_MUTED, font=font, anchor="ra")
        draw.text((left, top + _LINE), name, fill=_INK, font=font)
        for k, image in enumerate(pixels[:_IMAGES]):
            region = None if example.regions is None else example.regions[k]
            page.paste(_lit(image, region), (left + k * (_SIDE + _GAP), top + 2 * _LINE))
    return png(np.asarray(page))


def _lit(image: Pixels, region: NDArray[np.bool_] | None) -> Image.Image:
    colors = image[:, :, :3] if image.shape[2] >= 3 else image[:, :, :1].repeat(3, axis=2)
    scale = _SIDE / max(colors.shape[:2])
    size = max(1, round(colors.shape[1] * scale)), max(1, round(colors.shape[0] * scale))
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BILINEAR
    picture = Image.fromarray(np.ascontiguousarray(colors)).resize(size, how)
    if region is None:
        return picture
    # where several values of the region share a pixel, one of them lights it: thin lines stay whole
    lit = Image.fromarray(np.where(region, 255, 0).astype(np.uint8)).resize(size, Image.Resampling.BOX)
    veil = Image.new("RGB", size, (_VEIL,) * 3)
    return Image.composite(veil, picture, lit.point(lambda value: 0 if value else round(255 * _VEILED)))
