"""Sources of concepts as values: they say what they are, and several make one.

>>> from gan_widgets.dissect.concepts import brightness, from_function
>>> both = brightness() + from_function(lambda images: images[:, :1] == 0, names=["middle"])
>>> both.names, both.categories
(('dark', 'bright', 'middle'), ('brightness', 'brightness', 'concept'))
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_widgets.core.custom import FINGERPRINT
from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.concepts.protocol import (
    Segmenter,
    checked,
    checked_names,
    described,
    description,
    image_level,
)


class Source(ABC):
    """A segmenter of this package: images `(n, ch, H, W)`, floating → bool masks `(n, concepts, H, W)`.

    Immutable. `names`, `categories` and `image_level` have one entry per concept. `description` is what a
    result remembers of it, as JSON values. `a + b` marks the concepts of both.
    """

    kind: str
    """What makes such a source: the name of its function in `gan_widgets.concepts`."""
    names: tuple[str, ...]
    """One text per concept."""
    categories: tuple[str, ...]
    """The kind of each concept."""

    @abstractmethod
    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark the concepts: bool `(n, concepts, H, W)` on the images' device."""

    @property
    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """All that its masks depend on, by name; `repr` shows it but for hashes."""

    @property
    def image_level(self) -> tuple[bool, ...]:
        """For each concept, whether it belongs to the whole image."""
        return (False,) * len(self.names)

    @property
    def description(self) -> dict[str, Any]:
        """Kind, names, categories and parameters, as JSON values."""
        names, categories = list(self.names), list(self.categories)
        parameters = {key: _json(value) for key, value in self.parameters.items()}
        return {"kind": self.kind, "names": names, "categories": categories, "parameters": parameters}

    def __add__(self, other: Segmenter) -> "Union":
        return union(self, other)

    def __repr__(self) -> str:
        hashes = ("weights", FINGERPRINT)
        said = {key: value for key, value in self.parameters.items() if key not in hashes}
        return f"{self.kind}({', '.join(f'{key}={value!r}' for key, value in said.items())})"


@dataclass(frozen=True, repr=False)
class Union(Source):
    """Several segmenters as one, made by `union` or `+`: their concepts in order."""

    names: tuple[str, ...]
    categories: tuple[str, ...]
    parts: tuple[Segmenter, ...]
    kind = "union"

    @property
    def image_level(self) -> tuple[bool, ...]:
        """For each concept, whether it belongs to the whole image."""
        return tuple(flag for part in self.parts for flag in image_level(part))

    @property
    def parameters(self) -> dict[str, Any]:
        """The descriptions of the parts."""
        return {"parts": [description(part) for part in self.parts]}

    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark the concepts of every part; raises `DissectionError` when their masks differ in size."""
        masks = [checked(part, images) for part in self.parts]
        sizes = {tuple(mask.shape[2:]) for mask in masks}
        if len(sizes) > 1:
            raise DissectionError(
                problem(
                    "the masks of joined segmenters differ in size.",
                    got=", ".join(f"{h}×{w}" for h, w in sorted(sizes)),
                    allowed="one size",
                    next="Resize the smaller ones in their segmenter, or dissect with each alone.",
                )
            )
        return torch.cat(masks, dim=1)

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.parts))


def union(*segmenters: Segmenter) -> Union:
    """Join segmenters into one that marks the concepts of all, in order; `a + b` does the same.

    Raises `DissectionError` when two concepts have one name, or a part is no segmenter.
    """
    parts = [
        part
        for segmenter in segmenters
        for part in (segmenter.parts if isinstance(segmenter, Union) else (segmenter,))
    ]
    said = [described(part) for part in parts]
    names = checked_names([name for own, _ in said for name in own])
    return Union(names, tuple(category for _, own in said for category in own), tuple(parts))


def _json(value: Any) -> Any:  # noqa: ANN401  (parameters are of any kind)
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    return value
