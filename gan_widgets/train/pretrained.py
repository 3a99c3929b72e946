"""Networks trained by this package's own commands, with a card each that says how.

The files in `weights` are what the commands on the cards wrote, moved there unchanged: first the classifier,
then the pair that it judges. On the same machine the same command writes the same bytes.

>>> G, D, latents = pretrained("dcgan-mnist")
>>> G(latents([0, 1])).shape, latents
(torch.Size([2, 1, 28, 28]), normal(64))
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from gan_widgets.core import store
from gan_widgets.core.errors import GanWidgetsError, StoreError, problem
from gan_widgets.core.latents import Latents
from gan_widgets.train.classifier import DigitClassifier
from gan_widgets.train.course_nets import fc_discriminator, fc_generator
from gan_widgets.train.nets import DCGANDiscriminator, DCGANGenerator

_WEIGHTS = Path(__file__).parent / "weights"
_JUDGE = "classifier-mnist"
_PAIRS: dict[str, Callable[[int], tuple[nn.Module, nn.Module]]] = {
    "dcgan": lambda noise: (DCGANGenerator(noise), DCGANDiscriminator()),
    "fc": lambda noise: (fc_generator(noise, seed=0), fc_discriminator(seed=0)),
}
_KINDS = {"dcgan": "generator and discriminator", "classifier": "digit classifier"}


class UnknownPretrainedError(GanWidgetsError, LookupError):
    """A name for which no trained networks are shipped."""


@dataclass(frozen=True, repr=False)
class Card:
    """How shipped networks came to be: data, command, seed, versions, quality; `facts` are JSON values."""

    name: str
    facts: dict[str, Any]

    def __repr__(self) -> str:
        return "\n".join([self.name, *_lines(self.facts, "  ")])


def names() -> list[str]:
    """Give the names that `pretrained` knows.

    >>> names()
    ['dcgan-mnist']
    """
    return [name for name in _all() if name.startswith("dcgan-")]


def pretrained(name: str) -> tuple[nn.Module, nn.Module, Latents]:
    """Load a generator and its discriminator, in eval mode on the CPU, with the latents of their training.

    "dcgan-mnist": `nets.DCGANGenerator` and `nets.DCGANDiscriminator`, digits of 28×28; `card(name)` says
    how they were trained. Raises `UnknownPretrainedError` for another name.
    """
    if name not in names():
        raise _unknown(name, names())
    return load_pair(_WEIGHTS / f"{name}.safetensors")


def card(name: str) -> Card:
    """Give the card of shipped networks; raises `UnknownPretrainedError` for a name that has none.

    >>> card("dcgan-mnist").facts["seed"]
    0
    """
    if name not in _all():
        raise _unknown(name, _all())
    return Card(name, json.loads((_WEIGHTS / f"{name}.json").read_text(encoding="utf-8")))


def digit_classifier() -> DigitClassifier:
    """Load the LeNet-size classifier that judges digits, in eval mode; its card is "classifier-mnist"."""
    stored = store.load(_WEIGHTS / f"{_JUDGE}.safetensors", kind=_KINDS["classifier"])
    net = DigitClassifier()
    net.load_state_dict(stored.tensors)
    return net.eval()


def load_pair(path: str | os.PathLike[str]) -> tuple[nn.Module, nn.Module, Latents]:
    """Load what `gan-widgets train gan | lsgan | dcgan` wrote: G, D (both in eval mode) and latents.

    Raises `StoreError` for a file that is damaged or holds something else.
    """
    stored = store.load(path, kind=_KINDS["dcgan"])
    latents = Latents.from_description(stored.metadata["latents"])
    networks = stored.metadata.get("networks", "dcgan")
    if networks not in _PAIRS:
        raise StoreError(
            problem(
                f"{os.fspath(path)} holds networks that this version cannot make.",
                got=repr(networks),
                allowed=", ".join(map(repr, _PAIRS)),
                next="Load it with a newer version of gan_widgets.",
            )
        )
    G, D = _PAIRS[networks](latents.shape[0])
    for prefix, net in (("G.", G), ("D.", D)):
        own = {k.removeprefix(prefix): v for k, v in stored.tensors.items() if k.startswith(prefix)}
        net.load_state_dict(own)
        net.eval()
    return G, D, latents


def save_pair(
    path: Path,
    G: nn.Module,
    D: nn.Module,
    latents: Latents,
    facts: dict[str, Any],
    *,
    networks: str = "dcgan",
) -> Card:
    """Write a pair for `load_pair`, and beside it its card, `<stem>.json`, with the sha256 of the weights.

    `networks` is "dcgan" or "fc": the compact convolutional pair, or the course's fully connected one.
    """
    tensors = {
        f"{part}.{name}": t for part, net in (("G", G), ("D", D)) for name, t in net.state_dict().items()
    }
    # not said of the first kind, whose shipped file is older than the others
    which = {} if networks == "dcgan" else {"networks": networks}
    store.save(path, tensors, kind=_KINDS["dcgan"], metadata={"latents": latents.describe(), **which})
    return _write_card(path, facts)


def save_classifier(path: Path, net: DigitClassifier, facts: dict[str, Any]) -> Card:
    """Write a digit classifier, and its card beside it as `<stem>.json` with the sha256 of the weights."""
    store.save(path, net.state_dict(), kind=_KINDS["classifier"], metadata={})
    return _write_card(path, facts)


def _write_card(path: Path, facts: dict[str, Any]) -> Card:
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    said = facts | {"files": files}
    path.with_suffix(".json").write_text(
        json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return Card(path.stem, said)


def _all() -> list[str]:
    return sorted(path.stem for path in _WEIGHTS.glob("*.json"))


def _lines(facts: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return lines


def _unknown(name: str, known: list[str]) -> UnknownPretrainedError:
    return UnknownPretrainedError(
        problem(
            "no networks of this name are shipped.",
            got=repr(name),
            allowed=", ".join(map(repr, known)),
            next=f"Pass {names()[0]!r}, or train your own pair with `gan-widgets train dcgan`.",
        )
    )
