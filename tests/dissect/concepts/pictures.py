"""Pictures for the tests of strokes: drawn by hand, by a font, and at random."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont


def drawn(text: str) -> torch.Tensor:
    """A picture (1, 1, H, W) in [-1, 1] from lines of text: # is ink, + half of it, anything else none."""
    rows = text.removeprefix("\n").removesuffix("\n").split("\n")
    values = {"#": 1.0, "+": 0.0}
    width = max(map(len, rows))
    return torch.tensor([[[[values.get(c, -1.0) for c in row.ljust(width)] for row in rows]]])


def rendered(text: str, size: int = 24) -> torch.Tensor:
    """Text as DejaVu Sans renders it, (1, 1, 28, 24) in [-1, 1], with grey edges."""
    import matplotlib as mpl

    font = ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
    picture = Image.new("L", (24, 28))
    ImageDraw.Draw(picture).text((4, 0), text, fill=255, font=font)
    return torch.from_numpy(np.asarray(picture).copy())[None, None].float() / 127.5 - 1


def line(angle: float, H: int = 30, W: int = 34, width: float = 3.0, length: float = 20.0) -> torch.Tensor:
    """A stroke through the middle, `angle` degrees from horizontal, anticlockwise: (1, 1, H, W)."""
    down, right = np.mgrid[:H, :W] - np.array([(H - 1) / 2, (W - 1) / 2])[:, None, None]
    turn = np.deg2rad(angle)
    along, across = right * np.cos(turn) - down * np.sin(turn), right * np.sin(turn) + down * np.cos(turn)
    inside = np.minimum(length / 2 - np.abs(along), width / 2 - np.abs(across)) + 0.5
    return torch.from_numpy(inside.clip(0, 1) * 2 - 1).float()[None, None]


def blots(seed: int, n: int = 4, H: int = 13, W: int = 18) -> torch.Tensor:
    """Random grey pictures with blots of ink: (n, 1, H, W) in [-1, 1]."""
    noise = torch.rand(n, 1, H, W, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.avg_pool2d(noise, 3, stride=1, padding=1, count_include_pad=False)
    return ((smooth - 0.5) * 5).clamp(-1, 1)
