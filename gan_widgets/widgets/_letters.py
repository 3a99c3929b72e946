"""Names that have to fit: they are cut, and in still pictures a dot stands for what cannot be printed."""

from typing import Any

from PIL import ImageFont

_MOST = 80  # letters that are measured at all


def font(size: int) -> Any:  # noqa: ANN401  (whichever of two kinds Pillow has)
    """Return Pillow's own font in a size in pixels."""
    return ImageFont.load_default(size)


def cut(name: str, most: int) -> str:
    """Return the beginning of a name, in at most so many letters.

    >>> cut("building", 8), cut("building", 6)
    ('building', 'build…')
    """
    return name if len(name) <= most else name[: most - 1] + "…"


def cut_before(name: str, most: int) -> str:
    """Return the end of a name, in at most so many letters: layers differ at their ends.

    >>> cut_before("layers.3", 8), cut_before("layers.3", 6)
    ('layers.3', '…ers.3')
    """
    return name if len(name) <= most else "…" + name[1 - most :]


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
