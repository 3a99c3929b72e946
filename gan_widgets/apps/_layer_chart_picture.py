"""Interpretable units per layer as a still picture, for places without a kernel."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_widgets.core.pixels import png
from gan_widgets.dissect.summary import Summary
from gan_widgets.widgets._letters import font as letters
from gan_widgets.widgets._letters import short

_LETTER, _LINE, _EDGE = 11, 15, 10
_LEFT, _HIGH, _BAR, _GAP, _LEGEND = 34, 220, 56, 16, 150
_INK, _MUTED, _FAINT, _PAGE = (31, 35, 40), (92, 99, 108), (225, 228, 232), (255, 255, 255)


def picture_of(
    counted: Sequence[tuple[str, Summary]],
    heights: np.ndarray,
    ticks: Sequence[int],
    categories: Mapping[str, str],
    title: str,
) -> bytes:
    """Return a PNG of stacked bars: `heights` `(categories, layers)`, a bar for each of `counted`.

    `categories` gives the colour of each, from the lowest part up; `title` is written above, `ticks` along
    the axis, above each bar how many units it has and for how many concepts they stand.
    """
    font = letters(_LETTER)
    names = [short(name, font, 3 * _BAR) for name, _ in counted]
    pitch = max(_BAR, *(round(font.getlength(name)) for name in names)) + _GAP
    top, right = _EDGE + 4 * _LINE, _LEFT + pitch * len(counted)
    bottom = top + _HIGH
    high = max(bottom + 2 * _LINE, top + _LINE * len(categories))
    page = Image.new("RGB", (right + _GAP + _LEGEND, high), _PAGE)
    page = _wide_enough(page, _EDGE + round(font.getlength(title)) + _EDGE)
    draw = ImageDraw.Draw(page)
    draw.text((_EDGE, _EDGE), title, fill=_INK, font=font)
    scale = _HIGH / max(1.0, heights.sum(axis=0).max(initial=0.0))
    for tick in ticks:
        y = round(bottom - tick * scale)
        draw.line((_LEFT, y, right, y), fill=_FAINT)
        draw.text((_LEFT - 6, y), str(tick), fill=_MUTED, font=font, anchor="rm")
    for at, (_, summary) in enumerate(counted):
        middle = _LEFT + pitch * at + pitch // 2
        end = _bar(draw, heights[:, at], list(categories.values()), middle, bottom, scale, font)
        for line, text in enumerate((many(summary.unique, "concept"), many(summary.units, "unit"))):
            draw.text((middle, end - 4 - line * _LINE), text, fill=_INK, font=font, anchor="mb")
        draw.text((middle, bottom + _LINE), names[at], fill=_INK, font=font, anchor="mm")
    draw.line((_LEFT, bottom, right, bottom), fill=_MUTED)
    for row, (category, color) in enumerate([*categories.items()][::-1]):
        y = top + row * _LINE
        draw.rectangle((right + _GAP, y, right + _GAP + 9, y + 9), fill=color)
        name = short(category, font, _LEGEND - 2 * _EDGE - 10)
        draw.text((right + _GAP + 16, y + 5), name, fill=_INK, font=font, anchor="lm")
    return png(np.asarray(page))


def _bar(
    draw: Any,  # noqa: ANN401  (Pillow's own)
    parts: np.ndarray,
    colors: Sequence[str],
    middle: int,
    bottom: int,
    scale: float,
    font: Any,  # noqa: ANN401
) -> int:
    """Draw one bar from below, and return where it ends."""
    total, low = 0.0, bottom
    for count, color in zip(parts, colors, strict=True):
        total += count
        up = round(bottom - total * scale)
        if count:
            draw.rectangle((middle - _BAR // 2, up, middle + _BAR // 2 - 1, low - 1), fill=color)
        if low - up >= _LINE:
            ink = _PAGE if _is_dark(color) else _INK
            draw.text((middle, (up + low) / 2), f"{count:.0f}", fill=ink, font=font, anchor="mm")
        low = up
    return low


def _is_dark(color: str) -> bool:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 100


def _wide_enough(page: Image.Image, width: int) -> Image.Image:
    return page if page.width >= width else Image.new("RGB", (width, page.height), _PAGE)


def many(number: int, noun: str) -> str:
    """Say how many.

    >>> many(1, "unit"), many(31, "concept")
    ('1 unit', '31 concepts')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
