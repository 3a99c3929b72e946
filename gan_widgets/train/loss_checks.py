"""Finds out what is wrong with a reader's loss: call, shape, values, gradient, large logits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gan_widgets.train.check_error import CheckError, called, name_of, numbers, right, wrong
from gan_widgets.train.losses import named
from gan_widgets.train.mistakes import Factor, Mistake, Side, factors, mistakes

Logits: TypeAlias = tuple[Tensor, ...]

_SIZES = (2, 5, 7)  # of the batches; different, so that a sum over the batch is no constant factor
_LARGE = (30.0, -30.0, 1e4, -1e4)
_ELSEWHERE = 0.5  # not 0, where a clamped formula may have another gradient and still be right
_NEAR = 2e-4
_NAMES: dict[Side, tuple[str, ...]] = {
    "discriminator": ("logits_real", "logits_fake"),
    "generator": ("logits_fake",),
}


@dataclass(frozen=True)
class Exam:
    """One function of a reader, and the loss that it should be."""

    fn: Callable[..., Tensor]
    loss: str
    side: Side

    @property
    def name(self) -> str:
        """The function's name."""
        return name_of(self.fn)

    @property
    def shown(self) -> str:
        """Its call, as a reader writes it."""
        return f"{self.name}({', '.join(_NAMES[self.side])})"

    @property
    def formula(self) -> str:
        """The loss in symbols, for people."""
        line = named(self.loss).formula.splitlines()[0 if self.side == "discriminator" else 1]
        return line.partition(": ")[2]

    def truth(self, *logits: Tensor) -> Tensor:
        """Give the right loss."""
        value: Tensor = getattr(named(self.loss), self.side)(*logits)
        return value

    def ask(self, logits: Logits) -> Any:  # noqa: ANN401  (whatever a reader's function gives)
        """Call the reader's function on logits that want a gradient."""
        return called(self.fn, *logits, shown=self.shown)

    def fault(self, what: str, *, got: object, allowed: object, next: str) -> CheckError:  # noqa: A002  (as in `problem`)
        """Make the error that begins with the function's name."""
        return wrong(f"{self.name}: {what}.", got=got, allowed=allowed, next=next)


def check_loss(fn: Callable[..., Tensor], loss: str, side: Side) -> None:
    """Raise `CheckError` unless `fn` is this side of `loss`, `UnknownLossError` when there is none."""
    named(loss)
    exam = Exam(fn, loss, side)
    if not callable(fn):
        raise exam.fault(
            "this is no function", got=repr(fn)[:200], allowed="a function", next="Pass it without ()."
        )
    batches = list(_batches(len(_NAMES[side])))
    values = [_value(exam, logits) for logits in batches]
    _compare(exam, batches, values)
    for logits, value in zip(batches, values, strict=True):
        _check_gradient(exam, logits, value)
    for logits in _extremes(len(_NAMES[side])):
        _check_large(exam, logits)
    right(f"{exam.name} is {exam.formula}: value, gradient, and logits up to ±10,000")


def _batches(count: int) -> Iterator[Logits]:
    stream = torch.Generator().manual_seed(0)
    for n in _SIZES:
        yield tuple(
            (2 * torch.randn(n, 1, generator=stream) + 0.5 - k).requires_grad_() for k in range(count)
        )


def _extremes(count: int) -> Iterator[Logits]:
    for large in _LARGE:
        for k in range(count):
            yield tuple(
                torch.full((1, 1), large if k == place else _ELSEWHERE).requires_grad_()
                for place in range(count)
            )


class _Watch(TorchFunctionMode):
    """Notes the first operation in which n rows meet n numbers, and so make a table (n, n)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n, self.seen = n, ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401
        """Run the operation and look at the shapes that go in and come out."""
        made = func(*args, **(kwargs or {}))
        n, given = self.n, [*args, *(kwargs or {}).values()]
        shapes = [tuple(each.shape) for each in given if isinstance(each, Tensor)]
        is_table = isinstance(made, Tensor) and tuple(made.shape) == (n, n)
        if not self.seen and (is_table or {(n,), (n, 1)} <= set(shapes)):
            self.seen = f"{' and '.join(map(str, shapes))} make {(n, n)} in {name_of(func).strip('_')}"
        return made


def _value(exam: Exam, logits: Logits) -> Tensor:
    n = len(logits[0])
    with _Watch(n) as watch:
        value = exam.ask(logits)
    if watch.seen and n == max(_SIZES):  # there an (n, n) is no accident
        raise exam.fault(
            "shapes broadcast",
            got=watch.seen,
            allowed=f"logits of shape ({n}, 1), and labels of the same shape",
            next="Make labels with torch.ones_like(logits) or torch.zeros_like(logits).",
        )
    if value is None:
        raise exam.fault(
            "it returns nothing", got=None, allowed="a scalar tensor", next="End it with `return …`."
        )
    if not isinstance(value, Tensor):
        raise exam.fault(
            "it does not return a tensor",
            got=f"{type(value).__name__}: {str(value)[:80]}",
            allowed="a scalar tensor, which has a gradient",
            next="Return the tensor itself, without .item(), float() or NumPy.",
        )
    if value.shape != ():
        each = tuple(value.shape) == tuple(logits[0].shape) or value.shape == (n,)
        raise exam.fault(
            "it returns one number per image, not a scalar" if each else "it does not return a scalar",
            got=f"shape {tuple(value.shape)} for a batch of {n}",
            allowed="shape ()",
            next="Take the mean over the batch: .mean().",
        )
    if not torch.isfinite(value):
        raise exam.fault(
            "it is not a finite number",
            got=f"{float(value.detach())} on logits between {_span(logits)}",
            allowed=exam.formula,
            next="A negative logit has no logarithm: take that of its sigmoid, F.logsigmoid.",
        )
    return value


def _span(logits: Logits) -> str:
    every = torch.cat(logits).detach()
    return f"{float(every.min()):.1f} and {float(every.max()):.1f}"


def _double(values: Callable[..., Tensor], batches: list[Logits]) -> Tensor:
    """Give what a formula makes of each batch, (batches,), in double precision."""
    return torch.stack([values(*(each.detach().double() for each in logits)) for logits in batches])


def _near(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a.double(), b.double(), rtol=_NEAR, atol=_NEAR / 10)


def _compare(exam: Exam, batches: list[Logits], values: list[Tensor]) -> None:
    given, truth = torch.stack([value.detach() for value in values]), _double(exam.truth, batches)
    if _near(given, truth):
        return
    what, advice = _diagnose(exam, batches, given, truth)
    columns = (
        f"{name} = {numbers(each.flatten().tolist())}"
        for name, each in zip(_NAMES[exam.side], batches[0], strict=True)
    )
    raise exam.fault(
        what,
        got=f"{float(given[0]):.4f} for {', '.join(columns)}",
        allowed=f"{float(truth[0]):.4f}, that is {exam.formula}",
        next=advice,
    )


def _diagnose(exam: Exam, batches: list[Logits], given: Tensor, truth: Tensor) -> tuple[str, str]:
    """Find the wrong variant that gives these values on every batch: one mistake before two."""
    sizes = [len(logits[0]) for logits in batches]
    scales = [
        (factor, torch.tensor([factor.of(n) for n in sizes], dtype=torch.float64))
        for factor in factors(exam.loss, exam.side)
    ]
    variants = [(mistake, _double(mistake.values, batches)) for mistake in _known(exam)]
    found: Iterator[tuple[Mistake | Factor, ...]] = chain(
        ((factor,) for factor, scale in scales if _near(given, scale * truth)),
        ((mistake,) for mistake, wrong_values in variants if _near(given, wrong_values)),
        (
            (mistake, factor)
            for mistake, wrong_values in variants
            for factor, scale in scales
            if _near(given, scale * wrong_values)
        ),
    )
    faults = next(found, None)
    if faults:
        return ", and ".join(fault.what for fault in faults), " ".join(fault.advice for fault in faults)
    ratio, offset = given.double() / truth, given.double() - truth
    if _near(ratio, ratio[:1].expand_as(ratio)):
        return f"it is {float(ratio[0]):.4g} times the right value", "Look for a factor too many or too few."
    if _near(offset, offset[:1].expand_as(offset)):
        return f"it is the right value {float(offset[0]):+.4g}", "Look for a constant that is added."
    return "its value is wrong", "Work the formula out by hand for these logits, term by term."


def _known(exam: Exam) -> tuple[Mistake, ...]:
    if mistakes(exam.loss, exam.side) or exam.side == "generator":
        return mistakes(exam.loss, exam.side)
    swapped = "The first argument holds the logits of real images, the second those of generated ones."
    return (Mistake("real and generated are swapped", swapped, lambda real, fake: exam.truth(fake, real)),)


def _gradient(value: Tensor, logits: Logits) -> tuple[Tensor | None, ...]:
    if not value.requires_grad:
        return (None,) * len(logits)
    return torch.autograd.grad(value, logits, allow_unused=True)


def _truth_gradient(exam: Exam, logits: Logits) -> tuple[Tensor, ...]:
    again = tuple(each.detach().double().requires_grad_() for each in logits)
    return tuple(
        torch.zeros_like(each) if gradient is None else gradient
        for each, gradient in zip(again, _gradient(exam.truth(*again), again), strict=True)
    )


def _check_gradient(exam: Exam, logits: Logits, value: Tensor) -> None:
    pairs = zip(_NAMES[exam.side], _gradient(value, logits), _truth_gradient(exam, logits), strict=True)
    for name, gradient, truth in pairs:
        if gradient is None:
            raise exam.fault(
                f"its value is right, but no gradient reaches {name}",
                got="a tensor cut off from the logits",
                allowed="a tensor that was computed from the logits",
                next="Leave out .detach(), .data, torch.no_grad() and torch.tensor(…) around results.",
            )
        if not _near(gradient, truth):
            raise exam.fault(
                f"its value is right, but not its gradient with respect to {name}",
                got=numbers(gradient.flatten().tolist()),
                allowed=numbers(truth.flatten().tolist()),
                next="Look for a part that is detached, or computed without the logits.",
            )


def _check_large(exam: Exam, logits: Logits) -> None:
    value = exam.ask(logits)
    truth = exam.truth(*(each.detach().double() for each in logits))
    at = ", ".join(
        f"{name} = {float(each.detach()):,g}" for name, each in zip(_NAMES[exam.side], logits, strict=True)
    )
    advice = (
        "Let one function take logarithm and sigmoid together: F.logsigmoid(s), F.softplus(s) or "
        "F.binary_cross_entropy_with_logits; log(1 − σ(s)) = log σ(−s)."
    )
    if not _near(value.detach(), truth):
        raise exam.fault(
            "it is right for small logits and wrong for large ones",
            got=f"{float(value.detach()):.4g} at {at}",
            allowed=f"{float(truth):.4g}",
            next=advice,
        )
    for gradient, wanted in zip(_gradient(value, logits), _truth_gradient(exam, logits), strict=True):
        if gradient is None or not _near(gradient, wanted):
            raise exam.fault(
                "its gradient is wrong for large logits",
                got=f"{'none' if gradient is None else f'{float(gradient):.4g}'} at {at}",
                allowed=f"{float(wanted):.4g}",
                next=advice,
            )
