"""What distances between sets of digits are measured on: the last layer but one of the shipped classifier.

>>> features(torch.zeros(5, 1, 28, 28)).shape
torch.Size([5, 84])
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_widgets.core.errors import GanWidgetsError, ImageError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import call, quiet
from gan_widgets.core.locks import lock_of
from gan_widgets.core.pixels import as_images
from gan_widgets.train.data import Images
from gan_widgets.train.jackknife import Floats
from gan_widgets.train.pretrained import digit_classifier

_BATCH = 250
_LARGEST = 1e50  # beyond it the cube of a product is no longer a float64
_SAMPLES, _REALS = 5, 6  # two streams of one seed


class DistanceError(GanWidgetsError, ValueError):
    """Features between which no distance can be measured: too few, not finite, or of different widths."""


def features(images: Tensor) -> Tensor:
    """Give the features of images `(n, 1, 28, 28)` or `(n, 784)` in [-1, 1]: float32 `(n, 84)`, on the CPU.

    They are the rectified layer F6 of the shipped LeNet-size classifier (LeCun et al. 1998), which
    `gw.train.pretrained.card("classifier-mnist")` describes: trained on MNIST, so they tell digits apart, and
    little else. Raises `ImageError` for images of another shape.
    """
    return _of([images])


def of_samples(generator: nn.Module, latents: Latents, *, n: int, seed: int) -> Tensor:
    """Give the features `(n, 84)` of `n` samples, made in eval mode; the generator is left as it was.

    Which latents they have is a function of `seed` and `n` only: two generators get the same.
    """
    drawn = np.random.SeedSequence([seed, _SAMPLES]).generate_state(n).tolist()
    placed = fitting(latents, generator)
    batches = [drawn[at : at + _BATCH] for at in range(0, n, _BATCH)]
    # the lock keeps a training thread from changing the weights between two batches
    with lock_of(generator), quiet(generator, "eval"):
        return _of(as_images(call(generator, placed(seeds))) for seeds in batches)


def of_reals(data: Images, *, n: int, seed: int) -> Tensor:
    """Give the features `(min(n, len(data)), 84)` of real images, drawn without repeats as `seed` says."""
    stream = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, _REALS])))
    chosen = torch.from_numpy(stream.permutation(len(data))[:n])
    return _of(data.scaled(part) for part in torch.split(chosen, _BATCH))


def checked_pair(a: Tensor, b: Tensor, *, least: Callable[[int], int]) -> tuple[Floats, Floats]:
    """Give two sets of features as float64, fit to be compared; `least(d)` is how many samples are needed.

    Raises `DistanceError` unless both are `(n, d)` of one width, finite and numerous enough.
    """
    x, y = _checked(a), _checked(b)
    if x.shape[1] != y.shape[1]:
        raise DistanceError(
            problem(
                "two sets of features of different width have no distance.",
                got=f"{x.shape[1]} and {y.shape[1]} features",
                allowed="the same features of both sets",
                next="Pass metrics.features(images) of both.",
            )
        )
    few, needed = min(len(x), len(y)), least(x.shape[1])
    if few < needed:
        raise DistanceError(
            problem(
                "there are too few samples for this distance.",
                got=f"{few:,} samples of {x.shape[1]} features",
                allowed=f"{needed:,} or more; ten times as many as features or more to be useful",
                next="Pass more samples (a larger n).",
            )
        )
    return x, y


def as_digits(output: Any) -> Tensor:  # noqa: ANN401  (a generator may give anything)
    """Read images of digits as `(n, 1, 28, 28)`, float32; raises `ImageError` for what has another shape.

    >>> as_digits(torch.zeros(5, 784)).shape
    torch.Size([5, 1, 28, 28])
    """
    images = as_images(output)
    if images.shape[1:] == (1, 28, 28):
        return images
    raise ImageError(
        problem(
            "digits are judged as grey images of 28×28.",
            got=f"images of shape {tuple(images.shape)}",
            allowed="(n, 1, 28, 28) or (n, 784), in [-1, 1]",
            next="Resize them: real ones with gw.data.load('digits', size=28), generated ones in a module.",
        )
    )


def _of(parts: Iterable[Tensor]) -> Tensor:
    net = digit_classifier()
    found = [torch.empty(0, net.head.in_features)]
    for part in parts:
        images = as_digits(part)
        with torch.no_grad():
            found += [net.features(few) for few in torch.split(images.cpu(), _BATCH)]
    return torch.cat(found)


def _checked(features: Tensor) -> Floats:
    found = torch.as_tensor(features).detach().cpu()
    wrong = ""
    if found.ndim != 2 or found.shape[1] == 0:
        wrong = f"shape {tuple(found.shape)}"
    elif found.is_complex():
        wrong = f"dtype {found.dtype}"
    else:
        found = found.double()
        broken = ~(found.abs() < _LARGEST).all(1)
        if broken.any():
            row = int(broken.nonzero()[0])
            wrong = f"{int(broken.sum()):,} of {len(found):,} rows with NaN or beyond, first in row {row}"
    if wrong:
        raise DistanceError(
            problem(
                "a distance needs finite features, one row per sample.",
                got=wrong,
                allowed=f"shape (n, d), numbers below {_LARGEST:g}",
                next="Look at the samples: a generator that gives NaN has broken weights.",
            )
        )
    return np.asarray(found.numpy(), np.float64)
