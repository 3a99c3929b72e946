import torch

from gan_widgets.dissect.overlap import overlap
from gan_widgets.dissect.regions import regions


def dense(maps, levels, masks, shifts):
    size = masks.shape[2:]
    above = torch.stack([regions(maps, level, size) for level in levels.unbind(1)])  # (L, n, units, H, W)
    turned = torch.stack([masks.roll(-k, 0) for k in shifts])
    both = (above[None, :, :, :, None] & turned[:, None, :, None]).sum((2, 5, 6)).transpose(1, 2)
    return both, above.sum((1, 3, 4)).mT, masks.sum((0, 2, 3))


def test_counts_equal_the_dense_recipe_for_every_level_and_shift():
    draw = torch.Generator().manual_seed(0)
    maps = torch.randn(5, 6, 3, 4, generator=draw)
    levels = torch.randn(6, 7, generator=draw).sort(1).values
    masks = torch.rand(5, 4, 9, 16, generator=draw) < 0.4
    counts = overlap(maps, levels, masks, shifts=(0, 1, 3))
    both, active, marked = dense(maps, levels, masks, (0, 1, 3))
    assert torch.equal(counts.both, both)
    assert torch.equal(counts.active, active)
    assert torch.equal(counts.marked, marked)
    assert counts.pixels == 5 * 9 * 16
