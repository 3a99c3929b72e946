"""What the tests of a controller compare."""

import copy

import torch

import gan_widgets as gw

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def hooks(model):
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in HOOKS)


def by_hand(model, seeds, units=(), layer=3):
    """The plain modules, with some units of a layer set to zero."""
    h = gw.normal(6)(seeds)
    with torch.no_grad():
        for k, module in enumerate(model):
            h = copy.deepcopy(module)(h.clone())
            if k == layer and units:
                h = h.clone()
                h[:, list(units)] = 0
    return h


def state(lab):
    return {
        name: getattr(lab, name)
        for name in ("layer", "seeds", "edits", "selection", "concept", "pending", "error")
    }
