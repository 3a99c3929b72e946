"""A generator and a segmenter that read maps and masks from tables: seed s gives row s."""

import numpy as np
import torch
from torch import nn

from gan_widgets.core.latents import from_function


class Rows(nn.Module):
    """Give the rows of a table."""

    def __init__(self, table):
        super().__init__()
        self.register_buffer("table", table)

    def forward(self, rows):
        return self.table[rows]


class Tabled(nn.Module):
    """Layers `first`, `second`, … are tables; every pixel of an image is its seed."""

    def __init__(self, tables, size):
        super().__init__()
        for name, table in tables.items():
            self.add_module(name, Rows(table))
        self.size = size

    def forward(self, z):
        rows = z[:, 0].long()
        for layer in self.children():
            layer(rows)
        return z[:, :, None, None].expand(-1, 1, *self.size).clone()


class Marks:
    """Masks `(seeds, concepts, H, W)` from a table; `seen` says for which seeds they were asked."""

    def __init__(self, masks, names=None, categories=None, image_level=None):
        self.masks = masks
        self.names = names or tuple(f"c{k}" for k in range(masks.shape[1]))
        self.categories = categories or tuple("odd" if k % 2 else "even" for k in range(masks.shape[1]))
        if image_level is not None:
            self.image_level = image_level
        self.seen = []

    def __call__(self, images):
        rows = images[:, 0, 0, 0].long()
        self.seen += rows.tolist()
        return self.masks[rows]


def by_seed(seed):
    return torch.tensor([float(seed)])


LATENTS = from_function(by_seed)


def tabled(maps, masks, **keywords):
    """A model, its latents and a segmenter; `maps` is one table or several by name."""
    tables = maps if isinstance(maps, dict) else {"first": maps}
    return Tabled(tables, tuple(masks.shape[2:])), LATENTS, Marks(masks, **keywords)


def random_tables(seeds=96, units=5, concepts=3, size=(3, 5), scale=4, seed=0, marked=0.3):
    """Maps and masks `scale` times as large; no two values of a unit are alike, so that none is tied.

    Values are small whole numbers, so that all that is interpolated is exact in float32.
    """
    draw = np.random.default_rng(seed)
    values = np.stack([draw.permutation(seeds * size[0] * size[1]) for _ in range(units)], 1)
    maps = values.reshape(seeds, *size, units).transpose(0, 3, 1, 2) - values.size // (2 * units)
    masks = draw.random((seeds, concepts, size[0] * scale, size[1] * scale)) < marked
    return torch.from_numpy(maps).float(), torch.from_numpy(masks)
