"""Names in still pictures: what cannot be printed is shown as a dot, what has no room is cut."""

from typing import Any

from PIL import ImageFont

_MOST = 80  # letters that are measured at all


def font(size: int) -> Any:  # noqa: ANN401  (whichever of two kinds Pillow has)
    """Return Pillow's own font in a size in pixels."""
    return ImageFont.load_default(size)


def short(name: str, letters: Any, room: float) -> str:  # noqa: ANN401  (a font)
    """Return as much of a name as fits in `room` pixels.

    >>> short("hole", font(11), 100), len(short("a" * 500, font(11), 100)) < 30
    ('hole', True)
    """
    name = "".join(letter if letter.isprintable() else "·" for letter in name[:_MOST])
    if letters.getlength(name) <= room:
        return name
    while name and letters.getlength(name + "…") > room:
        name = name[:-1]
    return name + "…"
