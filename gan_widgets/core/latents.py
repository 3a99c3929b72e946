"""Seeds become latents: the same seed gives the same `z`, whatever the batch, its order or the device.

>>> latents = normal(3)
>>> latents([0, 1])                                            # one row per seed
tensor([[ 1.7641,  0.4002,  0.9787],
        [ 1.6243, -0.6118, -0.5282]])
>>> latents([1]).equal(latents([0, 1])[1:])                    # a row never depends on its neighbours
True
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from gan_widgets.core.custom import FINGERPRINT, stacked, tried, weighted_sums
from gan_widgets.core.errors import LatentsError, problem
from gan_widgets.core.inputs import each, tensors
from gan_widgets.core.kept import streams_kept
from gan_widgets.core.live import Inputs
from gan_widgets.core.seeds import check_seeds
from gan_widgets.core.walks import lerp, slerp

__all__ = ["Latents", "as_latents", "check_seeds", "from_function", "lerp", "normal", "slerp", "uniform"]

Prior: TypeAlias = Literal["normal", "uniform", "custom"]
_CPU = torch.device("cpu")


@runtime_checkable
class Sampler(Protocol):
    """Anything that gives `n` samples for `n` seeds: the adapter of a label-conditional generator."""

    def sample(self, n: int, seeds: Sequence[int]) -> Inputs:
        """Give the inputs of the model for these seeds, `n` samples along the first axis of every tensor."""
        ...


@dataclass(frozen=True)
class Latents:
    """A declared prior and the rule that turns seeds into the inputs of a generator.

    Made by `normal`, `uniform`, `from_function` or `as_latents`. `shape` is that of one sample (of the first
    tensor when a sample is a tuple or a dict). `dtype` None leaves a custom prior's tensors as they come.
    Every seed has its own NumPy `RandomState`, a stream that NumPy has frozen; it is drawn as float64 and
    rounded to float32 before any other cast, so all devices and dtypes start from the same numbers.

    >>> normal(64)
    normal(64)
    >>> uniform((2, 4, 3), low=0.0).to(dtype=torch.float64)
    uniform((2, 4, 3), low=0.0, high=1.0).to('cpu', torch.float64)
    """

    shape: tuple[int, ...]
    prior: Prior
    low: float = -1.0
    high: float = 1.0
    device: torch.device = _CPU
    dtype: torch.dtype | None = torch.float32
    name: str = ""
    draw: Callable[[tuple[int, ...]], Inputs] | None = field(default=None, repr=False)
    sums: str = field(default="", repr=False)

    def __call__(self, seeds: Iterable[int]) -> Inputs:
        """Give the inputs for these seeds: `(n, *shape)`, or what a custom prior gives for its samples.

        Raises `LatentsError` for anything that is not a non-empty run of whole numbers in [0, 2**32).
        """
        known = check_seeds(seeds)
        if self.draw is not None:
            with streams_kept():
                drawn = self.draw(known)
            return each(drawn, self._place)
        stream = np.random.RandomState(0)  # seeding it anew costs a twentieth of making another
        rows = np.stack([self._row(stream, seed) for seed in known]).astype(np.float32)
        return self._place(torch.from_numpy(rows))

    def sample(self, n: int, seeds: Iterable[int]) -> Inputs:
        """Do what a call does, in the form that adapters have: `n` must be the number of seeds.

        >>> normal(3).sample(2, [0, 1]).shape
        torch.Size([2, 3])
        """
        known = check_seeds(seeds)
        if n != len(known):
            raise LatentsError(
                problem(
                    "sample() needs one seed per sample.",
                    got=f"n={n} with {len(known)} seeds",
                    allowed=f"n={len(known)}",
                    next="Pass as many seeds as samples.",
                )
            )
        return self(known)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Latents":
        """Give the same latents on another device or in another floating dtype (integers keep theirs)."""
        if dtype is not None and not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
            raise LatentsError(
                problem(
                    "latents need a floating dtype.",
                    got=repr(dtype),
                    allowed="a floating dtype of PyTorch",
                    next="Pass for instance dtype=torch.float16.",
                )
            )
        return replace(self, device=torch.device(device or self.device), dtype=dtype or self.dtype)

    def describe(self) -> dict[str, Any]:
        """Everything needed to make the latents again, as JSON values.

        A custom prior is only named, and told from others of that name by what a few seeds gave.

        >>> normal(64).describe()
        {'prior': 'normal', 'shape': [64], 'device': 'cpu', 'dtype': 'float32'}
        """
        said: dict[str, Any] = {"prior": self.prior, "shape": list(self.shape), "device": str(self.device)}
        said["dtype"] = None if self.dtype is None else str(self.dtype).removeprefix("torch.")
        if self.prior == "uniform":
            said |= {"low": self.low, "high": self.high}
        if self.prior == "custom":
            said |= {"name": self.name} | ({FINGERPRINT: {"sums": self.sums}} if self.sums else {})
        return said

    @classmethod
    def from_description(cls, said: dict[str, Any]) -> "Latents":
        """Make latents again from `describe()`; raises `LatentsError` for a custom prior or a broken one.

        >>> Latents.from_description(uniform(96).describe()) == uniform(96)
        True
        """
        if said.get("prior") == "custom":
            raise LatentsError(
                problem(
                    "a custom prior cannot be made from its description.",
                    got=f"custom({said.get('name')!r})",
                    allowed="normal or uniform",
                    next="Pass the latents themselves, with latents=...",
                )
            )
        try:
            made = normal(said["shape"])
            if said["prior"] != "normal":
                made = {"uniform": uniform}[said["prior"]](said["shape"], said["low"], said["high"])
            return made.to(said["device"], getattr(torch, said["dtype"]))
        except (KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise LatentsError(
                problem(
                    "this is no description of latents.",
                    got=said,
                    allowed="prior, shape, device, dtype (and low, high for a uniform prior)",
                    next="Pass what describe() gave.",
                )
            ) from error

    def __repr__(self) -> str:
        shape = self.shape[0] if len(self.shape) == 1 else self.shape
        text = {
            "normal": f"normal({shape})",
            "uniform": f"uniform({shape}, low={self.low}, high={self.high})",
            "custom": f"from_function({self.name})",
        }[self.prior]
        plain = (_CPU, None if self.prior == "custom" else torch.float32)
        return text if (self.device, self.dtype) == plain else f"{text}.to('{self.device}', {self.dtype})"

    def _row(self, stream: np.random.RandomState, seed: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
        stream.seed(seed)  # the one stream NumPy promises never to change
        if self.prior == "normal":
            return stream.standard_normal(self.shape)
        return self.low + (self.high - self.low) * stream.random_sample(self.shape)

    def _place(self, tensor: Tensor) -> Tensor:
        dtype = self.dtype if tensor.is_floating_point() else None
        return tensor.to(self.device, dtype or tensor.dtype)


def normal(shape: int | Sequence[int]) -> Latents:
    """Make latents from a standard normal prior; `shape` is that of one sample.

    >>> normal((64, 1, 1))(range(5)).shape
    torch.Size([5, 64, 1, 1])
    """
    return Latents(_shape(shape), "normal")


def uniform(shape: int | Sequence[int], low: float = -1.0, high: float = 1.0) -> Latents:
    """Make latents from a uniform prior on [low, high]; `shape` is that of one sample.

    >>> uniform(2)([0])
    tensor([[0.0976, 0.4304]])
    """
    try:
        legal = isfinite(low) and isfinite(high) and low < high
    except (TypeError, ValueError, RuntimeError, OverflowError):
        legal = False
    if not legal:
        raise LatentsError(
            problem(
                "a uniform prior needs two finite ends.",
                got=f"low={low!r}, high={high!r}",
                allowed="low < high",
                next="Pass for instance low=-1, high=1.",
            )
        )
    return Latents(_shape(shape), "uniform", float(low), float(high))


def from_function(f: Callable[[int], Any], name: str | None = None) -> Latents:
    """Make latents from your own rule: `f(seed)` gives ONE sample, a tensor or a tuple or dict of tensors.

    Samples are stacked along a new first axis. Global random states are put back, so `f` may seed them. `f`
    is tried on a few seeds at once; raises `LatentsError` when it fails, or does not give the same sample for
    the same seed.

    >>> digits = from_function(lambda seed: (normal(4)([seed])[0], torch.tensor(seed % 10)))
    >>> z, label = digits([3, 14, 15])
    >>> z.shape, label
    (torch.Size([3, 4]), tensor([3, 4, 5]))
    """

    def draw(seeds: tuple[int, ...]) -> Inputs:
        return stacked([f(seed) for seed in seeds])

    return _custom(draw, name or str(getattr(f, "__name__", type(f).__name__)))


def as_latents(latents: "Latents | Sampler | Callable[[int], Any]") -> Latents:
    """Take `Latents`, an object with `sample(n, seeds)`, or a function of one seed; always give `Latents`.

    A sampler and a function are tried on a few seeds. Raises `LatentsError` when a sample depends on its
    batch or on the order of seeds, because then a seed would not name one latent.
    """
    if isinstance(latents, Latents):
        return latents
    if isinstance(latents, Sampler):
        sampler = latents
        return _custom(lambda seeds: sampler.sample(len(seeds), list(seeds)), type(sampler).__name__)
    if callable(latents):
        return from_function(latents)
    raise LatentsError(
        problem(
            "these are no latents.",
            got=repr(latents)[:200],
            next="Pass for instance latents=gw.normal(64).",
            allowed="gw.normal(...), gw.uniform(...), a function of a seed, an object with sample(n, seeds)",
        )
    )


def _shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    try:
        sizes = tuple(operator.index(s) for s in (shape if isinstance(shape, Iterable) else (shape,)))
    except TypeError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise LatentsError(
            problem(
                "the shape of one latent is one or more positive sizes.",
                got=repr(shape),
                allowed="for instance 64 or (64, 1, 1)",
                next="Pass the size of z without the batch axis.",
            )
        )
    return sizes


def _custom(draw: Callable[[tuple[int, ...]], Inputs], name: str) -> Latents:
    samples = tried(draw, name)
    shape = tuple(tensors(samples)[0].shape[1:])
    return Latents(shape, "custom", dtype=None, name=name, draw=draw, sums=weighted_sums(samples))
