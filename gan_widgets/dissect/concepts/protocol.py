"""What a source of concepts is, and the check at its door.

>>> from gan_widgets.dissect.concepts import from_function
>>> right = from_function(lambda images: images[:, :1] > 0, names=["lit"])
>>> checked(right, torch.zeros(5, 1, 4, 6)).shape
torch.Size([5, 1, 4, 6])
>>> wrong = from_function(lambda images: images[:, :1], names=["lit"])
>>> checked(wrong, torch.zeros(5, 1, 4, 6))
Traceback (most recent call last):
gan_widgets.core.errors.DissectionError: the masks of from_function(f='<lambda>') are not bool.
  got: torch.float32 (5, 1, 4, 6)
  allowed: torch.bool (5, 1, H, W) on cpu
  next: Compare with a level, for instance masks > 0.5.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from gan_widgets.core.errors import DissectionError, problem


class Segmenter(Protocol):
    """Anything that marks concepts: images `(n, ch, H, W)`, floating → bool masks `(n, concepts, H', W')`.

    `names` and `categories` have one text per concept; names differ. Masks may overlap. The masks of an image
    must depend on that image alone, not on its batch. `image_level`, one bool per concept, is optional: True
    says that the concept belongs to the whole image, whose mask is then all True or all False.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """One text per concept."""
        ...

    @property
    def categories(self) -> tuple[str, ...]:
        """The kind of each concept."""
        ...

    def __call__(self, images: Tensor, /) -> Tensor:
        """Mark the concepts in these images."""
        ...


def checked(segmenter: Segmenter, images: Tensor) -> Tensor:
    """Segment images `(n, ch, H, W)` and return the masks, bool `(n, concepts, H', W')` on their device.

    No gradient is recorded. Raises `DissectionError` when the segmenter, the images or the masks are not what
    the protocol asks for; an error of the segmenter's own passes unchanged.
    """
    names = described(segmenter)[0]
    check_images(images)
    with torch.no_grad():
        masks: Any = segmenter(images)
    who, want = f"the masks of {segmenter!r}", (len(images), len(names))
    allowed = f"torch.bool ({want[0]}, {want[1]}, H, W) on {images.device}"
    if not isinstance(masks, Tensor):
        step = "Return a tensor, for instance torch.from_numpy(masks)."
        raise _wrong(f"{who} are no tensor.", type(masks).__name__, allowed, step)
    got = f"{masks.dtype} {tuple(masks.shape)}"
    if masks.dtype != torch.bool:
        raise _wrong(f"{who} are not bool.", got, allowed, "Compare with a level, for instance masks > 0.5.")
    if masks.ndim != 4 or 0 in masks.shape[2:]:
        raise _wrong(f"{who} have not four axes.", got, allowed, "Return one mask per image and concept.")
    if masks.shape[0] != want[0]:
        raise _wrong(f"{who} are of another number of images.", got, allowed, "Return one row per image.")
    if masks.shape[1] != want[1]:
        step = f"Return one mask for each of {', '.join(names[:5])}{', …' if want[1] > 5 else ''}."
        raise _wrong(f"{who} are of another number of concepts.", got, allowed, step)
    if masks.device != images.device:
        step = "Return masks.to(images.device)."
        raise _wrong(f"{who} are on another device.", f"{got} on {masks.device}", allowed, step)
    whole = [k for k, flag in enumerate(image_level(segmenter)) if flag]
    if whole and not (masks[:, whole] == masks[:, whole, :1, :1]).all():
        step = "Give these concepts one value per image, or image_level=False."
        said = f"{', '.join(names[k] for k in whole)}: parts of an image"
        raise _wrong(f"{who} of image-level concepts are not whole.", said, "all True or all False", step)
    return masks


def described(segmenter: Segmenter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and categories of a segmenter; raises `DissectionError` unless they are legal."""
    if not callable(segmenter) or not hasattr(segmenter, "names") or not hasattr(segmenter, "categories"):
        raise _wrong(
            "this is no segmenter.",
            repr(segmenter)[:200],
            "a callable with names and categories",
            "Wrap a function: gw.concepts.from_function(f, names=[...]).",
        )
    names = checked_names(segmenter.names)
    return names, spread(segmenter.categories, names)


def image_level(segmenter: Segmenter) -> tuple[bool, ...]:
    """Return, for each concept, whether it belongs to whole images; False where nothing is said.

    Raises `DissectionError` unless there is one bool per concept.
    """
    names = described(segmenter)[0]
    flags = getattr(segmenter, "image_level", None)
    if flags is None:
        return (False,) * len(names)
    given = isinstance(flags, Sequence) and len(flags) == len(names)
    if not given or not all(isinstance(flag, bool) for flag in flags):
        raise _wrong(
            "image_level needs one bool per concept.",
            repr(flags),
            f"{len(names)} bools",
            "Leave it out, or say for each name whether it belongs to the whole image.",
        )
    return tuple(flags)


def description(segmenter: Segmenter) -> dict[str, Any]:
    """Return what a result remembers of a segmenter, as JSON values: kind, names, categories, parameters.

    Sources of this package say it themselves; of others the class, names and categories are told.
    """
    said = getattr(segmenter, "description", None)
    if isinstance(said, dict):
        return said
    names, categories = described(segmenter)
    kind = getattr(segmenter, "__qualname__", type(segmenter).__qualname__)
    return {"kind": kind, "names": list(names), "categories": list(categories), "parameters": {}}


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of concepts as a tuple; raises `DissectionError` unless they are unique texts.

    >>> checked_names(["ink", "hole"])
    ('ink', 'hole')
    """
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        wrong, got = "concepts need a sequence of names.", repr(names)
    elif not all(isinstance(name, str) and name.strip() for name in names):
        wrong, got = "the name of a concept is a text.", repr(next(n for n in names if not _text(n)))
    elif len(set(names)) < len(names):
        wrong, got = "two concepts have one name.", repr(next(n for n in names if list(names).count(n) > 1))
    else:
        return tuple(names)
    raise _wrong(wrong, got[:200], "texts that differ", "Pass for instance names=['ink', 'hole'].")


def spread(categories: str | Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return one category per name: those given, or the one text given for all.

    >>> spread("part", ["top", "left"])
    ('part', 'part')
    """
    if isinstance(categories, str):
        categories = (categories,) * len(names)
    legal = isinstance(categories, Sequence) and all(map(_text, categories))
    if not legal or len(categories) != len(names):
        raise _wrong(
            "every concept needs one category.",
            repr(categories)[:200],
            f"one text, or {len(names)} texts",
            "Pass for instance categories='part'.",
        )
    return tuple(categories)


def check_images(images: Tensor) -> None:
    """Raise `DissectionError` unless these are images `(n, ch, H, W)` in a floating dtype."""
    legal = isinstance(images, Tensor) and images.ndim == 4 and images.is_floating_point()
    if not legal or 0 in images.shape:
        got = f"{images.dtype} {tuple(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        step = "Pass what the generator gives; bytes become floats by images.float() / 127.5 - 1."
        raise _wrong("these are no images.", got, "floating (n, ch, H, W)", step)


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _wrong(what: str, got: str, allowed: str, step: str) -> DissectionError:
    return DissectionError(problem(what, got=got, allowed=allowed, next=step))
