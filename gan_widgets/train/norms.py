"""How large the weights of each layer are, and their gradients, read with one look at the device."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import hypot, nan
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_widgets.core.live import unwrap
from gan_widgets.core.quantities import plain

_PARAMETRIZED = ".parametrizations"


class Norms(NamedTuple):
    """The scalars asked for, and the norms of gradients and weights by `"<letter>.<layer>"`."""

    scalars: list[float]
    gradients: dict[str, float]
    weights: dict[str, float]


def layer_norms(
    nets: Mapping[str, nn.Module], learning: Iterable[str], scalars: Sequence[Tensor | None] = ()
) -> Norms:
    """Measure networks, named by a letter: a layer's norm is that of all its own parameters together.

    Gradients are those of the networks in `learning`, as the last backward pass left them. `scalars` are read
    in the same look; None becomes NaN.

    >>> net = nn.Sequential(nn.Linear(2, 1, bias=False))
    >>> _ = nn.init.constant_(net[0].weight, 3.0)
    >>> net(torch.tensor([[4.0, 3.0]])).sum().backward()
    >>> layer_norms({"G": net}, ["G"]).gradients
    {'G.0': 5.0}
    """
    owners: list[tuple[str, bool]] = []
    tensors: list[Tensor] = []
    for letter, net in nets.items():
        for layer, parameter in _by_layer(net):
            key = f"{letter}.{layer}" if layer else letter
            owners.append((key, False))
            tensors.append(parameter.detach())
            if letter in learning and parameter.grad is not None:
                owners.append((key, True))
                tensors.append(parameter.grad)
    there = [scalar for scalar in scalars if scalar is not None]
    read = iter(_read([*there, *(torch._foreach_norm(tensors) if tensors else ())]))
    values = [nan if scalar is None else plain(next(read)) for scalar in scalars]
    norms: tuple[dict[str, float], dict[str, float]] = {}, {}
    for (key, gradient), value in zip(owners, read, strict=True):
        norms[not gradient][key] = plain(hypot(norms[not gradient].get(key, 0.0), value))
    return Norms(values, *norms)


def _read(scalars: list[Tensor]) -> list[float]:
    kinds = {(scalar.device, scalar.dtype) for scalar in scalars}
    if len(kinds) <= 1:
        return torch.stack(scalars).tolist() if scalars else []
    return [float(scalar) for scalar in scalars]


def _by_layer(net: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    seen: set[int] = set()
    for name, module in unwrap(net).named_modules():
        for parameter in module._parameters.values():
            if parameter is not None and id(parameter) not in seen:
                seen.add(id(parameter))
                yield name.split(_PARAMETRIZED)[0], parameter
