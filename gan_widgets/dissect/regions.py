"""Where in the picture a unit is above its level: the one mask that is drawn and scored.

>>> maps = torch.tensor([[[[0.0, 1.0]]]])                      # one image, one unit, a map of 1×2
>>> regions(maps, torch.tensor([0.5]), (1, 4)).tolist()
[[[[False, False, True, True]]]]
"""

import torch
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.pixels import upsample


def regions(maps: Tensor, levels: Tensor, size: tuple[int, int]) -> Tensor:
    """Find the pixels where a unit's upsampled map exceeds its level.

    Maps `(n, units, h, w)`, any floating dtype, are read as float32 and brought to `size` by
    `core.pixels.upsample`: bilinear, `align_corners=False`, as Bau et al. mean `a↑` in "GAN Dissection"
    (arXiv 1811.10597, section 3.1). `levels` `(units,)` are read as float32. Gives bool `(n, units, H, W)`,
    true where `a↑ > t`, strictly. NaN exceeds nothing, and nothing exceeds NaN. Raises `DissectionError` for
    other shapes or whole numbers.
    """
    check_maps(maps)
    if levels.shape != (maps.shape[1],):
        raise DissectionError(
            problem(
                "every unit needs one level.",
                got=f"levels {tuple(levels.shape)} for {maps.shape[1]} units",
                allowed="(units,)",
                next="Pass one level per unit, for instance levels[:, k].",
            )
        )
    t = levels.to(maps.device, torch.float32)
    return upsample(maps.float(), size) > t[:, None, None]


def check_maps(maps: Tensor) -> None:
    """Raise `DissectionError` unless `maps` is `(n, units, h, w)`, floating and not empty."""
    if maps.ndim != 4 or not maps.is_floating_point() or maps.numel() == 0:
        raise DissectionError(
            problem(
                "a layer's maps are floating numbers with four axes.",
                got=f"{maps.dtype} {tuple(maps.shape)}",
                allowed="(n, units, h, w), none of them 0",
                next="Pass what capture(model, [layer]) gives; (n, units) as maps[:, :, None, None].",
            )
        )
