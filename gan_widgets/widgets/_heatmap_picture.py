"""A table of IoU as a still picture, for places without a kernel."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gan_widgets.core.pixels import NAN_COLOR, colormap, png
from gan_widgets.widgets._ranking import by_category, ranked

_LETTER, _EDGE, _TALLEST = 11, 6, 96
_INK, _MUTED, _FAINT, _LINE = (31, 35, 40), (92, 99, 108), (233, 235, 238), (255, 255, 255)


def picture_of(found: Any, units: Sequence[int], threshold: float) -> bytes:  # noqa: ANN401  (a Dissection)
    """Return a PNG of the IoU of `units`, in this order, with every concept, grouped by category.

    Colours go from 0 (light) to the largest IoU of a unit that can be ranked (dark); cells below `threshold`
    are grey, and units that cannot be ranked are crossed out. A dot marks each unit's best concept.
    """
    concepts = by_category(found.categories)
    wide, high = _size(len(concepts), 26, 700), _size(len(units), 16, 900)
    can_rank = ranked(found.labels, found.states)
    cells = _cells(found, can_rank, threshold)[np.ix_(units, concepts)]
    font = ImageFont.load_default(_LETTER)
    names = [_short(found.concepts[concept], font) for concept in concepts]
    top = _EDGE + max((round(font.getlength(name)) for name in names), default=0) + _EDGE
    left = _EDGE + round(font.getlength(str(found.units))) + _EDGE
    size = left + wide * len(concepts) + _EDGE, top + high * len(units) + _EDGE
    page = Image.new("RGB", size, (255, 255, 255))
    if cells.size:
        page.paste(Image.fromarray(cells.repeat(high, axis=0).repeat(wide, axis=1)), (left, top))
    draw = ImageDraw.Draw(page)
    if min(wide, high) >= 6:
        for row in range(len(units)):
            draw.line((left, top + row * high, size[0], top + row * high), fill=_LINE)
        for column in range(len(concepts)):
            draw.line((left + column * wide, top, left + column * wide, size[1]), fill=_LINE)
    place = {concept: column for column, concept in enumerate(concepts)}
    for row, unit in enumerate(units):
        middle = top + row * high + high // 2
        if not can_rank[unit]:
            draw.line((left, middle, size[0] - _EDGE, middle), fill=_MUTED)
        elif min(wide, high) >= 4:
            at, arm = left + place[int(found.labels[unit])] * wide + wide // 2, max(1, min(wide, high) // 8)
            dark = cells[row, place[int(found.labels[unit])]].mean() < 130
            draw.ellipse((at - arm, middle - arm, at + arm, middle + arm), fill=_LINE if dark else _INK)
    _label_rows(draw, font, units, left, top, high)
    _label_columns(page, font, names, left, top, wide)
    return png(np.asarray(page))


def _size(count: int, largest: int, room: int) -> int:
    return max(2, min(largest, room // max(1, count)))


def _cells(found: Any, can_rank: np.ndarray, threshold: float) -> np.ndarray:  # noqa: ANN401
    """Return one colour per cell, uint8 `(units, concepts, 3)`."""
    iou = np.asarray(found.iou, dtype=np.float64)
    finite = iou[can_rank][np.isfinite(iou[can_rank])]
    reach = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    place = np.nan_to_num(iou / reach).clip(0, 1)
    colors = colormap("sequential")[255 - (255 * place).astype(np.uint8)].copy()
    colors[(iou < threshold) | ~can_rank[:, None]] = _FAINT
    colors[np.isnan(iou) & can_rank[:, None]] = NAN_COLOR
    return colors


def _short(name: str, font: Any) -> str:  # noqa: ANN401  (whichever of two kinds Pillow has)
    name = "".join(letter if letter.isprintable() else "·" for letter in name[:60])
    if font.getlength(name) <= _TALLEST:
        return name
    while name and font.getlength(name + "…") > _TALLEST:
        name = name[:-1]
    return name + "…"


def _label_rows(draw: Any, font: Any, units: Sequence[int], left: int, top: int, high: int) -> None:  # noqa: ANN401
    every = -(-(_LETTER + 1) // high)
    for row in range(0, len(units), every):
        place = (left - _EDGE // 2, top + row * high + high / 2)
        draw.text(place, str(units[row]), fill=_INK, font=font, anchor="rm")


def _label_columns(page: Any, font: Any, names: Sequence[str], left: int, top: int, wide: int) -> None:  # noqa: ANN401
    every = -(-(_LETTER + 2) // wide)
    for column in range(0, len(names), every):
        label = Image.new("L", (_TALLEST + 8, _LETTER + 4), 0)
        ImageDraw.Draw(label).text((0, _LETTER // 2 + 2), names[column], fill=255, font=font, anchor="lm")
        turned = label.rotate(90, expand=True)
        at = left + column * wide + (wide - turned.width) // 2, top - _EDGE // 2 - turned.height
        page.paste(Image.new("RGB", turned.size, _INK), at, turned)
