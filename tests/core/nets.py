"""Tiny generators for tests: one whose numbers are worked out by hand, and one for each kind of module."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gan_widgets.core.latents import from_function, normal


def by_hand() -> nn.Sequential:
    """z (n, 2) -> '0' (n, 3) -> '1' ReLU -> '2' (n, 2).

    z = [1, 2]: '0' = [1, 2, -4], '1' = [1, 2, 0], '2' = [1 + 10·2, 100·0] = [21, 0].
    """
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
        model[0].bias.copy_(torch.tensor([0.0, 0.0, -1.0]))
        model[2].weight.copy_(torch.tensor([[1.0, 10.0, 0.0], [0.0, 0.0, 100.0]]))
    return model


def body(inplace: bool = False) -> list[nn.Module]:
    """Layers from z (n, 3) to images (n, 2, 5, 7), by way of 6 units on a grid of 4 × 6."""
    return [
        nn.Unflatten(1, (3, 1, 1)),
        nn.ConvTranspose2d(3, 6, (4, 6)),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=inplace),
        nn.ConvTranspose2d(6, 2, 2),
    ]


class Pair(NamedTuple):
    note: str
    maps: Tensor


class OddTuple(tuple):  # noqa: SLOT001
    """A tuple whose own signature is not that of a tuple."""

    def __new__(cls, *items):
        return super().__new__(cls, items)


@dataclass
class Output:
    maps: Tensor
    note: str = "kept"


@dataclass(frozen=True)
class Frozen:
    maps: Tensor
    note: str = "kept"


class Wrap(nn.Module):
    """Give what `f` makes of the input."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


class Structured(nn.Module):
    """The layer `make` wraps its maps; the rest of the model takes them out again."""

    def __init__(self, wrap, take):
        super().__init__()
        self.first = nn.Sequential(*body()[:3])
        self.make = Wrap(wrap)
        self.take = take
        self.last = body()[4]
        self.seen = []

    def forward(self, z):
        output = self.make(self.first(z))
        self.seen.append(output)
        return self.last(self.take(output))


class Repeated(nn.Module):
    """One activation is called twice, on 6 units at (4, 6) and on 2 units at (5, 7)."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.act, self.last = (
            nn.Sequential(*body()[:2]),
            body()[2],
            nn.ReLU(),
            body()[4],
        )

    def forward(self, z):
        return self.act(self.last(self.act(self.norm(self.first(z)))) + 0.5)


class Conditional(nn.Module):
    """Needs a label beside z."""

    def __init__(self):
        super().__init__()
        self.label = nn.Embedding(10, 3)
        self.net = nn.Sequential(*body())

    def forward(self, z, label):
        return self.net(z * self.label(label))


class Skip(nn.Module):
    """What is before the layer reaches the output past it too; `unused` never runs."""

    def __init__(self):
        super().__init__()
        self.head = nn.Sequential(*body()[:2])
        self.norm, self.act, self.last = body()[2], nn.ReLU(inplace=True), body()[4]
        self.unused = nn.Conv2d(6, 6, 1)

    def forward(self, z):
        h = self.head(z)
        return self.last(h + self.act(self.norm(h)))


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.last = nn.Sequential(*body()[:4]), body()[4]

    def forward(self, z):
        return self.last(checkpoint(self.net, z, use_reentrant=False))


class Noisy(nn.Module):
    """Draws noise and counts its calls in a buffer, whatever its mode."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(*body()[:4], nn.Dropout(0.5), body()[4])
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, z):
        self.calls += 1
        return self.net(z + 0.1 * torch.randn_like(z))


def spectral(new: bool) -> nn.Module:
    norm = nn.utils.parametrizations.spectral_norm if new else nn.utils.spectral_norm
    layers = body()
    layers[1], layers[4] = norm(layers[1]), norm(layers[4])
    return nn.Sequential(*layers)


def compiled(how: str) -> nn.Module:
    # or the models of other tests use up how often one forward may be compiled anew
    torch._dynamo.reset()
    model = nn.Sequential(OrderedDict(front=nn.Sequential(*body()[:3]), act=nn.ReLU(), last=body()[4]))
    if how == "wrapped":
        return torch.compile(model, backend="eager")
    if how == "in place":
        model.compile(backend="eager")
    elif how == "child":
        model.front = torch.compile(model.front, backend="eager")
    elif how == "child in place":
        model.front.compile(backend="eager")
    else:
        model.forward = torch.compile(model.forward, backend="eager")
    return model


def labelled(seed: int):
    return normal(3)([seed])[0], torch.tensor(seed % 10)


def named_labelled(seed: int):
    z, label = labelled(seed)
    return {"label": label, "z": z}


def one_dimensional() -> nn.Module:
    return nn.Sequential(nn.Unflatten(1, (3, 1)), nn.ConvTranspose1d(3, 6, 8), nn.ReLU(), nn.Conv1d(6, 1, 3))


def three_dimensional() -> nn.Module:
    return nn.Sequential(nn.Unflatten(1, (3, 1, 1, 1)), nn.ConvTranspose3d(3, 6, (2, 3, 4)), nn.ReLU())


def fully_connected() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 6), nn.ReLU(inplace=True), nn.Linear(6, 784), nn.Tanh())


Z = normal(3)
KINDS = {
    # kind: (make the model, its latents, a layer in its middle)
    "maps": (lambda: nn.Sequential(*body()), Z, "2"),
    "in-place activation": (lambda: nn.Sequential(*body(inplace=True)), Z, "2"),
    "edited in-place activation": (lambda: nn.Sequential(*body(inplace=True)), Z, "3"),
    "fully connected": (fully_connected, Z, "0"),
    "one dimension": (one_dimensional, Z, "1"),
    "three dimensions": (three_dimensional, Z, "1"),
    "tuple": (lambda: Structured(lambda h: ("note", h, 3), lambda o: o[1]), Z, "make"),
    "odd tuple": (lambda: Structured(lambda h: OddTuple("note", h), lambda o: o[1]), Z, "make"),
    "named tuple": (lambda: Structured(lambda h: Pair("note", h), lambda o: o.maps), Z, "make"),
    "list": (lambda: Structured(lambda h: [h, h.sum()], lambda o: o[0]), Z, "make"),
    "dict": (lambda: Structured(lambda h: {"note": 1, "maps": h}, lambda o: o["maps"]), Z, "make"),
    "ordered dict": (lambda: Structured(lambda h: OrderedDict(maps=h), lambda o: o["maps"]), Z, "make"),
    "dataclass": (lambda: Structured(Output, lambda o: o.maps), Z, "make"),
    "frozen dataclass": (lambda: Structured(Frozen, lambda o: o.maps), Z, "make"),
    "nested": (lambda: Structured(lambda h: {"a": [(h,)]}, lambda o: o["a"][0][0]), Z, "make"),
    "torch struct": (lambda: Structured(lambda h: h[..., None].max(-1), lambda o: o.values), Z, "make"),
    "first call": (Repeated, Z, "act#0"),
    "second call": (Repeated, Z, "act#1"),
    "conditional": (Conditional, from_function(labelled), "net.2"),
    "named inputs": (Conditional, from_function(named_labelled), "net.2"),
    "float16": (lambda: nn.Sequential(*body()).half(), Z.to(dtype=torch.float16), "2"),
    "bfloat16": (lambda: nn.Sequential(*body()).bfloat16(), Z.to(dtype=torch.bfloat16), "2"),
    "float64": (lambda: nn.Sequential(*body()).double(), Z.to(dtype=torch.float64), "2"),
    "spectral norm": (lambda: spectral(new=True), Z, "1"),
    "older spectral norm": (lambda: spectral(new=False), Z, "1"),
    "skip and unused branch": (Skip, Z, "norm"),
    "checkpointed": (Checkpointed, Z, "net.2"),
    "compiled": (lambda: compiled("wrapped"), Z, "front.2"),
    "compiled in place": (lambda: compiled("in place"), Z, "front.2"),
    "compiled child": (lambda: compiled("child"), Z, "front.2"),
    "compiled child itself": (lambda: compiled("child"), Z, "front"),
    "compiled child in place": (lambda: compiled("child in place"), Z, "front.2"),
    "compiled forward": (lambda: compiled("forward"), Z, "front.2"),
    "DataParallel": (lambda: nn.DataParallel(nn.Sequential(*body())), Z, "2"),
}


def make(kind: str):
    """A model of this kind, the same each time, its latents and the name of a layer in its middle."""
    build, latents, layer = KINDS[kind]
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = build()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2.0)
    return model.eval(), latents, layer
