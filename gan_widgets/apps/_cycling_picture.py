"""The path of gradient steps and its distances as a still picture, for places without a kernel."""

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import wrap
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from gan_widgets.core.pixels import png
from gan_widgets.train.cycling import Points, distance
from gan_widgets.widgets._letters import font as letters

POINT, MEAN, RULE = "#1f83c4", "#d55e00", "#7a7a7a"
"""Colours of the path, of its mean and of what the formula says; all are seen on white and on black."""
INK = "#444444"

_FINE = 2  # drawn so many times larger, then made smaller, for smooth lines
_SIDE, _WIDE, _LETTER, _LETTERS = 300, 420, 12, 140
_PLAIN = str.maketrans({"−": "-", "²": "^2", "√": "sqrt"})  # Pillow's own font lacks them
_LEFT, _TOP, _BOTTOM, _GAP = 48, 12, 36, 20


def picture_of(
    path: Points, mean: Points | None, growth: float, half: float, powers: range, words: str
) -> bytes:
    """Return a PNG: the plane from −`half` to `half` on the left, distances on the right, `words` below.

    `path` and `mean` are `(steps + 1, 2)`; distances are on a logarithmic axis over the decades `powers`.
    """
    lines = wrap(words.translate(_PLAIN), _LETTERS)
    size = (2 * _LEFT + _SIDE + _GAP + _WIDE, _TOP + _SIDE + _BOTTOM + 18 * len(lines) + 8)
    page = Image.new("RGB", (size[0] * _FINE, size[1] * _FINE), "white")
    plane = _Frame(page, (_LEFT, _TOP, _SIDE, _SIDE), (-half, half), (-half, half))
    ticks = [tick for tick in (-3, -2, -1, 0, 1, 2, 3) if abs(tick) <= half]
    named = {float(tick): str(tick) for tick in ticks}
    plane.axes(named, named, "x", "y")
    plane.line(path, POINT, 1)
    plane.cross((0.0, 0.0))
    plane.dot(path[-1], POINT)
    right = 2 * _LEFT + _SIDE + _GAP
    steps = np.arange(float(len(path)))
    chart = _Frame(page, (right, _TOP, _WIDE - _GAP, _SIDE), (0.0, steps[-1]), (powers[0], powers[-1]))
    along = {float(step): f"{step:g}" for step in np.linspace(0, steps[-1], 6).round()}
    chart.axes(along, {float(power): f"{10.0**power:g}" for power in powers}, "step", "distance")
    chart.line(_curve(steps, growth**steps, powers), RULE, 1)
    chart.line(_curve(steps, distance(path), powers), POINT, 2)
    names = [(f"{growth:.4g}^step", RULE), ("the path", POINT)]
    chart.named(names if mean is None else [*names, ("its mean", MEAN)])
    if mean is not None:
        plane.line(mean, MEAN, 2)
        plane.dot(mean[-1], MEAN)
        chart.line(_curve(steps, distance(mean), powers), MEAN, 2)
    draw, font = ImageDraw.Draw(page), letters(_LETTER * _FINE)
    for row, line in enumerate(lines):
        at = (_GAP * _FINE, (_TOP + _SIDE + _BOTTOM + 18 * row) * _FINE)
        draw.text(at, line, fill=INK, font=font, anchor="la")
    return png(np.asarray(page.resize(size, Image.Resampling.LANCZOS)))


class _Frame:
    """A rectangle of the page with the coordinates of a chart; what lies outside of it is not drawn."""

    def __init__(
        self,
        page: Image.Image,
        place: tuple[int, int, int, int],
        x: tuple[float, float],
        y: tuple[float, float],
    ) -> None:
        self.page, self.x, self.y = page, x, y
        self.left, self.top, self.wide, self.high = (value * _FINE for value in place)

    def at(self, points: np.ndarray) -> list[tuple[float, float]]:
        """Return where points `(n, 2)` are inside of the rectangle, in pixels."""
        across = (points[:, 0] - self.x[0]) / (self.x[1] - self.x[0]) * self.wide
        up = (points[:, 1] - self.y[0]) / (self.y[1] - self.y[0]) * self.high
        far = 100 * (self.wide + self.high)
        return [*zip(across.clip(-far, far), (self.high - up).clip(-far, far), strict=True)]

    def axes(self, along: dict[float, str], upwards: dict[float, str], x: str, y: str) -> None:
        """Draw the frame, its ticks and the names of the axes."""
        draw, font, bottom = ImageDraw.Draw(self.page), letters(_LETTER * _FINE), self.top + self.high
        draw.rectangle((self.left, self.top, self.left + self.wide, bottom), outline=RULE)
        for (across, _), word in zip(
            self.at(np.array([[tick, self.y[0]] for tick in along])), along.values(), strict=True
        ):
            draw.text((self.left + across, bottom + 4 * _FINE), word, fill=INK, font=font, anchor="ma")
        for (_, down), word in zip(
            self.at(np.array([[self.x[0], tick] for tick in upwards])), upwards.values(), strict=True
        ):
            draw.text((self.left - 4 * _FINE, self.top + down), word, fill=INK, font=font, anchor="rm")
        middle = self.left + self.wide / 2
        draw.text((middle, bottom + 18 * _FINE), x, fill=INK, font=font, anchor="ma")
        inset = (self.left + 6 * _FINE, self.top + 4 * _FINE)
        draw.text(inset, y, fill=INK, font=font, anchor="la")

    def named(self, curves: list[tuple[str, str]]) -> None:
        """Write names in the colours of their curves, below each other in the upper right corner."""
        draw, font = ImageDraw.Draw(self.page), letters(_LETTER * _FINE)
        for row, (name, color) in enumerate(curves):
            at = (self.left + self.wide - 6 * _FINE, self.top + (4 + 16 * row) * _FINE)
            draw.text(at, name, fill=color, font=font, anchor="ra")

    def line(self, points: np.ndarray, color: str, width: int) -> None:
        """Draw a line through points `(n, 2)`."""
        with self._inside() as draw:
            draw.line(self.at(points), fill=color, width=width * _FINE, joint="curve")

    def dot(self, point: np.ndarray, color: str) -> None:
        """Draw a dot with a rim."""
        with self._inside() as draw:
            draw.circle(self.at(point[None])[0], 5 * _FINE, fill=color, outline="white", width=_FINE)

    def cross(self, point: tuple[float, float]) -> None:
        """Draw an upright cross."""
        (across, down), arm = self.at(np.array([point]))[0], 7 * _FINE
        with self._inside() as draw:
            draw.line((across - arm, down, across + arm, down), fill=INK, width=2 * _FINE)
            draw.line((across, down - arm, across, down + arm), fill=INK, width=2 * _FINE)

    @contextmanager
    def _inside(self) -> Iterator[Any]:
        place = (self.left, self.top, self.left + self.wide, self.top + self.high)
        part = self.page.crop(place)
        yield ImageDraw.Draw(part)
        self.page.paste(part, place)


def _curve(steps: np.ndarray, values: np.ndarray, powers: range) -> np.ndarray:
    """Return `values` over `steps` as points of a logarithmic chart; far outside becomes just outside."""
    with np.errstate(divide="ignore"):
        return np.stack([steps, np.log10(values).clip(powers[0] - 1, powers[-1] + 1)], axis=1)
