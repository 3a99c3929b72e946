"""Which modules surely draw no random numbers in their forward.

>>> may_draw(nn.Sequential(nn.Linear(2, 3), nn.ReLU())), may_draw(nn.Sequential(nn.Dropout()))
(False, True)
"""

from torch import nn

_CALM = {
    f"torch.nn.modules.{name}"
    for name in (
        "activation",
        "batchnorm",
        "container",
        "conv",
        "flatten",
        "instancenorm",
        "linear",
        "normalization",
        "padding",
        "pixelshuffle",
        "pooling",
        "upsampling",
    )
} | {"torch.nn.utils.parametrize", "torch.nn.utils.parametrizations", "gan_widgets.train.nets"}
_DRAWING = (nn.RReLU, nn.MultiheadAttention, nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)


def may_draw(model: nn.Module) -> bool:
    """Tell whether a forward may draw: some module is not one of PyTorch's calm ones, or was given hooks."""
    return any(map(_may_draw, model.modules()))


def _may_draw(module: nn.Module) -> bool:
    return (
        type(module).__module__ not in _CALM
        or isinstance(module, _DRAWING)
        or bool(module._forward_hooks or module._forward_pre_hooks)
        or "forward" in vars(module)
    )
