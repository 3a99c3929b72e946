"""What a layer's name means: a submodule, and with `name#k` one of its calls.

>>> from torch import nn
>>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
>>> resolve(model, ["1", "0#2"])
[Target(name='1', module=ReLU(), call=None), Target(name='0#2', module=Linear(...), call=2)]
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from gan_widgets.core.errors import UnknownLayerError, problem
from gan_widgets.core.live import scripted


@dataclass(frozen=True)
class Target:
    """A module of a model and which of its calls in one forward is meant; None: it is called once."""

    name: str
    module: nn.Module
    call: int | None


def named(model: nn.Module) -> dict[str, nn.Module]:
    """Return every submodule by dotted name, other names of one module included, parents before children.

    Wrappers that `torch.compile` puts around a submodule are looked through, so names do not depend on
    whether a part is compiled. Left out are the insides of parametrizations (spectral norm), which are no
    layers, and parts made by TorchScript, which take no hooks.

    >>> list(named(nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())))
    ['0', '0.0', '1']
    """
    return dict(_walk(model, "", (model,)))


def _walk(module: nn.Module, prefix: str, above: tuple[nn.Module, ...]) -> Iterator[tuple[str, nn.Module]]:
    for name, child in module._modules.items():
        if child is None or (name == "parametrizations" and parametrize.is_parametrized(module)):
            continue
        while "_orig_mod" in child._modules:
            child = cast(nn.Module, child._modules["_orig_mod"])  # noqa: PLW2901
        if child not in above and not isinstance(child, torch.jit.ScriptModule):
            yield prefix + name, child
            yield from _walk(child, f"{prefix}{name}.", (*above, child))


def resolve(model: nn.Module, names: Iterable[str]) -> list[Target]:
    """Find what each name means, or raise `UnknownLayerError` with the nearest names.

    A name is taken as `name#k` only when no module has it as its own name.
    """
    known = named(model)
    return [_resolve(model, known, name) for name in names]


def _resolve(model: nn.Module, known: dict[str, nn.Module], name: str) -> Target:
    if name in known:
        return Target(name, known[name], None)
    if isinstance(name, str):
        base, _, k = name.rpartition("#")
        if base in known and k.isascii() and k.isdecimal():
            return Target(name, known[base], int(k))
    for module_name, module in model.named_modules():
        if module_name == name and isinstance(module, torch.jit.ScriptModule):
            raise scripted(module)
    raise unknown(name, known)


def nearest(name: object, names: Iterable[str]) -> str:
    """Return up to five of `names` closest to `name`, or the first five when nothing is close, as text.

    >>> nearest("net.06", ["net.6", "net.16", "head"])
    "'net.6', 'net.16'"
    """
    names = list(names)
    close = difflib.get_close_matches(str(name), names, n=5) or names[:5]
    return ", ".join(map(repr, close)) or "none"


def unknown(name: object, names: Iterable[str]) -> UnknownLayerError:
    """Make the error for a name that no layer has."""
    names = list(names)
    return UnknownLayerError(
        problem(
            "The model has no such layer.",
            got=repr(name),
            allowed=f"one of its {len(names)} layers; the nearest: {nearest(name, names)}",
            next="gw.layers(model, latents) lists them.",
        )
    )


def ambiguous(name: str, calls: int) -> UnknownLayerError:
    """Make the error for the bare name of a module that one forward calls more than once."""
    return UnknownLayerError(
        problem(
            f"Layer {name!r} runs {calls} times in one forward: its name alone does not say which.",
            got=repr(name),
            allowed=", ".join(repr(f"{name}#{k}") for k in range(calls)),
            next=f"Name the call: {name + '#0'!r} is the first.",
        )
    )
