"""Concepts by a function of your own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gan_widgets.core.custom import FINGERPRINT
from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.dissect.concepts.fingerprint import fingerprint
from gan_widgets.dissect.concepts.protocol import checked_names, spread
from gan_widgets.dissect.concepts.protocol import image_level as checked_flags
from gan_widgets.dissect.concepts.source import Source


@dataclass(frozen=True, repr=False)
class Function(Source):
    """The segmenter that `from_function` makes."""

    f: Callable[[Tensor], Tensor]
    names: tuple[str, ...]
    categories: tuple[str, ...]
    whole: tuple[bool, ...]

    kind = "from_function"

    @property
    def parameters(self) -> dict[str, Any]:
        """The name of the function, and what tells it from others of that name."""
        name = getattr(self.f, "__name__", type(self.f).__name__)
        return {"f": name, FINGERPRINT: fingerprint(self.f)}

    @property
    def image_level(self) -> tuple[bool, ...]:
        """For each concept, whether it belongs to the whole image."""
        return self.whole

    def __call__(self, images: Tensor, /) -> Tensor:
        """Give what the function gives."""
        return self.f(images)


def from_function(
    f: Callable[[Tensor], Tensor],
    names: Sequence[str],
    categories: str | Sequence[str] = "concept",
    *,
    image_level: bool | Sequence[bool] = False,
) -> Function:
    """Make a segmenter of `f`: images `(n, ch, H, W)`, floating → bool masks `(n, len(names), H', W')`.

    `f` must mark each image by itself, whatever else is in the batch. `categories` and `image_level` are one
    value for all concepts or one per name. Raises `DissectionError`.

    >>> import torch
    >>> lit = from_function(lambda images: images.mean(1, keepdim=True) > 0, ["lit"], "brightness")
    >>> lit, lit(torch.ones(5, 3, 4, 6)).shape
    (from_function(f='<lambda>'), torch.Size([5, 1, 4, 6]))
    """
    if not callable(f):
        raise DissectionError(
            problem(
                "f marks the concepts in images.",
                got=repr(f)[:200],
                allowed="a function of images (n, ch, H, W)",
                next="Pass for instance lambda images: images > 0.",
            )
        )
    known = checked_names(names)
    flags = tuple(image_level) if isinstance(image_level, Sequence) else (image_level,) * len(known)
    made = Function(f, known, spread(categories, known), flags)
    checked_flags(made)
    return made
