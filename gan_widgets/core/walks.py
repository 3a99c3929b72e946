"""Walks between latents: straight lines and arcs."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_widgets.core.errors import LatentsError, problem


def lerp(a: Tensor, b: Tensor, t: float | Sequence[float] | Tensor) -> Tensor:
    """Walk straight from `a` to `b`, both `(dim,)` or `(n, *shape)`: `a` at t = 0 and `b` at t = 1, exactly.

    `t` is a number, or one number per sample `(n,)`; with one vector (or n = 1) it is the walk's `(steps,)`.

    >>> lerp(torch.tensor([0.0, 4.0]), torch.tensor([2.0, 0.0]), [0, 0.25, 1])
    tensor([[0.0000, 4.0000],
            [0.5000, 3.0000],
            [2.0000, 0.0000]])
    """
    a2, b2, t2, shape = _walk(a, b, t)
    return _ends(a2, b2, t2, (1 - t2) * a2 + t2 * b2).reshape(shape).to(a.dtype)


def slerp(a: Tensor, b: Tensor, t: float | Sequence[float] | Tensor) -> Tensor:
    """Walk along the arc from `a` to `b`; shapes and `t` as in `lerp`. Between equal norms the norm stays.

    A normal prior lives near a sphere, so this walk stays where the generator was trained. Opposite vectors
    have no one arc: a fixed direction at right angles is taken. With a zero vector the walk is straight.

    >>> slerp(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 3.0]), 0.5)
    tensor([2.1213, 2.1213])
    """
    a2, b2, t2, shape = _walk(a, b, t)
    na, nb = a2.norm(dim=1, keepdim=True), b2.norm(dim=1, keepdim=True)
    ua, ub = a2 / na.clamp_min(1e-300), b2 / nb.clamp_min(1e-300)
    # Kahan's angle: exact to the last bits where arccos of the dot product loses half of them
    angle = 2 * torch.atan2((ua - ub).norm(dim=1, keepdim=True), (ua + ub).norm(dim=1, keepdim=True))
    aside = torch.zeros_like(ua).scatter_(1, ua.abs().argmin(dim=1, keepdim=True), 1.0)
    towards = torch.where(angle.cos() < -1 + 1e-12, aside, ub)
    towards = towards - (towards * ua).sum(dim=1, keepdim=True) * ua
    span = towards.norm(dim=1, keepdim=True)
    aim = ua * (t2 * angle).cos() + towards / span.clamp_min(1e-300) * (t2 * angle).sin()
    arc = aim * ((1 - t2) * na + t2 * nb)
    straight = (na == 0) | (nb == 0) | (span < 1e-12)
    return _ends(a2, b2, t2, torch.where(straight, (1 - t2) * a2 + t2 * b2, arc)).reshape(shape).to(a.dtype)


def _walk(
    a: Tensor, b: Tensor, t: float | Sequence[float] | Tensor
) -> tuple[Tensor, Tensor, Tensor, torch.Size]:
    if not all(isinstance(end, Tensor) for end in (a, b)):
        got = f"{type(a).__name__} and {type(b).__name__}"
        raise _no_walk(got, "Make tensors of lists and arrays: torch.as_tensor(...).")
    try:
        steps = torch.as_tensor(t, dtype=torch.float64, device=a.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _no_walk(f"t={t!r}", "Pass for instance t=0.5, or t=torch.linspace(0, 1, 9).") from error
    rows = 1 if a.ndim < 2 else a.shape[0]
    fits = steps.ndim == 0 or (steps.ndim == 1 and (rows == 1 or len(steps) == rows))
    if a.shape != b.shape or a.ndim == 0 or not fits or not a.is_floating_point():
        got = f"{tuple(a.shape)} {a.dtype}, {tuple(b.shape)} and t {tuple(steps.shape)}"
        raise _no_walk(got, "Pass one pair of latents and a run of t, or one t per pair.")
    lone = a.ndim == 1
    shape = a.shape if steps.ndim == 0 else torch.Size((len(steps), *(a.shape if lone else a.shape[1:])))
    a2, b2 = (end.detach().reshape(rows, -1).double() for end in (a, b))
    return a2, b2, steps.reshape(-1, 1), shape


def _no_walk(got: str, step: str) -> LatentsError:
    allowed = "floating tensors (dim,) or (n, *shape) twice; t a number or (n,), or (steps,) when n is 1"
    what = "the ends of a walk need one shape, and t one number per sample."
    return LatentsError(problem(what, got=got, allowed=allowed, next=step))


def _ends(a: Tensor, b: Tensor, t: Tensor, between: Tensor) -> Tensor:
    return torch.where(t == 0, a, torch.where(t == 1, b, between))
