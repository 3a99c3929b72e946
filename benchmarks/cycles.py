"""Attach, render, close, a thousand times: nothing may be left behind.

    python benchmarks/cycles.py [--cycles 1000]

Compared before and after, on the shipped generator: every byte of the state dict, the bits of one output,
the number of hooks, each module's `training` flag, the state of the three random generators, the number of
live widget models, and resident memory.
"""

import argparse
import gc
import random
from typing import Any

import numpy as np
import psutil
import torch
from ipywidgets.widgets import widget as live
from torch import nn

import gan_widgets as gw

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def fingerprint(model: nn.Module, z: torch.Tensor) -> dict[str, Any]:
    with torch.no_grad():
        output = model(z)
    return {
        "state dict": {name: value.numpy().tobytes() for name, value in model.state_dict().items()},
        "output bits": output.numpy().tobytes(),
        "hooks": sum(len(getattr(module, kind)) for module in model.modules() for kind in HOOKS),
        "training flags": [module.training for module in model.modules()],
        "torch random state": torch.get_rng_state().numpy().tobytes(),
        "numpy random state": str(np.random.get_state()),  # noqa: NPY002  (the global state is what must not move)
        "python random state": random.getstate(),
        "live widget models": len(live._instances),
    }


def cycle(model: nn.Module, latents: gw.Latents) -> None:
    with gw.attach(model, latents=latents, samples=4) as lab:
        gw.AblationSliders(lab)
        lab.preview([gw.Ablate(lab.layer, units=(0, 1))])


def resident() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=1000)
    cycles = parser.parse_args().cycles
    model, _, latents = gw.pretrained("dcgan-mnist")
    z = latents(range(4))
    for _ in range(50):
        cycle(model, latents)
    before, memory = fingerprint(model, z), resident()
    for _ in range(cycles):
        cycle(model, latents)
    after, grown = fingerprint(model, z), resident() - memory
    for name, value in before.items():
        print(f"{name:22}  {'identical' if value == after[name] else 'CHANGED'}")
    print(f"{'resident memory':22}  {grown:+.1f} MB over {cycles} cycles (bar: +5 MB)")
    if before != after or grown > 5:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
