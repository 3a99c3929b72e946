"""Models that are hard to cut, and the slow way to run what follows a layer."""

import random
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_widgets.core.latents import as_latents, normal, uniform
from gan_widgets.core.live import call

Z = normal(6)


def chain():
    return nn.Sequential(
        nn.Unflatten(1, (6, 1, 1)),
        nn.ConvTranspose2d(6, 8, (3, 4)),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Sequential(nn.ConvTranspose2d(8, 5, 4, 2, 1), nn.ReLU(True)),
        nn.Conv2d(5, 2, 3, padding=1),
        nn.Tanh(),
    )


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = chain()

    def forward(self, z):
        return self.net(z)


class Viewed(Wrapped):
    def forward(self, z):
        return self.net(z).flatten(1)


class Course(nn.Module):
    """Fully connected, with operations outside of modules and values as plain as they come."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 10), nn.Linear(10, 10), nn.Linear(10, 12)

    def forward(self, z):
        h = F.relu(self.a(z), inplace=True)
        for _ in range(3):
            h = h + self.b(h)
        return torch.tanh(self.c(h))


class Skips(nn.Module):
    """A skip across every layer, and the layer's own tensor used again after an in-place write."""

    def __init__(self):
        super().__init__()
        self.first, self.mid = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.bn, self.act, self.last = nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(8, 3, 1)

    def forward(self, z):
        a = self.first(z.view(-1, 1, 2, 3))
        b = self.act(self.bn(self.mid(a))) * 2
        b += a.mean(1, keepdim=True)
        return self.last(torch.cat([a, b], 1))


class Repeats(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.act, self.out = nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 4)

    def forward(self, z):
        h = self.act(self.block(z))
        h = self.act(self.block(h) + z)
        return self.out(self.act(self.block(h)))


class Pairs(nn.Module):
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(6, 5), nn.Linear(6, 5)

        def forward(self, z):
            return self.one(z), {"gate": self.two(z), "n": 2}

    def __init__(self):
        super().__init__()
        self.both, self.out = self.Both(), nn.Linear(5, 4)

    def forward(self, z):
        h, more = self.both(z)
        return self.out(h) * torch.sigmoid(more["gate"][:, :4]) * more["n"]


@dataclass(frozen=True)
class Sheet:
    images: torch.Tensor
    logits: tuple
    note: str


class Conditional(nn.Module):
    """Label and style go in at the top and are used again after every layer."""

    def __init__(self):
        super().__init__()
        self.embed, self.mid, self.style, self.out = (
            nn.Embedding(10, 6),
            nn.Linear(6, 8),
            nn.Linear(6, 8),
            nn.Linear(8, 9),
        )

    def forward(self, z, label, *, strength=None):
        w = z * self.embed(label)
        h = self.mid(w)
        h = F.leaky_relu(h, 0.2) * (1 + self.style(w)) + self.style(self.embed(label))
        out = torch.tanh(self.out(h)).view(-1, 1, 3, 3)
        return Sheet(out, (h.mean(1, keepdim=True), label), "ok")


class Sampler:
    def sample(self, n, seeds):
        return {"z": Z(seeds), "label": torch.tensor([s % 10 for s in seeds])}


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 7))
        self.b = nn.utils.spectral_norm(nn.Linear(7, 5))

    def forward(self, z):
        return self.b(F.relu(self.a(z))) + 1


class Noisy(nn.Module):
    def __init__(self, source="torch", strength=0.3):
        super().__init__()
        self.a, self.b, self.source = nn.Linear(6, 5), nn.Linear(5, 4), source
        self.strength = nn.Parameter(torch.tensor(strength))
        self.calls, self.heard = 0, []

    def forward(self, z):
        h = self.a(z)
        if self.source == "torch":
            noise = torch.randn_like(h)
        elif self.source == "numpy":
            noise = torch.from_numpy(np.random.standard_normal(h.shape).astype(np.float32))  # noqa: NPY002
        elif self.source == "python":
            noise = random.random()
        elif self.source == "calls":
            self.calls += 1
            noise = float(self.calls)
        else:
            self.heard.append(z)
            noise = float(len(self.heard))
        return self.b(h + self.strength * noise)


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 5), nn.Linear(5, 4)

    def forward(self, z):
        h = self.a(z)
        return self.b(h) if h.sum() > 0 else self.b(-h)


class Gated(nn.Module):
    """A branch that counts for nothing until it is trained."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
        self.side, self.gamma = nn.Linear(6, 4), nn.Parameter(torch.zeros(()))

    def forward(self, z):
        return self.net(z) + self.gamma * self.side(z)


# model, its latents, a layer, how it must be cut
ZOO = {
    "chain": (chain, Z, "3", "sequential"),
    "chain before an in-place layer": (chain, Z, "2", "sequential"),
    "nested chain": (chain, Z, "4.0", "sequential"),
    "inner container": (chain, Z, "4", "sequential"),
    "last layer": (chain, Z, "6", "sequential"),
    "wrapped": (Wrapped, Z, "net.1", "sequential"),
    "wrapped container": (Wrapped, Z, "net.4", "sequential"),
    "wrapped, last": (Wrapped, Z, "net", "sequential"),
    "viewed": (Viewed, Z, "net.4.0", "traced"),
    "course first": (Course, Z, "a", "traced"),
    "course loop": (Course, Z, "b#1", "traced"),
    "course last": (Course, Z, "c", "traced"),
    "skips": (Skips, Z, "mid", "traced"),
    "skips, both ways": (Skips, Z, "first", "traced"),
    "skips before in-place": (Skips, Z, "bn", "traced"),
    "repeats first": (Repeats, Z, "block#0", "traced"),
    "repeats last": (Repeats, Z, "act#2", "traced"),
    "pairs": (Pairs, Z, "both", "traced"),
    "pairs inside": (Pairs, Z, "both.two", "traced"),
    "conditional": (Conditional, as_latents(Sampler()), "mid", "traced"),
    "conditional style": (Conditional, as_latents(Sampler()), "style#1", "traced"),
    "spectral": (Spectral, uniform(6), "a", "traced"),
    "gated": (Gated, Z, "net.0", "traced"),
    "branching": (Branching, Z, "a", "full"),
}


def reference(model, layer, inputs, h):
    """The slow, plain way: put h in with a hook of this test's own."""
    from gan_widgets.core.names import resolve
    from gan_widgets.core.outputs import replace

    (target,) = resolve(model, [layer])
    calls = []

    def put(_module, _inputs, output):
        calls.append(1)
        return replace(output, h.clone()) if len(calls) - 1 == (target.call or 0) else None

    handle = target.module.register_forward_hook(put)
    with torch.no_grad():
        output = call(model, inputs)
    handle.remove()
    return output


def tensors_of(output):
    if isinstance(output, Sheet):
        return [output.images, *output.logits]
    return [output]


def same(one, other):
    assert type(one) is type(other)
    return all(torch.equal(a, b) for a, b in zip(tensors_of(one), tensors_of(other), strict=True))
