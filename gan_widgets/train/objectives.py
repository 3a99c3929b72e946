"""What each network of a GAN minimises: pure functions of logits, one scalar each.

D(x) below is the discriminator's logit of an image, before any sigmoid σ; E is the mean over the batch. Every
function takes one logit per image, `(n, 1)` or `(n,)`, in any floating dtype, and gives a scalar of that
dtype. Cross-entropies are computed from the logits (−log σ(t) = softplus(−t)), so they are finite, and their
gradients right, where a sigmoid would round to 0 or 1. The two batches of a discriminator's loss must be
alike: `(n, 1)` beside `(n,)` raises `LossError`, because such a pair broadcasts to `(n, n)` in the next sum.
The squares of lsgan leave float16 for logits beyond ±255.

>>> real, fake = torch.tensor([[2.0], [1.0]]), torch.tensor([[0.0], [1.0]])
>>> float(lsgan_discriminator(real, fake)), float(wgan_discriminator(real, fake)), float(wgan_generator(fake))
(0.5, -1.0, -0.5)
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_widgets.core.errors import GanWidgetsError, problem


class LossError(GanWidgetsError, ValueError):
    """Logits, labels or weights that a loss or a penalty cannot take."""


def gan_discriminator(logits_real: Tensor, logits_fake: Tensor, *, real: float = 1.0) -> Tensor:
    """Give −E log σ(D(x)) − E log(1 − σ(D(G(z)))): binary cross-entropy, real images labelled 1, others 0.

    Goodfellow et al., arXiv 1406.2661, equation 1. With `real` below 1 the label of real images is smoothed:
    −E[real·log σ(D(x)) + (1 − real)·log(1 − σ(D(x)))] (Salimans et al., arXiv 1606.03498, section 3.4).

    >>> gan_discriminator(torch.tensor([0.0]), torch.tensor([0.0]))                # 2·log 2
    tensor(1.3863)
    """
    check_pair(logits_real, logits_fake)
    return _cross_entropy(logits_real, real) + _cross_entropy(logits_fake, 0.0)


def gan_generator(logits_fake: Tensor) -> Tensor:
    """Give −E log σ(D(G(z))), the non-saturating loss: steep where D is sure that an image is generated.

    Goodfellow et al., arXiv 1406.2661, section 3.

    >>> gan_generator(torch.tensor([-100.0]))
    tensor(100.)
    """
    check_logits(logits_fake)
    return _cross_entropy(logits_fake, 1.0)


def minimax_generator(logits_fake: Tensor) -> Tensor:
    """Give E log(1 − σ(D(G(z)))), the loss of the original game: flat where D is sure of a generated image.

    Goodfellow et al., arXiv 1406.2661, equation 1.

    >>> minimax_generator(torch.tensor([0.0])), minimax_generator(torch.tensor([100.0]))
    (tensor(-0.6931), tensor(-100.))
    """
    check_logits(logits_fake)
    return -_cross_entropy(logits_fake, 0.0)


def lsgan_discriminator(logits_real: Tensor, logits_fake: Tensor, *, real: float = 1.0) -> Tensor:
    """Give ½E(D(x) − 1)² + ½E D(G(z))²: least squares to the labels 1 and 0, with no sigmoid anywhere.

    Mao et al., arXiv 1611.04076, equation 9. `real` is the label of real images.

    >>> lsgan_discriminator(torch.tensor([3.0]), torch.tensor([2.0]))
    tensor(4.)
    """
    check_pair(logits_real, logits_fake)
    return 0.5 * (logits_real - real).square().mean() + 0.5 * logits_fake.square().mean()


def lsgan_generator(logits_fake: Tensor) -> Tensor:
    """Give ½E(D(G(z)) − 1)².

    Mao et al., arXiv 1611.04076, equation 9.

    >>> lsgan_generator(torch.tensor([3.0]))
    tensor(2.)
    """
    check_logits(logits_fake)
    return 0.5 * (logits_fake - 1).square().mean()


def wgan_discriminator(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Give E D(G(z)) − E D(x), whose minimum over 1-Lipschitz D is minus the Wasserstein-1 distance.

    Arjovsky et al., arXiv 1701.07875, equation 2. Nothing here bounds D: clip its weights
    (`penalties.clip_weights_`), add `penalties.gradient_penalty`, or normalise it with `nets.spectral`.

    >>> wgan_discriminator(torch.tensor([3.0]), torch.tensor([2.0]))
    tensor(-1.)
    """
    check_pair(logits_real, logits_fake)
    return logits_fake.mean() - logits_real.mean()


def wgan_generator(logits_fake: Tensor) -> Tensor:
    """Give −E D(G(z)); the generator of the hinge loss has the same one.

    Arjovsky et al., arXiv 1701.07875, algorithm 1; Lim and Ye, arXiv 1705.02894.

    >>> wgan_generator(torch.tensor([2.0]))
    tensor(-2.)
    """
    check_logits(logits_fake)
    return -logits_fake.mean()


def hinge_discriminator(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Give E max(0, 1 − D(x)) + E max(0, 1 + D(G(z))): what is right by a margin of 1 teaches nothing more.

    Lim and Ye, arXiv 1705.02894; Miyato et al., arXiv 1802.05957, equation 16.

    >>> hinge_discriminator(torch.tensor([3.0]), torch.tensor([2.0]))
    tensor(3.)
    """
    check_pair(logits_real, logits_fake)
    return F.relu(1 - logits_real).mean() + F.relu(1 + logits_fake).mean()


def check_logits(logits: Tensor, what: str = "fake") -> None:
    """Raise `LossError` unless these are one floating logit per image: `(n, 1)` or `(n,)`, n at least 1.

    Further axes of size 1, as a last convolution leaves them, do no harm.
    """
    shape = tuple(logits.shape)
    if logits.is_floating_point() and shape and shape[0] == logits.numel() > 0:
        return
    raise LossError(
        problem(
            f"a loss takes one logit for each {what} image.",
            got=f"logits of shape {shape}, {str(logits.dtype).removeprefix('torch.')}",
            allowed="floating logits of shape (n, 1) or (n,)",
            next="Let D end in one number per image, for instance in nn.Linear(256, 1).",
        )
    )


def check_pair(logits_real: Tensor, logits_fake: Tensor) -> None:
    """Raise `LossError` unless both are one logit per image and of one form, `(n, 1)` both or `(n,)` both."""
    check_logits(logits_real, "real")
    check_logits(logits_fake)
    if logits_real.shape[1:] == logits_fake.shape[1:]:
        return
    raise LossError(
        problem(
            "the logits of real and of fake images must have the same form.",
            got=f"real {tuple(logits_real.shape)}, fake {tuple(logits_fake.shape)}",
            allowed="(n, 1) for both, or (n,) for both",
            next="Pass what the same D gives for both; logits.view(-1, 1) makes a column of (n,).",
        )
    )


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
