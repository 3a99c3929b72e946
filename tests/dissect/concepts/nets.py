"""Networks that answer as torchvision's and transformers' do, with random weights."""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Output:
    """What a transformers model returns, without the package."""

    logits: torch.Tensor
    hidden_states: None = None


class Segmenting(nn.Module):
    """Images (n, ch, H, W) → logits (n, 3, H/2, W/2), wrapped as `form` says."""

    def __init__(self, form: str = "tensor", channels: int = 1) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(5)
            self.net = nn.Sequential(
                nn.Conv2d(channels, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.Dropout(0.5), nn.Conv2d(6, 3, 1)
            )
        self.form = form
        self.seen: list[tuple[torch.Tensor, bool, bool]] = []

    def forward(self, images):
        self.seen.append((images, self.training, torch.is_grad_enabled()))
        logits = self.net(images)
        return {
            "tensor": logits,
            "torchvision": OrderedDict(out=logits, aux=logits * 0),
            "transformers": Output(logits),
            "dict": {"loss": None, "logits": logits},
            "tuple": (logits, logits * 0),
            "text": "no logits",
            "other": {"masks": logits},
        }[self.form]


class Giving(nn.Module):
    """A module without weights that gives these logits whatever it sees."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits
        self.seen: list[torch.Tensor] = []

    def forward(self, images):
        self.seen.append(images)  # an attribute set anew would be put back
        return self.logits
