"""A generator that never learned anything, to compare with: the same network with new weights."""

import copy

import torch
from torch import nn

from gan_widgets.core.kept import streams_kept
from gan_widgets.core.live import unwrap


def untrained(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give a copy of a model with weights as before training; the model stays as it was.

    Every module that has `reset_parameters` is reset by it. A parameter that this leaves as it was (of a
    module without that method, or behind a parametrization such as spectral norm) gets its own values in
    random order: as large as before, and without any structure. The same seed gives the same weights.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.PReLU(4))
    >>> new = untrained(model)
    >>> new[0].weight.equal(model[0].weight), new[0].weight.equal(untrained(model)[0].weight)
    (False, True)
    """
    twin = copy.deepcopy(unwrap(model))
    with streams_kept(), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        stream = torch.Generator().manual_seed(seed)
        before = {name: p.clone() for name, p in twin.named_parameters()}
        for module in twin.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
        for name, parameter in twin.named_parameters():
            if parameter.equal(before[name]):
                order = torch.randperm(parameter.numel(), generator=stream).to(parameter.device)
                parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return twin
