"""A prior of the user's own: samples put together, and tried before anything is built on them."""

from collections.abc import Callable

import torch

from gan_widgets.core.errors import LatentsError, problem
from gan_widgets.core.inputs import combine, each, same
from gan_widgets.core.kept import streams_kept
from gan_widgets.core.live import Inputs


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
