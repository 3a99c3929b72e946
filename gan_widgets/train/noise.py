"""The noise that the course's generators are fed: uniform on [-1, 1)."""

import operator

import torch
from torch import Tensor

from gan_widgets.core.errors import LatentsError, problem
from gan_widgets.core.seeds import check_seeds


def sample_noise(n: int, dim: int, seed: int | None = None) -> Tensor:
    """Draw noise `(n, dim)`, float32, uniform on [-1, 1); None as seed: from PyTorch's global random state.

    One call is one draw: its rows depend on `n`. To name single latents, take `gw.uniform(dim)`, which is the
    same prior with one seed per row. Raises `LatentsError` for sizes below 1 and seeds outside [0, 2**32).

    >>> noise = sample_noise(5, 96, seed=0)
    >>> noise.shape, noise.dtype, noise.equal(sample_noise(5, 96, seed=0))
    (torch.Size([5, 96]), torch.float32, True)
    """
    sizes = _size(n, "n"), _size(dim, "dim")
    generator = None if seed is None else torch.Generator().manual_seed(check_seeds([seed])[0])
    return torch.rand(sizes, generator=generator, dtype=torch.float32).mul_(2).sub_(1)


def _size(value: int, name: str) -> int:
    try:
        size = operator.index(value)
    except TypeError:
        size = 0
    if size >= 1:
        return size
    raise LatentsError(
        problem(
            "noise has at least one row and one column.",
            got=f"{name}={value!r}",
            allowed="whole numbers from 1 up",
            next="Pass for instance sample_noise(128, 96).",
        )
    )
