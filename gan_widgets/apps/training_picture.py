"""Curves and samples of a training as one still picture, for places without a kernel."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_widgets.apps.training_chart import colors_of
from gan_widgets.apps.training_series import Curve, Floats
from gan_widgets.apps.training_sheets import Sheet
from gan_widgets.core.pixels import png
from gan_widgets.widgets._letters import font as letters

_WIDE, _HIGH, _EDGE, _LETTER = 400, 190, 10, 12
_LEFT, _TOP, _BOTTOM = 62, 26, 22  # of a chart's frame, for numbers and names
_INK, _MUTED, _LINE, _PAGE = (31, 35, 40), (92, 99, 108), (201, 206, 214), (255, 255, 255)
_SHEET = 420  # pixels that the samples may be wide

Charts = Sequence[tuple[str, Mapping[str, str], Curve]]
"""What the axis measures, the lines' keys and names, and the lines."""


def picture_of(charts: Charts, sheet: Sheet | None, head: str, log: Sequence[bool]) -> bytes:
    """Return a PNG: the charts one below the other, the samples beside them, and `head` above."""
    font = letters(_LETTER)
    samples = None if sheet is None else _laid(sheet)
    tall = max(len(charts) * _HIGH, 0 if samples is None else samples.height + 2 * _LETTER)
    top = 2 * _EDGE + _LETTER + 4
    wide = _EDGE + _WIDE + _EDGE + (0 if samples is None else samples.width + _EDGE)
    page = Image.new("RGB", (max(wide, round(font.getlength(head)) + 2 * _EDGE), top + tall + _EDGE), _PAGE)
    draw = ImageDraw.Draw(page)
    draw.text((_EDGE, _EDGE), head, fill=_INK, font=font)
    for place, ((label, names, curve), scaled) in enumerate(zip(charts, log, strict=True)):
        _chart(draw, font, (_EDGE, top + place * _HIGH), label, list(names.values()), curve, scaled)
    if samples is not None and sheet is not None:
        at = 2 * _EDGE + _WIDE
        draw.text((at, top), f"samples after step {sheet.step:,}", fill=_MUTED, font=font)
        page.paste(samples, (at, top + _LETTER + 8))
    return png(np.asarray(page))


def _laid(sheet: Sheet) -> Image.Image:
    """Lay the samples out as the page does: in a square, one pixel apart, in whole magnification."""
    n, high, wide, channels = sheet.pixels.shape
    columns = int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    paper = np.full((rows * (high + 1) - 1, columns * (wide + 1) - 1, 3), 255, np.uint8)
    for index, pixels in enumerate(sheet.pixels):
        y, x = (index // columns) * (high + 1), (index % columns) * (wide + 1)
        paper[y : y + high, x : x + wide] = pixels[:, :, :3] if channels > 1 else pixels
    times = max(1, _SHEET // paper.shape[1])
    picture = Image.fromarray(paper.repeat(times, axis=0).repeat(times, axis=1))
    picture.thumbnail((_SHEET, 4 * _SHEET))
    return picture


def _chart(
    draw: Any,  # noqa: ANN401
    font: Any,  # noqa: ANN401
    corner: tuple[int, int],
    label: str,
    names: Sequence[str],
    curve: Curve,
    log: bool,
) -> None:
    left, top = corner[0] + _LEFT, corner[1] + _TOP
    right, bottom = corner[0] + _WIDE, corner[1] + _HIGH - _BOTTOM
    draw.text((corner[0], corner[1] + 4), label, fill=_MUTED, font=font)
    at = corner[0] + font.getlength(label) + 16
    for name, color in zip(names, colors_of(len(names)), strict=True):
        draw.rectangle((at, corner[1] + 8, at + 8, corner[1] + 16), fill=color)
        draw.text((at + 13, corner[1] + 4), name, fill=_INK, font=font)
        at += 13 + font.getlength(name) + 12
    draw.line((left, top, left, bottom, right, bottom), fill=_LINE)
    seen = np.concatenate([curve.extremes.ravel(), curve.means.ravel()])
    seen = seen[np.isfinite(seen) & ((seen > 0) if log else True)]
    if not seen.size:
        draw.text((left + 8, (top + bottom) / 2), "nothing yet", fill=_MUTED, font=font, anchor="lm")
        return
    low, high = seen.min(), seen.max()
    first, last = curve.ends[0], curve.ends[-1]
    for value, y in ((high, top), (low, bottom)):
        draw.text((left - 5, y), f"{value:.3g}", fill=_MUTED, font=font, anchor="rm")
    draw.text((left, bottom + 4), f"step {first:,.0f}", fill=_MUTED, font=font)
    draw.text((right, bottom + 4), f"{last:,.0f}", fill=_MUTED, font=font, anchor="ra")

    def place(x: Floats, y: Floats) -> list[tuple[float, float]]:
        share = _share(np.log(y), np.log(low), np.log(high)) if log else _share(y, low, high)
        across = left + _share(x, first, last) * (right - left)
        return list(zip(across.tolist(), (bottom - share * (bottom - top)).tolist(), strict=True))

    for thick, x, lines in ((1, curve.ends, curve.extremes), (2, curve.steps, curve.means)):
        for line, color in zip(lines, colors_of(len(names)), strict=True):
            known = np.isfinite(line) & ((line > 0) if log else True)
            for run in np.split(np.arange(len(line)), np.flatnonzero(np.diff(known)) + 1):
                if known[run[0]]:
                    points = place(x[run], line[run])
                    draw.line(
                        points * 2 if len(points) == 1 else points, fill=_tint(color, thick), width=thick
                    )


def _tint(color: str, thick: int) -> tuple[int, ...]:
    """Mix a colour with the page for the thin lines."""
    share = 1.0 if thick > 1 else 0.4
    parts = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    return tuple(round(255 + share * (part - 255)) for part in parts)


def _share(values: Floats, low: float, high: float) -> Floats:
    return (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
