"""One step of adversarial training: D learns to tell real from fake, then G learns to pass for real."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from math import nan
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_widgets.core.errors import TrainingError, problem
from gan_widgets.core.fitting import fitting, floating_dtype
from gan_widgets.core.kept import held_streams, kept, seed_stream
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import call
from gan_widgets.core.outputs import images_of
from gan_widgets.train.augment import shaken
from gan_widgets.train.controls import Side
from gan_widgets.train.data import Images
from gan_widgets.train.losses import Loss
from gan_widgets.train.penalties import Penalty, clip_weights_
from gan_widgets.train.streams import Chance

_LATENTS, _INSIDE, _PENALTY, _HELD = 1, 2, 5, 6  # keeps these streams apart from the order of the images (0)


@runtime_checkable
class Classifying(Protocol):
    """A discriminator that can be taught labels too."""

    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give the logits (n, 1) of "real", which are those of a plain call, and the logits (n, labels)."""
        ...


@dataclass(frozen=True)
class Step:
    """What one training step measured.

    `d_loss` and `g_loss` are the two losses, NaN for a network that did not learn in this step; `d_loss` is
    that of telling real from fake, without what labels and a penalty add to it. `d_real` and `d_fake` are the
    mean logits D gave to real and to fake images before it learnt from them (with D frozen there are no real
    ones: NaN). `gradients` has the norm of the gradient of each layer that learned, of all its parameters
    together, as of the last backward pass; `weights` the norm of each layer's parameters after the step. Both
    are keyed `"G.<layer>"` and `"D.<layer>"`. `seconds` is what the step took, without waiting for its turn;
    two steps may be equal that took different times.
    """

    step: int
    d_loss: float
    g_loss: float
    d_real: float
    d_fake: float
    gradients: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    seconds: float = field(default=nan, compare=False)


class Lesson(NamedTuple):
    """What learning gave: scalars on the networks' device, None for what was not there."""

    d_loss: Tensor | None = None
    d_real: Tensor | None = None
    d_fake: Tensor | None = None
    g_loss: Tensor | None = None


class Stepping:
    """The two networks and how they learn from each other; `Trainer` is who decides when.

    Everything random is a function of the seed, of `step`, how many steps were made, and of `batches`, how
    many batches of real images D has learnt from.
    """

    G: nn.Module
    D: nn.Module
    average: nn.Module
    data: Images
    loss: Loss
    latents: Latents
    optimizers: dict[str, torch.optim.Optimizer]
    seed: int
    batch: int
    labels: float
    shift: int
    ema: float | None
    penalty: Penalty | None
    clip: float | None
    step: int
    batches: int

    def __init__(self) -> None:
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))
        self._thawed = [p for p in self.D.parameters() if p.requires_grad]

    def _learn(self, learning: tuple[Side, ...], turns: int, loss: Loss) -> Lesson:
        """Let D learn `turns` times, each time from new images, and then G once, against the new D."""
        self.G.train()
        self.D.train()
        self._seed_held()
        lesson, fake = Lesson(), None
        chance = Chance(int(self._stream(_INSIDE).generate_state(1)[0]))
        if "D" in learning:
            for turn in range(turns):
                followed = "G" in learning and turn == turns - 1
                fake = self._fake(chance, turn, followed=followed, still="G" not in learning)
                lesson = self._teach_discriminator(loss, chance, fake.detach(), turn)
        if "G" in learning:
            fake = self._fake(chance, 0) if fake is None else fake
            lesson = self._teach_generator(loss, chance, fake, lesson)
        return lesson

    def _seed_held(self) -> None:
        """Begin this step's own streams in the random generators that modules of G and D hold."""
        held = held_streams(chain(self.G.modules(), self.D.modules()))
        if held:
            seeds = self._stream(_HELD).generate_state(len(held)).tolist()
            for stream, seed in zip(held, seeds, strict=True):
                seed_stream(stream, seed)

    def _teach_discriminator(self, loss: Loss, chance: Chance, fake: Tensor, turn: int) -> Lesson:
        real, labels = self._real()
        penalty = self.penalty or loss.penalty
        with chance.inside(self.D, loss.discriminator, penalty):
            if isinstance(self.D, Classifying) and self.labels:
                on_real, named_real = self.D.classify(self._moved(real, chance))
                more = self.labels * F.cross_entropy(named_real, labels)
            else:
                on_real = self.D(self._moved(real, chance))
                more = torch.zeros((), device=real.device)
            on_fake = self.D(self._moved(fake, chance))
            d_loss = _scalar(loss.discriminator(on_real, on_fake), "discriminator")
            if penalty is not None:
                more = more + penalty(self.D, real, fake, _generator(self._stream(_PENALTY, turn)))
        self._descend("D", d_loss + more)
        if self.clip is not None:
            clip_weights_(self.D, self.clip)
        self.batches += 1
        return Lesson(d_loss.detach(), on_real.detach().mean(), on_fake.detach().mean())

    def _teach_generator(self, loss: Loss, chance: Chance, fake: Tensor, lesson: Lesson) -> Lesson:
        # D passes its gradient on without collecting one of its own
        still = nullcontext() if lesson.d_loss is not None else _still(self.D)
        for parameter in self._thawed:
            parameter.requires_grad_(False)
        try:
            with still, chance.inside(self.D, loss.generator):
                on_fake = self.D(self._moved(fake, chance))
                g_loss = _scalar(loss.generator(on_fake), "generator")
            self._descend("G", g_loss)
        finally:
            for parameter in self._thawed:
                parameter.requires_grad_(True)
        self._follow()
        d_fake = on_fake.detach().mean() if lesson.d_fake is None else lesson.d_fake
        return lesson._replace(g_loss=g_loss.detach(), d_fake=d_fake)

    def _descend(self, name: str, loss: Tensor) -> None:
        optimizer = self.optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def _real(self) -> tuple[Tensor, Tensor]:
        epoch, at = divmod(self.batches, len(self.data) // self.batch)
        if self._order[0] != epoch:
            self._order = (epoch, self.data.order(self.seed, epoch))
        chosen = self._order[1][at * self.batch : (at + 1) * self.batch]
        device = device_of(self.D)
        images = self.data.scaled(chosen, device).to(dtype=floating_dtype(self.D))
        return images, self.data.labels[chosen].to(device)

    def _fake(self, chance: Chance, turn: int, *, followed: bool = True, still: bool = False) -> Tensor:
        """Make images in the form of the real ones; `followed` when G is to learn from them."""
        seeds = self._stream(_LATENTS, turn).generate_state(self.batch).tolist()
        inputs = fitting(self.latents, self.G)(seeds)
        untouched = _still(self.G) if still else nullcontext()
        with torch.set_grad_enabled(followed), untouched, chance.inside(self.G):
            fake = self._formed(pictured(call(self.G, inputs)))
        return fake.to(device_of(self.D), floating_dtype(self.D))

    def _formed(self, fake: Tensor) -> Tensor:
        shape = self.data.images.shape[1:]
        if fake.shape[1:] == shape:
            return fake
        if fake.numel() != len(fake) * shape.numel():
            raise TrainingError(
                problem(
                    "the generator's images do not have as many pixels as the real ones.",
                    got=f"{tuple(fake.shape)} for real images of {tuple(shape)}",
                    allowed=f"(n, {shape.numel()}) or (n, {', '.join(map(str, shape))})",
                    next="Change the generator's last layer, or load the data with size=.",
                )
            )
        return fake.reshape(-1, *shape)

    def _moved(self, images: Tensor, chance: Chance) -> Tensor:
        return shaken(images, self.shift, chance.generator())

    def _follow(self) -> None:
        if self.ema is None:
            return
        # a young average forgets faster, so that it never remembers the untrained network
        made = self.step + 1
        weight = 1 - min(self.ema, (1 + made) / (10 + made))
        with torch.no_grad():
            ours, theirs = self.average.state_dict().values(), self.G.state_dict().values()
            for mine, new in zip(ours, theirs, strict=True):
                mine.lerp_(new, weight) if mine.is_floating_point() else mine.copy_(new)

    def _stream(self, kind: int, turn: int = 0) -> np.random.SeedSequence:
        return np.random.SeedSequence([self.seed, self.step, kind, *([turn] if turn else [])])


def pictured(output: Any) -> Tensor:  # noqa: ANN401  (a generator may return anything)
    """Give the images in what a generator returned, with their gradient; raises `TrainingError` without any.

    >>> pictured(("note", torch.zeros(5, 1, 28, 28))).shape
    torch.Size([5, 1, 28, 28])
    """
    images = images_of(output)
    if images is None:
        raise TrainingError(
            problem(
                "the generator gives no images.",
                got=f"{type(output).__name__} without a floating tensor of two dimensions or more",
                allowed="images, alone or in a tuple, a list, a dict or a dataclass",
                next="Return the images from the generator's forward().",
            )
        )
    return images


def device_of(model: nn.Module) -> torch.device:
    """Give the device of the first parameter (the CPU for a model without any)."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _still(net: nn.Module) -> AbstractContextManager[None]:
    """Put back what running `net` changes in it: one that does not learn stays as it is."""
    return kept(net.modules())


def _generator(stream: np.random.SeedSequence) -> torch.Generator:
    return torch.Generator().manual_seed(int(stream.generate_state(1)[0]))


def _scalar(loss: Tensor, whose: str) -> Tensor:
    if isinstance(loss, Tensor) and loss.numel() == 1:
        return loss.reshape(())
    raise TrainingError(
        problem(
            f"the {whose}'s loss must be one number.",
            got=f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__,
            allowed="a tensor with one element",
            next="Take the mean over the batch: loss.mean().",
        )
    )
