"""Real images to train on: MNIST from its own files, and scikit-learn's small digits, which are always there.

>>> data = load("digits")
>>> data
Images 'digits': 1,797 images of 8×8, labels 0–9, from scikit-learn's load_digits
>>> data.scaled()[:2].shape, float(data.scaled().min()), float(data.scaled().max())
(torch.Size([2, 1, 8, 8]), -1.0, 1.0)
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gan_widgets.core.errors import DataError, problem
from gan_widgets.core.numbers import is_whole
from gan_widgets.train import idx

_PARTS = ("train", "t10k")
_MNIST_TRAINING = 60_000
_ORDER = 0  # keeps this stream apart from others that are made from the same seed


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """A named set of images, all in memory.

    `images` is uint8 `(n, ch, h, w)`, `labels` int64 `(n,)`; `source` says in words where they come from.
    Raises `DataError` for others, and for none.
    """

    name: str
    images: Tensor
    labels: Tensor
    source: str

    def __post_init__(self) -> None:
        form = [self.images.dtype, self.images.ndim, self.labels.dtype, self.labels.ndim]
        whole = form == [torch.uint8, 4, torch.int64, 1] and self.images.numel()
        if not whole or len(self.images) != len(self.labels):
            said = [f"{tuple(t.shape)} of {t.dtype}" for t in (self.images, self.labels)]
            raise DataError(
                problem(
                    "these are no images with their labels.",
                    got=f"images {said[0]}, labels {said[1]}",
                    allowed="one image or more, (n, ch, h, w) of torch.uint8, and n labels of torch.int64",
                    next="Turn [0, 1] into bytes: (255 * x).round().to(torch.uint8); (n, h, w): x[:, None].",
                )
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        h, w = self.images.shape[2:]
        low, high = int(self.labels.min()), int(self.labels.max())
        return (
            f"Images {self.name!r}: {len(self):,} images of {h}×{w}, labels {low}–{high}, from {self.source}"
        )

    def scaled(self, index: Tensor | None = None, device: torch.device | None = None) -> Tensor:
        """Give the images (or those of an int64 `index`) as float32 `(n, ch, h, w)` in [-1, 1].

        To another `device` they travel as bytes, a quarter of their size.

        >>> load("digits", size=28).scaled(torch.tensor([3, 5])).shape
        torch.Size([2, 1, 28, 28])
        """
        chosen = self.images if index is None else self.images[index]
        return chosen.to(device or chosen.device).float().div_(127.5).sub_(1.0)

    def order(self, seed: int, epoch: int) -> Tensor:
        """Give the order of one epoch, int64 `(n,)`: a function of the seed and the epoch only."""
        stream = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, epoch, _ORDER])))
        return torch.from_numpy(stream.permutation(len(self)))

    def batches(self, size: int, *, seed: int = 0, epoch: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Go through the images once: float32 `(size, ch, h, w)` in [-1, 1] and int64 labels `(size,)`.

        The order depends on the seed and the epoch only; an incomplete last batch is dropped. Raises
        `DataError` when there are fewer images than one batch.

        >>> sum(1 for images, labels in load("digits").batches(128))
        14
        """
        self.check_batch(size)
        parts = self.order(seed, epoch)[: len(self) // size * size].view(-1, size)
        return ((self.scaled(part), self.labels[part]) for part in parts)

    def check_batch(self, size: int) -> None:
        """Raise `DataError` unless a batch of this size can be drawn."""
        if not 1 <= size <= len(self):
            raise DataError(
                problem(
                    "a batch cannot be larger than the data.",
                    got=size,
                    allowed=f"1 to {len(self)}",
                    next=f"Pass a smaller batch than {len(self)}, or load more images.",
                )
            )

    def chosen(self, index: Tensor) -> "Images":
        """Give the images of an int64 `index` `(k,)` with their labels.

        >>> load("digits").chosen(torch.tensor([4, 7])).labels
        tensor([4, 7])
        """
        return replace(self, images=self.images[index], labels=self.labels[index])

    def resized(self, size: int) -> "Images":
        """Give the same images as `(n, ch, size, size)`, bilinear (antialiased when smaller).

        >>> load("digits").resized(28)
        Images 'digits': 1,797 images of 28×28, labels 0–9, from scikit-learn's load_digits, resized from 8×8
        """
        if not is_whole(size, 1):
            raise DataError(
                problem(
                    "an image needs at least one pixel.",
                    got=f"size={size!r}",
                    allowed="a whole number, 1 or more",
                    next="Pass size=28.",
                )
            )
        (h, w), size = self.images.shape[2:], int(size)
        if (h, w) == (size, size):
            return self
        resized = F.interpolate(
            self.images.float(), (size, size), mode="bilinear", antialias=size < min(h, w)
        )
        whole = resized.round().clamp(0, 255).to(torch.uint8)
        return replace(self, images=whole, source=f"{self.source}, resized from {h}×{w}")

    def sha256(self) -> str:
        """Hash what is trained on: shapes, pixels and labels, as 64 hexadecimal digits."""
        said = hashlib.sha256(str((tuple(self.images.shape), tuple(self.labels.shape))).encode())
        said.update(self.images.contiguous().numpy().tobytes())
        said.update(self.labels.contiguous().numpy().tobytes())
        return said.hexdigest()


def load(
    name: str, root: str | os.PathLike[str] | None = None, *, size: int | None = None, download: bool = False
) -> Images:
    """Load a data set by name, resized to `size` × `size` on request.

    "digits": scikit-learn's 1,797 digits of 8×8; always there. "mnist": the IDX files of MNIST, gzipped or
    raw, training or test part or both, in `root` (or its subfolder `mnist`); without a root in
    `$GAN_WIDGETS_DATA`, else in `cache()`. With `download=True` and no files there, scikit-learn fetches them
    from OpenML once and they are kept in `root` or the cache.

    Raises `DataError` for an unknown name, missing files and corrupt ones.
    """
    if name not in _LOADERS:
        raise DataError(
            problem(
                "there is no data set of this name.",
                got=repr(name),
                allowed=" or ".join(map(repr, _LOADERS)),
                next="Pass gw.data.load('digits'), which needs no files.",
            )
        )
    data = _LOADERS[name](None if root is None else Path(root).expanduser(), download)
    return data if size is None else data.resized(size)


def cache() -> Path:
    """Give the project's own folder for fetched data: `gan_widgets` under `$XDG_CACHE_HOME` or `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "gan_widgets"


def _digits(root: Path | None, download: bool) -> Images:
    del root, download
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    # scikit-learn's values run from 0 to 16
    images = torch.from_numpy(np.rint(bunch.images * (255 / 16)).astype(np.uint8))[:, None]
    return Images(
        "digits", images, torch.from_numpy(bunch.target.astype(np.int64)), "scikit-learn's load_digits"
    )


def _mnist(root: Path | None, download: bool) -> Images:
    environment = os.environ.get("GAN_WIDGETS_DATA")
    places = [root] if root else [*([Path(environment).expanduser()] if environment else []), cache()]
    folders = [folder for place in places for folder in (place, place / "mnist", place / "MNIST" / "raw")]
    for folder in folders:
        if any(_find(folder, part, "images") for part in _PARTS):
            return _from_files(folder)
    if download:
        folder = (root or cache()) / "mnist"
        _fetch(folder)
        return _from_files(folder)
    raise DataError(
        problem(
            "the files of MNIST are not there.",
            got="no images-idx3-ubyte file in " + ", ".join(map(str, places)),
            allowed="train-images-idx3-ubyte and train-labels-idx1-ubyte, or the t10k pair, .gz or not",
            next="Pass root=<folder> or download=True, set GAN_WIDGETS_DATA, or load 'digits'.",
        )
    )


def _from_files(folder: Path) -> Images:
    parts = []
    for part in _PARTS:
        path = _find(folder, part, "images")
        if path is None:
            continue
        other = _find(folder, part, "labels")
        if other is None:
            raise DataError(
                problem(
                    f"{path} has no labels beside it.",
                    got=f"no {part}-labels-idx1-ubyte in {folder}",
                    allowed="images and labels in one folder",
                    next=f"Put {part}-labels-idx1-ubyte.gz there.",
                )
            )
        images, labels = idx.read(path, axes=3), idx.read(other, axes=1)
        _check(path, other, images, labels)
        parts.append((part, images, labels))
    files = " and ".join(f"the {part} files ({len(images):,})" for part, images, _ in parts)
    return Images(
        "mnist",
        torch.from_numpy(np.concatenate([images for _, images, _ in parts]))[:, None],
        torch.from_numpy(np.concatenate([labels for _, _, labels in parts]).astype(np.int64)),
        files,
    )


def _check(path: Path, other: Path, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
    wrong = ""
    if len(images) != len(labels) or not len(images):
        wrong = f"{len(images):,} images and {len(labels):,} labels"
    elif images.shape[1:] != (28, 28):
        wrong = f"images of {images.shape[1]}×{images.shape[2]}"
    elif labels.max() > 9:
        wrong = f"the label {labels.max()}"
    if wrong:
        raise DataError(
            problem(
                f"{path} and {other.name} are not a pair of MNIST files.",
                got=wrong,
                allowed="as many labels (0 to 9) as images of 28×28",
                next="Delete both and fetch them again.",
            )
        )


def _find(folder: Path, part: str, what: str) -> Path | None:
    axes = {"images": 3, "labels": 1}[what]
    names = [f"{part}-{what}{dot}idx{axes}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _fetch(folder: Path) -> None:
    from sklearn.datasets import fetch_openml

    try:
        pixels, labels = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False, cache=False)
        images = np.asarray(pixels, np.float64).reshape(-1, 28, 28).astype(np.uint8)
        digits = np.asarray(labels).astype(np.uint8)
    except (OSError, ValueError) as error:
        raise DataError(
            problem(
                "MNIST could not be fetched from OpenML.",
                got=f"{type(error).__name__}: {error}",
                allowed="a network that reaches OpenML",
                next="Put the IDX files in a folder yourself and pass root=<folder>, or load 'digits'.",
            )
        ) from error
    # OpenML keeps the order of the originals: 60,000 training digits, then the 10,000 of the test files
    for part, chosen in zip(_PARTS, (slice(_MNIST_TRAINING), slice(_MNIST_TRAINING, None)), strict=True):
        if len(images[chosen]):
            idx.write(folder / f"{part}-labels-idx1-ubyte.gz", digits[chosen])
            idx.write(folder / f"{part}-images-idx3-ubyte.gz", images[chosen])


_LOADERS: dict[str, Callable[[Path | None, bool], Images]] = {"digits": _digits, "mnist": _mnist}
