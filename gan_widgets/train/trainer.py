"""Adversarial training as a plain loop that the reader owns.

>>> from gan_widgets.train import data, nets
>>> G, D = nets.dcgan(seed=0)
>>> trainer = Trainer(G, D, data.load("digits", size=28), batch=16)
>>> for step in trainer.steps(2):
...     print(step.step, step.d_loss > 0)
1 True
2 True
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_widgets.core.errors import DataError, LatentsError, problem
from gan_widgets.core.latents import Latents, as_latents, normal
from gan_widgets.core.live import call
from gan_widgets.core.locks import lock_of
from gan_widgets.train.augment import shaken
from gan_widgets.train.data import Images
from gan_widgets.train.losses import Loss, named

_LATENTS, _INSIDE = 1, 2  # keeps these streams apart from the order of the images (0)


@runtime_checkable
class Classifying(Protocol):
    """A discriminator that can be taught labels too."""

    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give the logits (n, 1) of "real", which are those of a plain call, and the logits (n, labels)."""
        ...


@dataclass(frozen=True)
class Step:
    """What one training step measured: both losses, and the mean logit D gave to real and to fake images.

    `d_loss` is that of telling real from fake; what labels add to it is left out.
    """

    step: int
    d_loss: float
    g_loss: float
    d_real: float
    d_fake: float


class Trainer:
    """Trains a generator G and a discriminator D against each other, one step at a time.

    `data` holds the real images; `latents` is the prior, by default normal and `G.noise` wide; `loss` is a
    name in `losses.LOSSES` or a `Loss`. Both networks take Adam steps with `lr` and `betas` on batches of
    `batch` images. `average` is a copy of G whose weights are the running mean of G's with decay `ema` (None:
    `average` is G itself); it gives the better samples.

    Two more lessons help when there are few images. `labels` is the weight of the cross-entropy with which D
    learns the labels of real images too; D is then `Classifying`. `shift` is by how many pixels at most every
    image is moved before D sees it, real or not, so that D cannot learn them by heart (Zhao et al., arXiv
    2006.10738).

    Everything random in step k (images, latents, noise inside the networks) is a function of (seed, k): the
    same seed gives the same weights bit for bit (one machine, one number of threads), a resumed run equals an
    uninterrupted one, and the global random states stay as they were. Looking between steps changes nothing.

    G and D are trained in place and left in training mode. Raises `DataError` for a batch larger than the
    data, `UnknownLossError` and `LatentsError` for a loss or latents it does not know.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        data: Images,
        *,
        loss: str | Loss = "gan",
        latents: Any = None,  # noqa: ANN401  (whatever as_latents takes)
        seed: int = 0,
        batch: int = 64,
        lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        labels: float = 0.0,
        shift: int = 0,
        ema: float | None = 0.999,
    ) -> None:
        data.check_batch(batch)
        if labels and not isinstance(D, Classifying):
            raise _unlabelled(D)
        self.G, self.D, self.data = G, D, data
        self.loss = named(loss)
        self.latents = _prior(G) if latents is None else as_latents(latents)
        self.seed, self.batch, self.lr, self.betas = seed, batch, lr, betas
        self.labels, self.shift, self.ema = labels, shift, ema
        self.step = 0
        self.average = G if ema is None else deepcopy(G).eval().requires_grad_(False)
        self._frozen = [p for p in D.parameters() if p.requires_grad]
        self.optimizers = {
            name: torch.optim.Adam(parameters, lr=lr, betas=betas, fused=True)
            for name, parameters in (
                ("G", [p for p in G.parameters() if p.requires_grad]),
                ("D", self._frozen),
            )
        }
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    def __repr__(self) -> str:
        of = f"{type(self.G).__name__}, {type(self.D).__name__}, {self.data.name!r}"
        return f"Trainer({of}, loss={self.loss.name!r}, step={self.step:,})"

    @property
    def epoch(self) -> int:
        """How many times all images were seen."""
        return self.step // (len(self.data) // self.batch)

    def steps(self, n: int) -> Iterator[Step]:
        """Train `n` steps, giving a `Step` after each; leaving the loop early leaves whole steps behind."""
        for _ in range(n):
            yield self.advance()

    def advance(self) -> Step:
        """Train one step: D on real and fake images, then G against the new D."""
        with self._alone(), self._noise():
            self.G.train()
            self.D.train()
            fake = self._fake()
            d_loss, d_real, d_fake = self._teach_discriminator(fake.detach())
            g_loss = self._teach_generator(fake)
            self.step += 1
            self._follow()
        values = torch.stack([d_loss, g_loss, d_real, d_fake]).tolist()
        return Step(self.step, *values)

    def settings(self) -> dict[str, Any]:
        """Give what must be equal for a resumed run to be the same run, as JSON values."""
        return {
            "networks": [type(self.G).__name__, type(self.D).__name__],
            "data": self.data.name,
            "data_sha256": self.data.sha256(),
            "loss": self.loss.name,
            "latents": self.latents.describe(),
            "seed": self.seed,
            "batch": self.batch,
            "lr": self.lr,
            "betas": list(self.betas),
            "labels": self.labels,
            "shift": self.shift,
            "ema": self.ema,
        }

    def _teach_discriminator(self, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        real, labels = self._real()
        if isinstance(self.D, Classifying) and self.labels:
            on_real, named_real = self.D.classify(self._moved(real))
            lesson = self.labels * F.cross_entropy(named_real, labels)
        else:
            on_real, lesson = self.D(self._moved(real)), torch.zeros((), device=real.device)
        on_fake = self.D(self._moved(fake))
        loss = self.loss.discriminator(on_real, on_fake)
        self._descend("D", loss + lesson)
        return loss.detach(), on_real.detach().mean(), on_fake.detach().mean()

    def _teach_generator(self, fake: Tensor) -> Tensor:
        for parameter in self._frozen:
            parameter.requires_grad_(False)
        try:
            loss = self.loss.generator(self.D(self._moved(fake)))
            self._descend("G", loss)
        finally:
            for parameter in self._frozen:
                parameter.requires_grad_(True)
        return loss.detach()

    def _descend(self, name: str, loss: Tensor) -> None:
        optimizer = self.optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def _real(self) -> tuple[Tensor, Tensor]:
        per_epoch = len(self.data) // self.batch
        epoch, at = divmod(self.step, per_epoch)
        if self._order[0] != epoch:
            self._order = (epoch, self.data.order(self.seed, epoch))
        chosen = self._order[1][at * self.batch : (at + 1) * self.batch]
        device = _device(self.D)
        return self.data.scaled(chosen).to(device), self.data.labels[chosen].to(device)

    def _fake(self) -> Tensor:
        seeds = self._stream(_LATENTS).generate_state(self.batch).tolist()
        fake: Tensor = call(self.G, self.latents.to(_device(self.G))(seeds))
        return fake

    def _moved(self, images: Tensor) -> Tensor:
        return shaken(images, self.shift)

    def _follow(self) -> None:
        if self.ema is None:
            return
        # a young average forgets faster, so that it never remembers the untrained network
        weight = 1 - min(self.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            ours, theirs = self.average.state_dict().values(), self.G.state_dict().values()
            for mine, new in zip(ours, theirs, strict=True):
                mine.lerp_(new, weight) if mine.is_floating_point() else mine.copy_(new)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with ExitStack() as stack:
            for model in (self.G, self.D, self.average):
                stack.enter_context(lock_of(model))
            yield

    @contextmanager
    def _noise(self) -> Iterator[None]:
        """Give dropout and the like a stream of this step's own."""
        devices = {_device(self.G), _device(self.D)}
        cuda = [device for device in devices if device.type == "cuda"]
        seed = int(self._stream(_INSIDE).generate_state(1)[0])
        with torch.random.fork_rng(devices=[device.index or 0 for device in cuda]):
            torch.default_generator.manual_seed(seed)
            if cuda:
                torch.cuda.manual_seed_all(seed)
            yield

    def _stream(self, kind: int) -> np.random.SeedSequence:
        return np.random.SeedSequence([self.seed, self.step, kind])


def _prior(G: nn.Module) -> Latents:
    noise = getattr(G, "noise", None)
    if not isinstance(noise, int):
        raise LatentsError(
            problem(
                "the prior of this generator is not known.",
                got=f"{type(G).__name__} without a whole number as its `noise`",
                allowed="latents, or a generator that says how wide its noise is",
                next="Pass for instance latents=gw.normal(64).",
            )
        )
    return normal(noise)


def _unlabelled(D: nn.Module) -> DataError:
    return DataError(
        problem(
            "this discriminator cannot be taught labels.",
            got=f"{type(D).__name__} without classify()",
            allowed="labels=0, or a discriminator with classify(images) -> (logits, logits of each label)",
            next="Pass labels=0, or take gw.nets.DCGANDiscriminator.",
        )
    )


def _device(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))
