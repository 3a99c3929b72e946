"""A generator whose units are known: it draws six shapes, each through units that were put there by hand.

>>> G = planted_generator()
>>> G(G.latents([0, 1])).shape, len(G.truth["lit"]), len(G.truth["cells"])
(torch.Size([2, 3, 40, 80]), 12, 7)
>>> for unit in (1, 7, 11):
...     print(G.truth["lit"][unit])
Truth(unit=1, plants='bar', concept='bar', iou=1.0, level=0.5, effect=1.0, state='ok')
Truth(unit=7, plants='upper half of the box', concept='box', iou=0.5, level=0.5, effect=0.5, state='ok')
Truth(unit=11, plants='a constant', concept='', iou=0.0, level=0.75, effect=0.0, state='constant')
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.latents import normal
from gan_widgets.dissect.concepts.source import Source

# two by four tiles of five by five cells of four by four pixels: 40×80 pixels, of which 1 % are 32
_TILES, _CELLS, _PIXELS = (2, 4), 5, 4
_MAP = _TILES[0] * _CELLS, _TILES[1] * _CELLS
_REACH = 8  # pixels that a stencil may reach to the left of and above its anchor; its window is 20×20
_SHAPES = {
    "disc": ("solid", "#e69f00"),
    "bar": ("solid", "#56b4e9"),
    "frame": ("outline", "#f0e442"),
    "tee": ("solid", "#009e73"),
    "block": ("solid", "#0072b2"),
    "box": ("outline", "#cc79a7"),
}  # colours that those who do not see red or green can tell apart, after Okabe and Ito
_GROUND = "#1c1f26"


@dataclass(frozen=True)
class Truth:
    """What was planted in one unit, with the threshold "quantile" at a share of 1 %.

    `concept` is what the unit stands for, "" for nothing; `iou` their IoU (0: none but by chance, which gives
    about 0.02), `level` the threshold, `effect` the share of the concept's pixels that goes when this unit
    alone is ablated, `state` what a dissection should call it.
    """

    unit: int
    plants: str
    concept: str
    iou: float
    level: float
    effect: float
    state: Literal["ok", "dead", "constant"] = "ok"


class PlantedGenerator(nn.Sequential):
    """Shapes at random places: `z` (n, 30), normal → images (n, 3, 40, 80) in [-1, 1].

    Every image holds each of six shapes once, in a tile and at one of four places in it that follow from `z`;
    they never overlap. What its layers do (all numbers are exact in floating point):

    - `place` (7 units at 10×20): one cell per shape, its anchor, and one for something that is not drawn.
    - `cells` (7 at 10×20): the anchor and the cell to its right. Upsampled to the image and cut at 1/2, these
      two cells are 4×8 pixels without their corners: 28 pixels, of which each shape holds so many.
    - `anchors`, `gate`: the anchor again, where both cells are lit.
    - `draw`, `lit` (12 at 40×80): shapes of 32, 64 and 128 pixels; units of 32 pixels, which is 1 %.
    - `inks`, `full` (6 at 40×80): one unit per shape, 0 or 1. `paint`, `image`: their colours on the ground.

    `truth["cells"]` and `truth["lit"]` say what each unit of these two layers stands for. In `lit`, units 2
    and 3 both draw the frame: without one of them nothing changes, without both it is gone. Unit 5 is lit
    wherever the tee is, with values below 0, and draws nothing. Unit 6 is twice as bright in the middle of
    the block: its IoU is 1/4 at 1 %, and 1 at every level from 0 to 1. Units 7 and 8 draw half of the box
    each. Unit 9 is lit at a place of its own, unit 10 is dead, unit 11 constant.

    `latents` is the prior, `segmenter` marks the six shapes.
    """

    def __init__(self) -> None:
        layers = OrderedDict[str, nn.Module](
            place=Places(),
            cells=nn.Conv2d(7, 7, 3, padding=1, groups=7, bias=False),
            anchors=nn.Conv2d(7, 7, 3, padding=1, groups=7),
            gate=nn.ReLU(),
            draw=nn.ConvTranspose2d(7, 12, 20, stride=_PIXELS, padding=_REACH),
            lit=nn.LeakyReLU(0.5),
            inks=nn.Conv2d(12, 6, 1, bias=False),
            full=nn.Hardtanh(0.0, 1.0),
            paint=nn.Conv2d(6, 3, 1),
            image=nn.Hardtanh(-1.0, 1.0),
        )
        super().__init__(layers)
        self.latents = normal(30)
        self.segmenter = planted_segmenter()
        self.truth = {"cells": _TRUTH_OF_CELLS, "lit": _TRUTH_OF_LIT}
        for name, values in _weights().items():
            self.get_parameter(name).data.copy_(values)


class Places(nn.Module):
    """Where things are: `z` (n, 30) → maps (n, 7, 10, 20), each with a single 1.

    The first eight numbers order the eight tiles, and the six shapes take the first six; the largest of the
    next eight names the tile of the seventh thing. The signs of the last fourteen choose one of two rows and
    one of two columns in the tile.
    """

    def forward(self, z: Tensor) -> Tensor:
        """Turn latents (n, 30) into maps (n, 7, 10, 20)."""
        tile = torch.cat([z[:, :8].argsort(dim=1, stable=True)[:, :6], z[:, 8:16].argmax(1, keepdim=True)], 1)
        row = tile // _TILES[1] * _CELLS + 1 + (z[:, 16:23] > 0).long()
        column = tile % _TILES[1] * _CELLS + 1 + (z[:, 23:30] > 0).long()
        maps = z.new_zeros(len(z), 7, _MAP[0] * _MAP[1])
        maps.scatter_(2, (row * _MAP[1] + column)[:, :, None], 1.0)
        return maps.reshape(len(z), 7, *_MAP)


@dataclass(frozen=True, repr=False)
class PlantedSegmenter(Source):
    """The segmenter of the planted generator's shapes: each pixel shows the shape of the nearest colour."""

    kind = "planted_segmenter"
    names = tuple(_SHAPES)
    categories = tuple(category for category, _ in _SHAPES.values())

    @property
    def parameters(self) -> dict[str, Any]:
        """None."""
        return {}

    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark the shapes in images (n, 3, H, W) in [-1, 1]: bool (n, 6, H, W)."""
        if images.ndim != 4 or images.shape[1] != 3:
            raise DissectionError(
                problem(
                    "these are no pictures of the planted generator.",
                    got=tuple(images.shape),
                    allowed="(n, 3, H, W)",
                    next="Pass images of gw.nets.planted_generator().",
                )
            )
        colors = _colors().to(images.device)
        # of |x − c|² only 2 x·c − |c|² depends on the colour
        near = (
            torch.einsum("kc,nchw->nkhw", 2 * colors, images.float()) - colors.square().sum(1)[:, None, None]
        )
        return (near[:, 1:] == near.amax(1, keepdim=True)) & images.isfinite().all(1, keepdim=True)


def planted_generator() -> PlantedGenerator:
    """Make the generator whose units are known, in eval mode; it is the same every time.

    >>> planted_generator().segmenter.names
    ('disc', 'bar', 'frame', 'tee', 'block', 'box')
    """
    with torch.random.fork_rng(devices=[]):  # layers draw weights when they are made, if only to be replaced
        made = PlantedGenerator()
    made.requires_grad_(requires_grad=False)
    return made.eval()


def planted_segmenter() -> PlantedSegmenter:
    """Make the segmenter that marks the planted generator's shapes in its images.

    >>> planted_segmenter()
    planted_segmenter()
    """
    return PlantedSegmenter()


def _colors() -> Tensor:
    """Give the colours of the ground and of each shape, (7, 3) in [-1, 1]."""
    texts = [_GROUND, *(color for _, color in _SHAPES.values())]
    return torch.tensor([[int(text[i : i + 2], 16) / 127.5 - 1 for i in (1, 3, 5)] for text in texts])


def _weights() -> dict[str, Tensor]:
    here_and_left, here_and_right = torch.zeros(7, 1, 3, 3), torch.zeros(7, 1, 3, 3)
    here_and_left[:, :, 1, :2], here_and_right[:, :, 1, 1:] = 1.0, 1.0
    drawn, bias = torch.zeros(7, 12, 20, 20), torch.zeros(12)
    for unit, (thing, picture) in enumerate(_stencils()):
        drawn[thing, unit] = picture
    bias[5], bias[11] = -4.0, 0.75
    inks = torch.zeros(6, 12, 1, 1)
    for shape, units in enumerate([(0,), (1,), (2, 3), (4,), (6,), (7, 8)]):
        inks[shape, list(units)] = 1.0
    ground, shapes = _colors()[0], _colors()[1:]
    return {
        "cells.weight": here_and_left,
        "anchors.weight": here_and_right,
        "anchors.bias": torch.full((7,), -1.0),
        "draw.weight": drawn,
        "draw.bias": bias,
        "inks.weight": inks,
        "paint.weight": (shapes - ground).T[:, :, None, None],
        "paint.bias": ground,
    }


def _stencils() -> list[tuple[int, Tensor]]:
    """Give, for each unit of `draw`, around the anchor of which thing it draws, and what: (20, 20)."""
    disc = _area((-1, 5), (1, 7))
    disc[[7, 7, 12, 12], [9, 14, 9, 14]] = 0.0  # its corners
    frame = _area((-3, 6), (-1, 8)) - _area((-2, 5), (0, 7))
    tee = _area((0, 2), (-1, 9)) + _area((2, 8), (3, 5))
    block = _area((-2, 6), (-4, 12)) + _area((0, 4), (0, 8))
    box = _area((-3, 7), (-1, 9)) - _area((-1, 5), (1, 7))
    upper, lower = box * _area((-3, 2), (-8, 12)), box * _area((2, 7), (-8, 12))
    speck, nothing = _area((0, 4), (0, 8)), torch.zeros(20, 20)
    return [
        (0, disc), (1, _area((1, 3), (-4, 12))), (2, frame), (2, frame), (3, tee), (3, 2 * tee),
        (4, block), (5, upper), (5, lower), (6, speck), (6, nothing), (6, nothing),
    ]  # fmt: skip


def _area(rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """Ones from the first up to the second row and column, counted from the anchor's corner: (20, 20)."""
    picture = torch.zeros(20, 20)
    picture[rows[0] + _REACH : rows[1] + _REACH, columns[0] + _REACH : columns[1] + _REACH] = 1.0
    return picture


_TRUTH_OF_CELLS = (
    Truth(0, "cells of the disc", "disc", 24 / 36, 0.5, 1.0),  # all rows, the six columns in the middle
    Truth(1, "cells of the bar", "bar", 16 / 44, 0.5, 1.0),
    Truth(2, "cells inside the frame", "frame", 2 / 58, 0.5, 1.0),
    Truth(3, "cells of the tee", "tee", 18 / 42, 0.5, 1.0),
    Truth(4, "cells of the block", "block", 28 / 128, 0.5, 1.0),
    Truth(5, "cells inside the box", "box", 4 / 88, 0.5, 1.0),
    Truth(6, "cells anywhere", "", 0.0, 0.5, 0.0),
)
_TRUTH_OF_LIT = (
    Truth(0, "disc", "disc", 1.0, 0.5, 1.0),
    Truth(1, "bar", "bar", 1.0, 0.5, 1.0),
    Truth(2, "frame", "frame", 1.0, 0.5, 0.0),
    Truth(3, "frame once more", "frame", 1.0, 0.5, 0.0),
    Truth(4, "tee", "tee", 1.0, 0.5, 1.0),
    Truth(5, "shadow of the tee", "tee", 1.0, -1.5, 0.0),
    Truth(6, "block, brighter in its middle", "block", 32 / 128, 1.5, 1.0),
    Truth(7, "upper half of the box", "box", 32 / 64, 0.5, 0.5),
    Truth(8, "lower half of the box", "box", 32 / 64, 0.5, 0.5),
    Truth(9, "a patch anywhere", "", 0.0, 0.5, 0.0),
    Truth(10, "nothing", "", 0.0, 0.0, 0.0, "dead"),
    Truth(11, "a constant", "", 0.0, 0.75, 0.0, "constant"),
)
