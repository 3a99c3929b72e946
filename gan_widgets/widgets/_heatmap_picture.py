"""A table of IoU as a still picture, for places without a kernel."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_widgets.core.pixels import NAN_COLOR, colormap, png
from gan_widgets.widgets._letters import font as letters
from gan_widgets.widgets._letters import short
from gan_widgets.widgets._ranking import by_category, ranked

_LETTER, _EDGE, _TALLEST, _FOOT = 11, 6, 96, 30
_INK, _MUTED, _FAINT, _PAGE = (31, 35, 40), (92, 99, 108), (233, 235, 238), (255, 255, 255)


def picture_of(found: Any, units: Sequence[int], threshold: float) -> bytes:  # noqa: ANN401  (a Dissection)
    """Return a PNG of the IoU of `units`, in this order, with every concept, grouped by category.

    Colours go from 0 (light) to the largest IoU of a unit that can be ranked (dark), as a bar at the foot
    says; cells below `threshold` are grey, and units that cannot be ranked are struck out. A dot marks each
    unit's best concept.
    """
    concepts = by_category(found.categories)
    can_rank = ranked(found.labels, found.states)
    cells, most = _cells(found, can_rank, threshold)
    cells = cells[np.ix_(units, concepts)]
    font = letters(_LETTER)
    wide, high = _size(len(concepts), 26, 700), _size(len(units), 16, 900)
    named = range(0, len(concepts), -(-(_LETTER + 2) // wide))
    names = {column: short(found.concepts[concepts[column]], font, _TALLEST) for column in named}
    top = _EDGE + max((round(font.getlength(name)) for name in names.values()), default=0) + _EDGE
    left = _EDGE + round(font.getlength(str(found.units))) + _EDGE
    right, bottom = left + wide * len(concepts), top + high * len(units)
    words = f"grey: below {threshold:.3g}; struck out: not ranked"
    foot = left + 150 + round(font.getlength(f"IoU 0 {most:.2f} {words}"))
    page = Image.new("RGB", (max(right + _EDGE, foot), bottom + _FOOT), _PAGE)
    if cells.size:
        page.paste(Image.fromarray(cells.repeat(high, axis=0).repeat(wide, axis=1)), (left, top))
    draw = ImageDraw.Draw(page)
    if min(wide, high) >= 6:
        for row in range(len(units)):
            draw.line((left, top + row * high, right - 1, top + row * high), fill=_PAGE)
        for column in range(len(concepts)):
            draw.line((left + column * wide, top, left + column * wide, bottom - 1), fill=_PAGE)
    place = {concept: column for column, concept in enumerate(concepts)}
    for row, unit in enumerate(units):
        middle = top + row * high + high // 2
        if not can_rank[unit]:
            draw.line((left, middle, right - 1, middle), fill=_MUTED)
        elif min(wide, high) >= 4:
            column, arm = place[int(found.labels[unit])], max(1, min(wide, high) // 8)
            at, ink = left + column * wide + wide // 2, _PAGE if cells[row, column].mean() < 130 else _INK
            draw.ellipse((at - arm, middle - arm, at + arm, middle + arm), fill=ink)
    _label_rows(draw, font, units, left, top, high)
    _label_columns(page, font, names, left, top, wide)
    _explain(page, font, most, words, left, bottom + _FOOT // 2)
    return png(np.asarray(page))


def _size(count: int, largest: int, room: int) -> int:
    return max(2, min(largest, room // max(1, count)))


def _cells(found: Any, can_rank: np.ndarray, threshold: float) -> tuple[np.ndarray, float]:  # noqa: ANN401
    """Return one colour per cell, uint8 `(units, concepts, 3)`, and the value of the darkest."""
    iou = np.asarray(found.iou, dtype=np.float64)
    most = np.nan_to_num(iou[can_rank]).max(initial=0.0) or 1.0
    place = np.nan_to_num(iou / most).clip(0, 1)
    colors = colormap("sequential")[255 - (255 * place).astype(np.uint8)].copy()
    colors[np.nan_to_num(iou) < threshold] = _FAINT
    colors[np.isnan(iou)] = NAN_COLOR
    colors[~can_rank] = _FAINT
    return colors, float(most)


def _label_rows(draw: Any, font: Any, units: Sequence[int], left: int, top: int, high: int) -> None:  # noqa: ANN401
    every = -(-(_LETTER + 1) // high)
    for row in range(0, len(units), every):
        place = (left - _EDGE // 2, top + row * high + high / 2)
        draw.text(place, str(units[row]), fill=_INK, font=font, anchor="rm")


def _label_columns(page: Any, font: Any, names: dict[int, str], left: int, top: int, wide: int) -> None:  # noqa: ANN401
    # written line below line, then turned as a whole: lines become columns
    sheet = Image.new("L", (top, wide * (max(names, default=0) + 1)), 0)
    draw = ImageDraw.Draw(sheet)
    for column, name in names.items():
        draw.text((_EDGE // 2, (column + 0.5) * wide), name, fill=255, font=font, anchor="lm")
    turned = sheet.transpose(Image.Transpose.ROTATE_90)
    page.paste(Image.new("RGB", turned.size, _INK), (left, 0), turned)


def _explain(page: Any, font: Any, most: float, words: str, left: int, middle: int) -> None:  # noqa: ANN401
    draw = ImageDraw.Draw(page)
    bar = np.broadcast_to(colormap("sequential")[::-1], (8, 256, 3))
    for text in ("IoU 0", None, f"{most:.2f}", words):
        if text is None:
            page.paste(Image.fromarray(np.ascontiguousarray(bar[:, ::3])), (left, middle - 4))
            left += bar[:, ::3].shape[1] + _EDGE
        else:
            draw.text((left, middle), text, fill=_INK, font=font, anchor="lm")
            left += round(font.getlength(text)) + 2 * _EDGE
