"""The dense recipe that `overlap` must equal bit for bit: `regions`, then a logical and, then a sum."""

import torch
from hypothesis import strategies as st

from gan_widgets.dissect.overlap import overlap
from gan_widgets.dissect.regions import regions


def dense(maps, levels, masks, shifts):
    size = masks.shape[2:]
    above = torch.stack([regions(maps, level, size) for level in levels.unbind(1)])  # (L, n, units, H, W)
    turned = torch.stack([masks.roll(-k, 0) for k in shifts])
    both = torch.stack([torch.einsum("lnuyx,ncyx->ulc", above.double(), each.double()) for each in turned])
    return both.long(), above.sum((1, 3, 4)).mT, masks.sum((0, 2, 3))


def assert_equals_dense(maps, levels, masks, shifts=(0,)):
    counts = overlap(maps, levels, masks, shifts)
    both, active, marked = dense(maps, levels, masks, shifts)
    assert counts.both.dtype == counts.active.dtype == counts.marked.dtype == torch.int64
    assert torch.equal(counts.both, both)
    assert torch.equal(counts.active, active)
    assert torch.equal(counts.marked, marked)
    assert counts.pixels == masks[:, 0].numel()


def kinds(maps):
    """The same maps as they come from different layers."""
    return {
        "plain": maps,
        "rectified": maps.relu(),
        "sparse": (maps - 1.5).relu(),
        "tied": maps.round(),
        "negative": maps - 9,
        "tiny": maps * 1e-44,
        "big": maps * 2.0**120,
        "broken": maps.where(maps.abs() < 1.6, torch.nan),
        "infinite": maps.where(maps < 1.6, torch.inf).where(maps > -1.6, -torch.inf),
    }


KINDS = st.sampled_from(sorted(kinds(torch.zeros(1))))
SIDE = st.integers(1, 6)
WIDE = st.integers(1, 17)


@st.composite
def problems(draw, most_levels):
    """Maps, levels, masks and shifts of one small problem; levels are often values of the maps."""
    dice = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    n, units, concepts = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 20))
    maps = torch.randn(n, units, draw(SIDE), draw(SIDE), generator=dice)
    maps = kinds(maps)[draw(KINDS)]
    count = draw(st.integers(1, most_levels))
    values = maps.transpose(0, 1).flatten(1)
    chosen = torch.randint(values.shape[1], (units, count), generator=dice)
    levels = values.gather(1, chosen).nan_to_num(0.0, posinf=torch.inf, neginf=-torch.inf)
    if draw(st.booleans()):
        levels = levels.nan_to_num() + torch.randn(units, count, generator=dice)
    if draw(st.booleans()):
        low, high = levels.clamp(-1e30, 1e30).aminmax(dim=1)
        levels = low[:, None] + (high - low)[:, None] * torch.arange(count) / count
    share = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    masks = torch.rand(n, concepts, draw(WIDE), draw(WIDE), generator=dice) < share
    shifts = draw(st.lists(st.integers(-5, 5), min_size=1, max_size=3))
    return maps, levels.sort(1).values, masks, shifts
