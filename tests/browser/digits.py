"""The shipped generator of digits, dissected the slow way: whole masks, whole regions, ratios of sums."""

import numpy as np
import torch

import gan_widgets as gw
from gan_widgets.dissect.regions import regions
from tests.widgets.found import Found, Top


def dissected(layer="net.6", images=240, shown=8):
    """A controller of the digits' generator that has `found` in `layer`; intervals are made up."""
    model, _, latents = gw.pretrained("dcgan-mnist")
    lab = gw.attach(model, latents=latents, layer=layer, samples=4)
    seeds = list(range(images))
    with gw.capture(model, [layer]) as acts, torch.no_grad():
        pictures = model(latents(seeds))
    maps, segmenter = acts[layer], gw.concepts.strokes()
    masks = gw.concepts.checked(segmenter, pictures)
    flat = maps.transpose(0, 1).flatten(1)
    levels = flat.quantile(0.99, dim=1)
    lit = regions(maps, levels, tuple(masks.shape[2:])).transpose(0, 1).flatten(1).float()
    marked = masks.transpose(0, 1).flatten(1).float()
    both = lit @ marked.T
    iou = (both / (lit.sum(1)[:, None] + marked.sum(1) - both)).double().numpy()
    top = maps.amax(dim=(2, 3)).topk(shown, dim=0)
    states = ["ok" if level > 0 else "tied" for level in levels]
    labels = np.where([state == "ok" for state in states], iou.argmax(1), -1)
    spread = 0.1 * iou + 0.005
    found = Found(
        layer=layer,
        units=maps.shape[1],
        size=tuple(maps.shape[2:]),
        concepts=tuple(segmenter.names),
        categories=tuple(segmenter.categories),
        threshold="quantile",
        iou=iou,
        thresholds=levels.numpy(),
        ci=np.stack([(iou - spread).clip(0), iou + spread], axis=-1),
        p_values=None,
        family_wise=None,
        q_values=None,
        labels=labels,
        states=tuple(states),
        top=Top(top.indices.T.numpy(), top.values.T.numpy()),
        images=images,
    )
    lab._land(found=found)
    return lab
