"""A prior of the user's own: samples put together, and tried before anything is built on them."""

from collections.abc import Callable
from typing import Any

import torch

from gan_widgets.core.errors import LatentsError, problem
from gan_widgets.core.inputs import combine, each, same, tensors
from gan_widgets.core.kept import streams_kept
from gan_widgets.core.live import Inputs

FINGERPRINT = "fingerprint"
"""Under this name a description tells what is of one name from another, by one way of telling or several."""


def stacked(samples: list[Inputs]) -> Inputs:
    """Stack samples of one form and shape along a new first axis; raises `LatentsError` for others.

    >>> stacked([(torch.zeros(3), torch.tensor(7)), (torch.ones(3), torch.tensor(8))])[1]
    tensor([7, 8])
    """
    try:
        return combine(samples, torch.stack)
    except LatentsError:
        raise
    except (RuntimeError, ValueError) as error:
        raise LatentsError(
            problem(
                "samples of different seeds must have one shape.",
                got=str(error),
                allowed="tensors that stack",
                next="Give every seed the same shapes, without a batch axis.",
            )
        ) from error


def tried(draw: Callable[[tuple[int, ...]], Inputs], name: str) -> Inputs:
    """Draw the seeds 0, 1 and 2 together, turned round and one by one, and give them, three rows, once.

    Raises `LatentsError` when that fails, or when a seed does not always give the same sample.

    >>> tried(lambda seeds: torch.tensor([[float(seed)] for seed in seeds]), "count").T
    tensor([[0., 1., 2.]])
    """
    seeds = (0, 1, 2)
    try:
        with streams_kept():
            together = draw(seeds)
            turned = each(draw(seeds[::-1]), lambda tensor: tensor.flip(0))
            alone = combine([draw((seed,)) for seed in seeds], torch.cat)
    except LatentsError:
        raise
    except Exception as error:
        raise LatentsError(
            problem(
                "drawing latents for the seeds 0, 1 and 2 failed.",
                got=f"{name}: {type(error).__name__}: {error}",
                allowed="f(seed), one sample for one seed, or an object with sample(n, seeds)",
                next="Mend that, or pass for instance latents=gw.normal(64).",
            )
        ) from error
    if not (same(together, turned) and same(together, alone)):
        raise LatentsError(
            problem(
                "a seed must name one latent, whatever the batch, its order or the calls before.",
                got=f"{name}: other samples for the seeds 0, 1, 2 together, turned round and one by one",
                allowed="the same sample for the same seed, always",
                next="Draw from a generator made from the seed: torch.Generator().manual_seed(seed).",
            )
        )
    return together


def weighted_sums(samples: Inputs) -> str:
    """Tell samples from others: of each sample's tensors a weighted sum, to four digits.

    A hash would also tell apart what is only rounded otherwise on another machine.

    >>> weighted_sums(torch.tensor([[0.5, 1.0], [0.0, 2.0]]))
    '1.04 1.081'
    """
    found: list[float] = []
    for tensor in tensors(samples):
        rows = tensor.detach().cpu().double().reshape(len(tensor), tensor[0].numel())
        found += (rows @ torch.arange(rows.shape[1]).double().cos()).tolist()
    return " ".join(f"{value:.4g}" for value in found)


def alike(mine: Any, other: Any, *, shared: bool = False) -> bool:  # noqa: ANN401  (JSON values)
    """Whether two descriptions are of the same: equal, and so are the fingerprints that both have.

    One may be older than fingerprints, or have that of another Python.

    >>> old = {"name": "f"}
    >>> new, other = old | {FINGERPRINT: {"sums": "1"}}, old | {FINGERPRINT: {"sums": "2"}}
    >>> alike(old, new), alike(new, other), alike([new], [{"name": "g"}])
    (True, False, False)
    """
    if isinstance(mine, dict) and isinstance(other, dict):
        alone = (mine.keys() ^ other.keys()) - {FINGERPRINT}
        both = mine.keys() & other.keys()
        return (shared or not alone) and all(
            alike(mine[key], other[key], shared=key == FINGERPRINT) for key in both
        )
    if isinstance(mine, list) and isinstance(other, list):
        return len(mine) == len(other) and all(map(alike, mine, other))
    return bool(mine == other)
