"""Finds out what is wrong with a reader's networks: how many parameters, which shapes, which range."""

from collections.abc import Callable, Iterator
from itertools import pairwise, takewhile
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules import activation, dropout

from gan_widgets.core.kept import kept
from gan_widgets.train.check_error import called, name_of, right, wrong

Given: TypeAlias = nn.Module | Callable[[], nn.Module]

_N = 5
_PIXELS = 28 * 28
_SHAPES = ((_N, _PIXELS), (_N, 1, 28, 28))


def check_parameters(given: Given, expected: int) -> None:
    """Raise `CheckError` unless there are `expected` parameters, with what would give the rest."""
    net = _network(given, "parameters")
    count = sum(parameter.numel() for parameter in net.parameters())
    if count == expected:
        right(f"{name_of(given)}: {count:,} parameters")
        return
    reasons = list(_reasons(net, expected - count))
    raise wrong(
        f"the network has {abs(expected - count):,} parameters too {'few' if count < expected else 'many'}.",
        got=f"{count:,} parameters: {_listed(net)}",
        allowed=f"{expected:,}",
        next=" Or: ".join(reasons) if reasons else "Compare each layer in the list with the description.",
    )


def check_generator(given: Given, noise_dim: int) -> None:
    """Raise `CheckError` unless noise becomes images in [-1, 1], `(n, 784)` or `(n, 1, 28, 28)`."""
    net = _network(given, "generator")
    noise = torch.rand(_N, noise_dim, generator=torch.Generator().manual_seed(0)) * 2 - 1
    images = _run(net, noise, f"generator(noise of shape {tuple(noise.shape)})")
    if tuple(images.shape) not in _SHAPES:
        raise wrong(
            "the images have the wrong shape.",
            got=f"{tuple(images.shape)} from noise {tuple(noise.shape)}",
            allowed=" or ".join(map(str, _SHAPES)),
            next="Let the last linear layer give 784 numbers per image.",
        )
    wide = _run(net, 1e3 * noise, "generator(large noise)")
    low, high = float(wide.min()), float(wide.max())
    if not (low >= -1 and high <= 1):
        raise wrong(
            "the images leave the range [−1, 1].",
            got=f"pixels from {low:.3g} to {high:.3g}",
            allowed="−1 (black) to 1 (white), as the real images have it",
            next="End the network with nn.Tanh().",
        )
    if low >= 0:
        raise wrong(
            "no pixel is below 0.",
            got=f"pixels from {low:.3g} to {high:.3g}",
            allowed="−1 (black) to 1 (white), as the real images have it",
            next="End the network with nn.Tanh(), not with nn.Sigmoid() or nn.ReLU().",
        )
    right(f"{name_of(given)}: noise ({_N}, {noise_dim}) to images {tuple(images.shape)} in [−1, 1]")


def check_discriminator(given: Given) -> None:
    """Raise `CheckError` unless images `(n, 784)` and `(n, 1, 28, 28)` become one logit each, `(n, 1)`."""
    net = _network(given, "discriminator")
    stream = torch.Generator().manual_seed(0)
    for shape in _SHAPES:
        images = torch.rand(shape, generator=stream) * 2 - 1
        logits = _run(net, images, f"discriminator(images of shape {shape})")
        if tuple(logits.shape) != (_N, 1):
            raise wrong(
                "it does not give one logit per image.",
                got=f"shape {tuple(logits.shape)} for {_N} images",
                allowed=f"({_N}, 1)",
                next="Let the last layer be nn.Linear(…, 1), with nothing after it.",
            )
    _check_range(torch.cat([_run(net, size * images, "discriminator(images)") for size in (-1e4, 1.0, 1e4)]))
    _check_end(net, images)
    _check_bends(net, images)
    right(f"{name_of(given)}: images of either shape to logits (n, 1)")


def _check_range(logits: Tensor) -> None:
    low, high = float(logits.min()), float(logits.max())
    if low == high:  # as it begins where the last weights are zeros
        return
    got = f"values from {low:.2g} to {high:.2g}, however large the input"
    allowed = "any real number: the loss does the rest itself"
    if low >= 0 and high <= 1:
        raise wrong(
            "it gives probabilities, not logits.",
            got=got,
            allowed=allowed,
            next="Take the nn.Sigmoid() at the end away.",
        )
    if low >= -1 and high <= 1:
        raise wrong(
            "its logits have an end.", got=got, allowed=allowed, next="Take the nn.Tanh() at the end away."
        )
    if low == 0 or high == 0:  # not by chance
        side = "below" if low == 0 else "above"
        raise wrong(
            f"no logit is {side} 0.",
            got=got,
            allowed=allowed,
            next="Let the last layer be nn.Linear(…, 1), with no nn.ReLU() or nn.LogSigmoid() after it.",
        )


def _check_end(net: nn.Module, images: Tensor) -> None:
    """Refuse an activation or a dropout after the last layer with weights, even one that ends nothing."""
    ran: list[nn.Module] = []
    leaves = [module for module in net.modules() if not any(True for _ in module.children())]
    hooks = [module.register_forward_hook(lambda module, *_: ran.append(module)) for module in leaves]
    try:
        _run(net, images, "discriminator(images)")
    finally:
        for hook in hooks:
            hook.remove()
    after = takewhile(lambda module: not any(True for _ in module.parameters()), reversed(ran))
    for module in after:
        if type(module).__module__ in (activation.__name__, dropout.__name__):
            raise wrong(
                "something comes after the last layer.",
                got=f"nn.{module}",
                allowed="logits as the last layer gives them",
                next=f"Take the nn.{type(module).__name__}() at the end away.",
            )


def _check_bends(net: nn.Module, images: Tensor) -> None:
    """Refuse f(x) + f(y) = f(x + y) + f(0): layers without anything between them are one layer."""
    one, other = images, images.flip(0)
    x, y, both, none = (
        _run(net, given, "discriminator(images)").double() for given in (one, other, one + other, 0 * one)
    )
    if float((x - none).abs().max()) == 0:
        return
    gap = (x + y - both - none).abs().max() / (x - none).abs().max()
    if float(gap) < 1e-4:
        raise wrong(
            "it is a linear function of the image.",
            got="the same as a single nn.Linear(784, 1) could give",
            allowed="a network that bends: nn.LeakyReLU(0.01) after every layer but the last",
            next="Put an activation between the layers.",
        )


def _network(given: object, what: str) -> nn.Module:
    """Give the network; a function without arguments is called to make it."""
    made = given
    if callable(given) and not isinstance(given, nn.Module):
        made = called(given, shown=f"{name_of(given)}()")
    if isinstance(made, nn.Module):
        return made
    raise wrong(
        "this is no network.",
        got="None: the function that makes it returns nothing" if made is None else type(made).__name__,
        allowed="an nn.Module",
        next=f"Pass the network, or the function that makes it, to gw.check.{what}.",
    )


def _run(net: nn.Module, tensor: Tensor, shown: str) -> Tensor:
    """Run the network in the mode it is in, without a gradient, and leave it as it was."""
    with torch.no_grad(), kept(net.modules()):
        given = called(net, tensor, shown=shown)
    if not isinstance(given, Tensor):
        raise wrong(
            "it does not give a tensor.",
            got=type(given).__name__,
            allowed="a tensor",
            next="Let forward end in `return …`.",
        )
    return given


def _listed(net: nn.Module) -> str:
    return ", ".join(
        f"{name or name_of(module)} {sum(p.numel() for p in module.parameters(recurse=False)):,}"
        for name, module in net.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    )


def _reasons(net: nn.Module, missing: int) -> Iterator[str]:
    """Say what would give `missing` more parameters: biases, or another width between two linear layers."""
    layers = [(name, each) for name, each in net.named_modules() if isinstance(each, nn.Linear)]
    bare = [each for _, each in layers if each.bias is None]
    if missing and missing == sum(each.out_features for each in bare):
        yield "Give the linear layers their biases (bias=True)."
    for (name, each), (_, following) in pairwise(layers):
        if following.in_features == each.out_features:
            per_unit = each.in_features + (each.bias is not None) + following.out_features
            width = each.out_features + missing / per_unit
            if missing % per_unit == 0 and width >= 1:
                yield f"Give layer {name} {width:.0f} outputs (it has {each.out_features})."
    if layers:
        name, first = layers[0]
        width = first.in_features + missing / first.out_features
        if missing % first.out_features == 0 and width >= 1:
            yield f"Give layer {name} {width:.0f} inputs (it has {first.in_features})."
