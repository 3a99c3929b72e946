"""Finds out what is wrong with a reader's noise: its shape, dtype, range, and whether a seed names it."""

import inspect
from collections.abc import Callable

import torch
from torch import Tensor

from gan_widgets.train.check_error import CheckError, called, name_of, right, wrong

_N, _DIM = 150, 40
_KS = 0.05  # six thousand uniform numbers stay below this distance but for one run in 10¹²
_SORTS: tuple[tuple[str, float, float], ...] = (
    ("it is uniform on [0, 1)", 0.0, 1.0),
    ("it is uniform on [−½, ½)", -0.5, 0.5),
    ("it is uniform on [−1, 0)", -1.0, 0.0),
    ("it is uniform on [0, 2)", 0.0, 2.0),
    ("it is uniform on [−2, 2)", -2.0, 2.0),
)


def check_noise(fn: Callable[..., Tensor]) -> None:
    """Raise `CheckError` unless `fn(n, dim)` gives float32 noise `(n, dim)`, uniform on [-1, 1).

    Where the function has a third parameter it is a seed: one seed, one result, and None a new one each time.
    """
    name = name_of(fn)
    first = called(fn, _N, _DIM, shown=f"{name}({_N}, {_DIM})")
    _check_form(name, first)
    _check_rows(name, first)
    _check_range(name, first)
    again = called(fn, _N, _DIM, shown=f"{name}({_N}, {_DIM})")
    if torch.equal(first, again):
        raise _fault(
            name,
            "two calls give the same noise",
            got="the same numbers twice",
            allowed="new numbers at each call without a seed",
            next="Seed a generator of its own only when a seed is given.",
        )
    if len(inspect.signature(fn).parameters) > 2:
        _check_seed(name, fn)
    right(f"{name}: (n, dim), float32, uniform on [−1, 1)")


def _fault(name: str, what: str, *, got: object, allowed: object, next: str) -> CheckError:  # noqa: A002  (as in `problem`)
    return wrong(f"{name}: {what}.", got=got, allowed=allowed, next=next)


def _check_form(name: str, noise: object) -> None:
    if not isinstance(noise, Tensor):
        raise _fault(
            name,
            "it returns nothing" if noise is None else "it does not return a tensor",
            got=type(noise).__name__,
            allowed="a tensor",
            next="End it with `return …`." if noise is None else "Draw with torch.rand, not with NumPy.",
        )
    if noise.shape != (_N, _DIM):
        turned = noise.shape == (_DIM, _N)
        raise _fault(
            name,
            "rows and columns are swapped" if turned else "the shape is wrong",
            got=f"shape {tuple(noise.shape)} for n = {_N} and dim = {_DIM}",
            allowed=f"shape ({_N}, {_DIM}): one row per image",
            next="Draw torch.rand(n, dim).",
        )
    if noise.dtype != torch.float32:
        raise _fault(
            name,
            "the dtype is wrong",
            got=str(noise.dtype),
            allowed="torch.float32, as the weights of the networks",
            next="Draw with torch.rand(n, dim), or add .float().",
        )
    if noise.requires_grad:
        raise _fault(
            name,
            "the noise wants a gradient",
            got="requires_grad=True",
            allowed="requires_grad=False: nothing trains the noise",
            next="Leave requires_grad out.",
        )


def _check_range(name: str, noise: Tensor) -> None:
    if _distance(noise, -1.0, 1.0) < _KS and float(noise.abs().max()) <= 1:
        return
    low, high = float(noise.min()), float(noise.max())
    found = [what for what, a, b in _SORTS if a <= low and high <= b and _distance(noise, a, b) < _KS]
    if found:
        what = found[0]
    elif not torch.isfinite(noise).all():
        what = "not every number is finite"
    elif _distance(torch.special.ndtr(noise), 0.0, 1.0) < _KS:
        what = "it is normal, not uniform"
    elif low >= -1.0 and high <= 1.0:
        what = "it is not uniform: some values in [−1, 1) come more often than others"
    else:
        what = "its range is wrong"
    raise _fault(
        name,
        what,
        got=f"values from {low:.2f} to {high:.2f}, mean {float(noise.mean()):.2f}",
        allowed="uniform on [−1, 1): from −1 to 1, mean 0",
        next="torch.rand draws from [0, 1): multiply by 2 and take 1 away.",
    )


def _distance(values: Tensor, low: float, high: float) -> float:
    """Give the Kolmogorov–Smirnov distance of the values from the uniform distribution on [low, high]."""
    ordered = values.detach().double().flatten().sort().values
    wanted = ((ordered - low) / (high - low)).clamp(0, 1)
    steps = torch.arange(1, len(ordered) + 1, dtype=torch.float64) / len(ordered)
    return float((steps - wanted).abs().nan_to_num(1.0).max())


def _check_rows(name: str, noise: Tensor) -> None:
    for what, same in (
        ("all rows are equal", torch.equal(noise, noise[:1].expand_as(noise))),
        ("each row is one number, repeated", torch.equal(noise, noise[:, :1].expand_as(noise))),
    ):
        if same:
            raise _fault(
                name,
                what,
                got="equal numbers",
                allowed=f"{_N} × {_DIM} numbers drawn one by one",
                next="Draw torch.rand(n, dim), without expand or repeat.",
            )


def _check_seed(name: str, fn: Callable[..., Tensor]) -> None:
    one, same, other = (called(fn, 3, 4, seed, shown=f"{name}(3, 4, {seed})") for seed in (1, 1, 2))
    if torch.equal(one, same) and not torch.equal(one, other):
        return
    ignored = not torch.equal(one, same)
    raise _fault(
        name,
        "the seed is not used" if ignored else "every seed gives the same noise",
        got="two results for seed 1" if ignored else "one result for the seeds 1 and 2",
        allowed="one result for one seed, another for another",
        next="Pass generator=torch.Generator().manual_seed(seed) to torch.rand.",
    )
