"""A generator that never learned anything, to compare with: the same network with new weights."""

import copy

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.kept import streams_kept
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import call, eager, unwrap
from gan_widgets.core.words import said

_BATCH, _BATCHES = 16, 4


def untrained(model: nn.Module, seed: int = 0, latents: Latents | None = None) -> nn.Module:
    """Give a copy of a model with weights as before training; the model stays as it was.

    Every module that has `reset_parameters` is reset by it. A parameter that this leaves as it was (of a
    module without that method, or behind a parametrization such as spectral norm) gets its own values in
    random order: as large as before, and without any structure. The same seed gives the same weights.

    Running means and variances, as batch normalisation keeps them, start at 0 and 1, which are not those of
    the new weights: in evaluation mode the network may draw an even grey, and to be better than that says
    little. With `latents` they are those of 64 images, averaged over batches of 16.

    Raises `DissectionError` for a model that cannot be copied.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.PReLU(4))
    >>> new = untrained(model)
    >>> new[0].weight.equal(model[0].weight), new[0].weight.equal(untrained(model)[0].weight)
    (False, True)
    """
    twin = _copied(unwrap(model))
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
        if latents is not None:
            _settle(twin, latents)
    return twin


def _copied(model: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(model)
    except Exception as error:  # what a module holds may raise anything
        raise DissectionError(
            problem(
                "this model cannot be copied, so there is no untrained one like it.",
                got=said(error),
                allowed="what copy.deepcopy copies: no open files, locks or random generators, and no "
                "torch.nn.utils.weight_norm, whose weights are computed anew in each forward",
                next="Use torch.nn.utils.parametrizations.weight_norm, or pass null='permutation'.",
            )
        ) from error


def _settle(model: nn.Module, latents: Latents) -> None:
    """Average the statistics of normalisations over batches; all other modules run as in evaluation."""
    norms = [m for m in model.modules() if isinstance(m, _NormBase) and m.num_batches_tracked is not None]
    if not norms:
        return
    flags = [(module, module.training) for module in model.modules()]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.train().momentum = None  # a plain average
    fit = fitting(latents, model)
    with eager(model):
        for first in range(0, _BATCH * _BATCHES, _BATCH):
            call(model, fit(range(first, first + _BATCH)))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for module, training in flags:
        module.training = training
