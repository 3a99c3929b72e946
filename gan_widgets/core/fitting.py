"""One prior for a model wherever and in whatever precision it runs."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from gan_widgets.core.latents import Latents, Sampler, as_latents
from gan_widgets.core.live import unwrap


def fitting(latents: Latents | Sampler | Callable[[int], Any], model: nn.Module) -> Latents:
    """Give `latents` on the device of the model's parameters, and in their floating dtype if they share one.

    Takes what `as_latents` takes. The numbers are drawn as ever and rounded last, as `Latents.to` does; when
    nothing has to change, it is the same object. A model with several dtypes, with parameters kept in 8 bits,
    or with none, gets latents in their own. So it does from custom priors whose `dtype` is None.
    Of several devices, one that the latents are on already will do, else it is that of the first parameter.
    Raises `LatentsError` for what are no latents, `RefusedModelError` for what is no model.

    >>> from gan_widgets.core.latents import normal
    >>> latents = normal(3)
    >>> fitting(latents, nn.Linear(3, 2).half())
    normal(3).to('cpu', torch.float16)
    >>> fitting(latents, nn.Linear(3, 2)) is latents
    True
    """
    known, parameters = as_latents(latents), list(unwrap(model).parameters())
    devices = dict.fromkeys(parameter.device for parameter in parameters)
    one = floating_dtype(model)
    device = known.device if known.device in devices else next(iter(devices), known.device)
    dtype = known.dtype if known.dtype is None or one is None else one
    return known if (device, dtype) == (known.device, known.dtype) else known.to(device, dtype)


def floating_dtype(model: nn.Module) -> torch.dtype | None:
    """Give the one floating dtype of the model's parameters; None for several, for none, and for 8 bits.

    >>> floating_dtype(nn.Linear(3, 2).half())
    torch.float16
    """
    dtypes = {p.dtype for p in unwrap(model).parameters() if p.is_floating_point()}
    one = dtypes.pop() if len(dtypes) == 1 else None
    return None if one is None or one.itemsize == 1 else one
