"""The formulas of dissection as plain loops over float64: slow, and plain to see."""

import math

import numpy as np


def interpolant(points, H, W):
    """`(h, w)` to `(H, W)`: bilinear, `align_corners=False`, edges repeated."""
    h, w = points.shape
    picture = np.empty((H, W))
    for Y in range(H):
        for X in range(W):
            y, x = (Y + 0.5) * h / H - 0.5, (X + 0.5) * w / W - 0.5
            i, j = math.floor(y), math.floor(x)
            total = 0.0
            for near, weight in ((i, 1 - (y - i)), (i + 1, y - i)):
                for side, part in ((j, 1 - (x - j)), (j + 1, x - j)):
                    total += weight * part * points[min(max(near, 0), h - 1), min(max(side, 0), w - 1)]
            picture[Y, X] = total
    return picture


def pictures(maps, H, W):
    """Maps `(n, units, h, w)` to `(n, units, H, W)`."""
    maps = maps.double().numpy()
    return np.array([[interpolant(points, H, W) for points in image] for image in maps])


def counts(upsampled, levels, masks, shift=0):
    """`Σ |{a↑ > t} ∧ s|` `(units, L, concepts)` and `Σ |{a↑ > t}|` `(units, L)`."""
    n, units = upsampled.shape[:2]
    both = np.zeros((units, levels.shape[1], masks.shape[1]), int)
    active = np.zeros((units, levels.shape[1]), int)
    for image in range(n):
        for unit in range(units):
            for k, level in enumerate(levels[unit]):
                above = upsampled[image, unit] > level
                active[unit, k] += above.sum()
                for concept, mask in enumerate(masks[(image + shift) % n]):
                    both[unit, k, concept] += (above & mask).sum()
    return both, active
