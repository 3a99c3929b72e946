"""Adversarial training as a plain loop that the reader owns, or in the background.

>>> from gan_widgets.train import data, nets
>>> G, D = nets.dcgan(seed=0)
>>> trainer = Trainer(G, D, data.load("digits", size=28), batch=16)
>>> for step in trainer.steps(2):
...     print(step.step, step.d_loss > 0)
1 True
2 True
>>> trainer.play(until=4)                                      # goes on in a thread of its own
>>> trainer.change(lr_D=1e-4)                                  # from the next step on
>>> trainer.pause()                                            # returns between two steps
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from time import perf_counter
from typing import Any, TypeAlias

import torch
from torch import nn

from gan_widgets.core.latents import as_latents
from gan_widgets.core.locks import alone_with
from gan_widgets.core.words import said
from gan_widgets.train.alarms import Alarm, alarms, least
from gan_widgets.train.background import Background, whole
from gan_widgets.train.controls import Change, Controls, Side, Which, changed, differences, end_of, learners
from gan_widgets.train.data import Images
from gan_widgets.train.diversity import diversity_of
from gan_widgets.train.given import GivenLoss, average_of, checked_settings, pair, prior, settings_of
from gan_widgets.train.history import History
from gan_widgets.train.losses import Loss
from gan_widgets.train.norms import layer_norms
from gan_widgets.train.penalties import Penalty
from gan_widgets.train.step import Classifying, Step, Stepping

__all__ = ["Classifying", "Step", "Trainer"]

Watcher: TypeAlias = Callable[["Trainer", Step | None], object]
"""Called after each step, and with None when a background run stops."""

EVERY, KEPT, SEEN = 50, 100, 1000
"""Steps between two looks at diversity, how many looks are kept, and how many last steps alarms look at."""


class Trainer(Stepping):
    """Trains a generator G and a discriminator D against each other, one step at a time.

    `data` holds the real images; `latents` is the prior, by default normal and `G.noise` wide; `loss` is a
    name in `losses`, a `Loss`, or your own pair of functions. Both networks take Adam steps with `lr` (one
    rate, or G's and D's) and `betas` on batches of `batch` images; D takes `d_steps` of them before each of
    G's. `average` is a copy of G whose weights are the running mean of G's with decay `ema` (None: `average`
    is G itself); it gives the better samples. `penalty` is added to D's loss, and D's weights are clipped to
    ±`clip` after each of its steps (default: the loss's own of both). G may give flat images: D sees them in
    the form of the real ones. Latents and images come in the floating dtype of the network that gets them.

    Two more lessons help when there are few images. `labels` is the weight of the cross-entropy with which D
    learns the labels of real images too; D is then `Classifying`. `shift` is by how many pixels at most every
    image is moved before D sees it, real or not, so that D cannot learn them by heart (Zhao et al., arXiv
    2006.10738).

    Everything random in step k is a function of the seed, of k and of how many batches D has seen: the same
    seed and the same changes give the same weights bit for bit (one machine, one number of threads), a
    resumed run equals an uninterrupted one, and the global random states are neither read nor set, so other
    cells may draw meanwhile. Random generators that modules of G and D hold as attributes are seeded anew for
    each step. Looking between steps changes nothing.

    A step holds the locks of its networks, and a render that waits for one gets its turn before the next
    step. Ctrl-C in a step that runs in the main thread takes effect after that step; it does not stop a
    background run, for which there is `pause()`. Leaving the program ends one after its present step.

    G and D are trained in place and left in training mode. Raises `DataError` for a batch larger than the
    data, `UnknownLossError`, `LatentsError` and `TrainingError` for what else cannot be.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        data: Images,
        *,
        loss: GivenLoss = "gan",
        latents: Any = None,  # noqa: ANN401  (whatever as_latents takes)
        seed: int = 0,
        batch: int = 64,
        lr: float | tuple[float, float] = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        labels: float = 0.0,
        shift: int = 0,
        ema: float | None = 0.999,
        penalty: Penalty | None = None,
        clip: float | None = None,
        d_steps: int = 1,
    ) -> None:
        self.loss = pair(loss)
        clip = self.loss.clip if clip is None else clip
        given = {"seed": seed, "batch": batch, "lr": lr, "betas": betas, "labels": labels, "shift": shift}
        plain = checked_settings({"G": G, "D": D}, data, penalty, **given, ema=ema, clip=clip)
        self.G, self.D, self.data = G, D, data
        self.latents = prior(G) if latents is None else as_latents(latents)
        self.seed, self.batch, self.shift = plain["seed"], plain["batch"], plain["shift"]
        self.lr, self.betas, self.labels = plain["lr"], plain["betas"], plain["labels"]
        self.ema, self.penalty, self.clip = plain["ema"], penalty, plain["clip"]
        self.step = self.batches = 0
        self.average = G if ema is None else average_of(G)
        super().__init__()
        rates = self.lr if isinstance(self.lr, tuple) else (self.lr, self.lr)
        self.controls = changed(Controls(0.0, 0.0), lr_G=rates[0], lr_D=rates[1], d_steps=d_steps)
        """The learning rates and so on that the next step will use; `change` sets them."""
        self.changes: tuple[Change, ...] = ()
        """What was changed since the beginning, oldest first."""
        self.history = History()
        """The steps so far, thinned where they are old: at most 4,000."""
        self.trouble = ""
        """What went wrong beside the training, in words: a watcher or a save; empty for nothing."""
        self.optimizers = {
            side: torch.optim.Adam(
                [p for p in net.parameters() if p.requires_grad], lr=rate, betas=self.betas, fused=True
            )
            for side, net, rate in (("G", G, rates[0]), ("D", D, rates[1]))
        }
        self.diversity: tuple[tuple[int, float], ...] = ()
        """Every 50 steps: the step, and how far apart generated images are, relative to real ones."""
        self._smoothed = 0.0, self.loss
        self._d_steps = self.controls.d_steps
        self._guard = threading.Lock()
        self._begun, self._torn = 0, False
        self._watchers: dict[object, Watcher] = {}
        self._background: Background | None = None
        self._failure: BaseException | None = None

    def __repr__(self) -> str:
        of = f"{type(self.G).__name__}, {type(self.D).__name__}, {self.data.name!r}"
        return f"Trainer({of}, loss={self.loss.name!r}, step={self.step:,})"

    @property
    def epoch(self) -> int:
        """How many times D saw all images."""
        return self.batches // (len(self.data) // self.batch)

    @property
    def running(self) -> bool:
        """Whether a background run is making steps."""
        return self._background is not None and self._background.alive

    @property
    def until(self) -> int | None:
        """The step at which the background run ends by itself; None without an end, or without a run."""
        return self._background.until if self._background is not None and self.running else None

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What looks wrong now, each with a sentence that says why; empty when nothing does."""
        floor = least(self._taught(self.controls.smoothing))
        return alarms(self.history.last(SEEN), self.diversity, floor)

    def steps(self, n: int) -> Iterator[Step]:
        """Train `n` steps, giving a `Step` after each; leaving the loop early leaves whole steps behind."""
        for _ in range(n):
            yield self.advance()

    def advance(self, which: Which = "both") -> Step:
        """Train one step: D on real and fake images, then G against the new D; or only one of them, once.

        Raises `TrainingError` when nobody would learn, because that network is frozen.
        """
        with whole() as interrupt, self._alone(unless=interrupt) as alone:
            step = self._turn(which) if alone else None
        if step is None:
            raise KeyboardInterrupt
        self._tell(step)
        return step

    def once(self, which: Which = "both") -> Step:
        """Do what `advance` does, after raising what made a background run fail; safe while one plays."""
        self._raise()
        return self.advance(which)

    def play(self, until: int | None = None) -> None:
        """Go on in the background, until step `until` (None: until `pause`); returns at once.

        While it plays, another `play` only moves `until`. An exception in a step ends the run, stands in
        `trouble`, and is raised by the next `play`, `pause` or `once`.
        """
        until = end_of(until)
        self._raise()
        with self._guard:
            if self._background is not None and self._background.alive:
                self._background.until = until
                return
            self.trouble = ""
            self._background = Background(self, until)
            self._background.start()

    def pause(self) -> None:
        """Stop the background run; returns between two steps. Without one, nothing happens."""
        background = self._background
        if background is not None:
            background.end()
        self._raise()

    def change(
        self,
        *,
        lr_G: float | None = None,
        lr_D: float | None = None,
        frozen: tuple[Side, ...] | None = None,
        smoothing: float | None = None,
        d_steps: int | None = None,
    ) -> None:
        """Change controls from the next step on, and record what changed in `changes`.

        `smoothing` gives real images the label 1 − smoothing. Raises `TrainingError` for what cannot be, and
        `LossError` for smoothing a loss without labels; then nothing is changed.
        """
        wishes = {"lr_G": lr_G, "lr_D": lr_D, "frozen": frozen, "smoothing": smoothing, "d_steps": d_steps}
        with self._guard:
            controls = changed(self.controls, **wishes)
            if controls.smoothing:
                self.loss.smoothed(1 - controls.smoothing)  # raises where there is nothing to smooth
            self.changes += differences(self._begun + 1, self.controls, controls)
            self.controls = controls

    def watch(self, fn: Watcher) -> Callable[[], None]:
        """Call `fn(trainer, step)` after each step, in its thread and without a lock; returns what ends that.

        It is also called with None when a background run stops. What it raises stands in `trouble`.
        """
        key = object()
        self._watchers[key] = fn
        return lambda: self._watchers.pop(key, None) and None

    def settings(self) -> dict[str, Any]:
        """Give what must be equal for a resumed run to be the same run, as JSON values."""
        return settings_of(self)

    def _alone(self, unless: threading.Event | None = None) -> AbstractContextManager[bool]:
        return alone_with((self.G, self.D, self.average), unless)

    def _turn(self, which: Which) -> Step:
        """Make one whole step; the caller is alone with the networks."""
        began, nets = perf_counter(), {"G": self.G, "D": self.D}
        with self._guard:
            controls, self._begun = self.controls, self.step + 1
        try:
            learning = learners(which, controls.frozen)
            for side, rate in (("G", controls.lr_G), ("D", controls.lr_D)):
                self.optimizers[side].param_groups[0]["lr"] = rate
            turns = controls.d_steps if which == "both" else 1
            self._torn = True  # until it is whole: nothing to save
            lesson = self._learn(learning, turns, self._taught(controls.smoothing))
            self.step += 1
            self._torn = False
        finally:
            self._begun = self.step
        values, gradients, weights = layer_norms(nets, learning, lesson)
        if self.step % EVERY == 0:
            self._compare()
        measured = dict(zip(lesson._fields, values, strict=True))
        seconds = perf_counter() - began
        step = Step(self.step, **measured, gradients=gradients, weights=weights, seconds=seconds)
        self.history.append(step)
        return step

    def _taught(self, smoothing: float) -> Loss:
        known = self._smoothed  # read once: other threads ask for alarms meanwhile
        if known[0] != smoothing:
            known = smoothing, self.loss.smoothed(1 - smoothing) if smoothing else self.loss
            self._smoothed = known
        return known[1]

    def _compare(self) -> None:
        try:
            ratio = diversity_of(self)
        except Exception as error:  # noqa: BLE001  (a generator may want batches of its own size)
            self.trouble = f"The diversity of generated images could not be measured: {said(error)}"
            return
        self.diversity = (*self.diversity[1 - KEPT :], (self.step, ratio))

    def _tell(self, step: Step | None) -> None:
        for fn in list(self._watchers.values()):
            try:
                fn(self, step)
            except Exception as error:  # noqa: BLE001  (a watcher may raise anything, and training goes on)
                self.trouble = f"{getattr(fn, '__qualname__', fn)}, which watches, failed: {said(error)}"

    def _ended(self, failure: BaseException | None) -> None:
        if failure is not None:
            self._failure = failure
            self.trouble = f"Step {self.step + 1:,} failed, and the run stopped: {said(failure)}"
        self._tell(None)

    def _raise(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
