"""Networks drawn from a seed of their own, without touching PyTorch's global random state."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from gan_widgets.train.streams import Chance


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Draw what is drawn inside the block from `seed`; None: from PyTorch's global state, as ever.

    >>> import torch
    >>> with seeded(3):
    ...     first = torch.rand(2)
    >>> with seeded(3):
    ...     print(torch.rand(2).equal(first))
    True
    """
    with nullcontext() if seed is None else Chance(seed):
        yield
