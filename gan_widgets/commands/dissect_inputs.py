"""What the options of `gan-widgets dissect` name: a generator with its latents and weights, and concepts."""

import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from torch import nn

from gan_widgets.core import store
from gan_widgets.core.errors import GanWidgetsError, StoreError, problem
from gan_widgets.core.latents import normal, uniform
from gan_widgets.core.words import said
from gan_widgets.dissect import concepts
from gan_widgets.dissect.concepts import Segmenter
from gan_widgets.dissect.run import Prior
from gan_widgets.train import pretrained

_PRIORS = {"normal": normal, "uniform": uniform}
_CONCEPTS: dict[str, Callable[[], Segmenter]] = {
    "strokes": concepts.strokes,
    "digit_classes": concepts.digit_classes,
    "brightness": concepts.brightness,
    "edges": concepts.edges,
}


def generator(model: str, weights: Path | None, prior: str | None) -> tuple[nn.Module, Prior]:
    """Make the generator that `--model` names, load `--weights` into it, and give it with its latents.

    Raises `GanWidgetsError` for a model or a prior that cannot be made, `StoreError` for weights that do not
    fit or are no safetensors file.
    """
    if model in pretrained.names():
        made: Any = pretrained.pretrained(model)
    else:
        made = _made("--model", model, lambda found: isinstance(found, nn.Module))
    parts = made if isinstance(made, Sequence) else (made,)
    if not parts or not isinstance(parts[0], nn.Module):
        raise GanWidgetsError(
            problem(
                f"--model {model} gives no generator.",
                got=repr(made)[:200],
                allowed="an nn.Module, or a tuple that begins with one and ends with its latents",
                next="Return the generator from the factory.",
            )
        )
    if weights is not None:
        _load(parts[0], weights)
    if prior is not None:
        return parts[0], _prior(prior)
    if isinstance(parts[-1], nn.Module):
        raise GanWidgetsError(
            problem(
                "the prior of the latents is not known.",
                got=f"no --prior, and no latents from {model}",
                allowed="normal:64, uniform:96 or normal:64x1x1: the prior of the training, and its size",
                next="Pass --prior, or return (generator, latents) from the factory.",
            )
        )
    return parts[0], parts[-1]


def segmenter(words: str) -> Segmenter:
    """Make the segmenter that `--concepts` names, several joined by `+`; raises `GanWidgetsError`.

    >>> segmenter("brightness+colors:2").names
    ('dark', 'bright', 'white', 'black')
    """
    parts = [_concepts(word) for word in words.split("+")]
    return parts[0] if len(parts) == 1 else concepts.union(*parts)


def _concepts(word: str) -> Segmenter:
    if word in _CONCEPTS:
        return _CONCEPTS[word]()
    if re.fullmatch(r"colors:\d+", word):
        return concepts.colors(int(word.partition(":")[2]))
    if ":" not in word:
        raise GanWidgetsError(
            problem(
                "there are no concepts of this name.",
                got=repr(word),
                allowed=f"{', '.join(_CONCEPTS)}, colors:8 or module:attr",
                next="Pass one of them with --concepts, or several joined by +.",
            )
        )
    made: Segmenter = _made(
        "--concepts", word, lambda found: hasattr(found, "names") and not isinstance(found, type)
    )
    return made


def _prior(text: str) -> Prior:
    name, _, size = text.partition(":")
    if name not in _PRIORS or not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", size):
        raise GanWidgetsError(
            problem(
                "this prior cannot be read.",
                got=f"--prior {text}",
                allowed="normal:64, uniform:96 or normal:64x1x1",
                next="Pass the prior of the training, and the size of one latent.",
            )
        )
    return _PRIORS[name]([int(part) for part in size.split("x")])


def _made(option: str, text: str, is_made: Callable[[Any], bool]) -> Any:  # noqa: ANN401
    """Import `module:attr`, this folder first, and call it unless it is already what is wanted."""
    module, _, name = text.partition(":")
    here = os.getcwd()  # noqa: PTH109  (what the path of imports has are texts)
    if here not in sys.path:
        sys.path.insert(0, here)
    tell = partial(_unmade, option, text)
    try:
        found = attrgetter(name)(importlib.import_module(module))
    except Exception as error:  # the module is the user's: its import may raise anything
        raise tell("cannot be imported", error) from error
    if is_made(found):
        return found
    try:
        return found()
    except GanWidgetsError:
        raise
    except Exception as error:
        raise tell("fails when it is called", error) from error


def _unmade(option: str, text: str, what: str, error: Exception) -> GanWidgetsError:
    return GanWidgetsError(
        problem(
            f"{option} {text} {what}.",
            got=said(error),
            allowed="module:attr, a function without arguments in a module that can be imported from here",
            next="Write for instance nets:generator for `def generator()` in nets.py of this folder.",
        )
    )


def _load(model: nn.Module, path: Path) -> None:
    """Load weights of safetensors; those of a pair of `gan-widgets train dcgan` are found under `G.`."""
    import safetensors

    try:
        with safetensors.safe_open(path, "pt"):
            pass
    except (safetensors.SafetensorError, OSError) as error:
        raise StoreError(
            problem(
                f"{path} is no safetensors file.",
                got=said(error),
                allowed="weights as safetensors; pickled files are never opened",
                next="Save them with safetensors.torch.save_file(model.state_dict(), path).",
            )
        ) from error
    tensors, own = store.load_weights(path), model.state_dict()
    if not own.keys() & tensors.keys():
        tensors = {name.removeprefix("G."): t for name, t in tensors.items() if name.startswith("G.")}
    wrong = [f"{name} is missing" for name in own if name not in tensors]
    wrong += [f"{name} is not the model's" for name in tensors if name not in own]
    wrong += [
        f"{name} is {tuple(tensors[name].shape)} and not {tuple(tensor.shape)}"
        for name, tensor in own.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if wrong:
        raise StoreError(
            problem(
                f"the weights in {path} are not of this model.",
                got="; ".join(wrong[:5]) + ("; …" if len(wrong) > 5 else ""),
                allowed="a tensor of the same name and shape for each of the model's",
                next="Pass the weights of this model, or the --model of these weights.",
            )
        )
    model.load_state_dict(tensors)
