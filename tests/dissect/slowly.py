"""Dissection written as loops over seeds, units and concepts, from the formulas: NumPy, float64."""

import math

import numpy as np


def ranges(images, start=0):
    """A quarter for thresholds, of the rest a third in whole groups for labels, the others for the report."""
    thresholds = images // 4
    labels = (images - thresholds) // 3
    report = images - thresholds - labels
    group = next(g for g in (32, 16, 8, 4) if g == 4 or report // g >= 32)
    if labels > group:
        labels -= labels % group
    first = range(start, start + thresholds)
    second = range(first.stop, first.stop + labels)
    return first, second, range(second.stop, start + images)


def upsampled(grid, size):
    """Bilinear, align_corners=False: output i looks at input (i + ½) · h / H − ½, clamped to the grid."""
    (h, w), (H, W) = grid.shape, size
    out = np.empty(size)
    for i in range(H):
        for j in range(W):
            y, x = max((i + 0.5) * h / H - 0.5, 0), max((j + 0.5) * w / W - 0.5, 0)
            top, left = int(y), int(x)
            below, right = min(top + 1, h - 1), min(left + 1, w - 1)
            fy, fx = y - top, x - left
            above = grid[top, left] * (1 - fx) + grid[top, right] * fx
            under = grid[below, left] * (1 - fx) + grid[below, right] * fx
            out[i, j] = above * (1 - fy) + under * fy
    return out


def quantile_level(values, share):
    """Midway between the k-th and the (k+1)-th largest of all values, k = floor(share · count)."""
    ordered = np.sort(np.asarray(values).ravel())[::-1]
    k = math.floor(share * len(ordered) + 1e-6)
    return (ordered[k - 1] + ordered[k]) / 2


def even_levels(values, count):
    """From the 80th percentile on, in even steps, the maximum left out."""
    low, high = quantile_level(values, 0.2), np.max(values)
    return [low + (high - low) * k / count for k in range(count)]


def counted(maps, masks, seeds, unit, concept, level):
    """n11, n10, n01, n00: pixels above the level and marked, only above, only marked, neither."""
    table = [0, 0, 0, 0]
    for seed in seeds:
        above = upsampled(maps[seed, unit], masks.shape[2:]) > level
        marked = masks[seed, concept]
        for k, part in enumerate((above & marked, above & ~marked, ~above & marked, ~above & ~marked)):
            table[k] += int(part.sum())
    return table


def iou(table):
    """n11 / (n11 + n10 + n01)."""
    return table[0] / sum(table[:3]) if sum(table[:3]) else math.nan


def information(table):
    """I / H, term by term: Σ p log (p / (p_a p_s)) over −Σ p log p."""
    n = sum(table)
    joint = np.array(table).reshape(2, 2) / n
    mutual = entropy = 0.0
    for a in range(2):
        for s in range(2):
            p = joint[a, s]
            if p > 0:
                mutual += p * math.log(p / (joint[a].sum() * joint[:, s].sum()))
                entropy -= p * math.log(p)
    return mutual / entropy if entropy > 0 else 0.0


def dissected(maps, masks, images, share=None, count=None, start=0):
    """Thresholds, labels and IoU, by quantile of `share` or by information among `count` levels."""
    first, second, third = ranges(images, start)
    units, concepts = maps.shape[1], masks.shape[1]
    levels, known, reported = (np.full((units, concepts), np.nan) for _ in range(3))
    for u in range(units):
        values = maps[list(first), u]
        for c in range(concepts):
            if share is not None:
                levels[u, c] = quantile_level(values, share)
            else:
                tried = even_levels(values, count)
                told = [information(counted(maps, masks, second, u, c, level)) for level in tried]
                levels[u, c] = tried[int(np.argmax(np.round(told, 12)))]
            known[u, c] = iou(counted(maps, masks, second, u, c, levels[u, c]))
            reported[u, c] = iou(counted(maps, masks, third, u, c, levels[u, c]))
    return levels, np.where(known.max(1) > 0, known.argmax(1), -1), reported
