"""What a check says: that a function is right, or what is wrong with it."""

import linecache
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gan_widgets.core.errors import GanWidgetsError, problem

_HERE = str(Path(__file__).resolve().parents[1])


class CheckError(GanWidgetsError, AssertionError):
    """What is wrong with a reader's function or network: an assertion, with its four parts as words."""

    def _render_traceback_(self) -> list[str]:
        """Show only the words in a notebook: IPython asks for this, and the frames are all a check's own."""
        return [f"✗ {self}"]


def wrong(what: str, *, got: object, allowed: object, next: str) -> CheckError:  # noqa: A002  (as in `problem`)
    """Make the error that says what is wrong."""
    return CheckError(problem(what, got=got, allowed=allowed, next=next))


def right(what: str) -> None:
    """Say that a check has passed."""
    print(f"✓ {what}")


def name_of(fn: object) -> str:
    """Give the name that a reader knows a function or a network by.

    >>> name_of(max), name_of(3)
    ('max', 'int')
    """
    return getattr(fn, "__name__", type(fn).__name__)


def called(fn: Callable[..., Any], *args: object, shown: str) -> Any:  # noqa: ANN401  (whatever a reader's function gives)
    """Call a reader's function; what it raises becomes a `CheckError` with the reader's own line.

    `shown` is the call as a reader would write it.

    >>> called(lambda a: 1 / a, 0, shown="f(0)")
    Traceback (most recent call last):
    gan_widgets.train.check_error.CheckError: f(0) stops with an error.
      got: ZeroDivisionError: division by zero
      ...
    """
    name = shown.partition("(")[0]
    try:
        return fn(*args)
    except NotImplementedError as error:
        raise wrong(
            f"{name} is not written yet.",
            got="NotImplementedError",
            allowed=f"a result for {shown}",
            next="Write your code where the cell says YOUR CODE HERE, in place of the line that raises.",
        ) from error
    except Exception as error:  # a reader's code may raise anything
        raise wrong(
            f"{shown} stops with an error.",
            got=f"{type(error).__name__}: {error}{_line(error)}",
            allowed="a result",
            next=_advice(str(error)),
        ) from error


def numbers(values: Sequence[float]) -> str:
    """Write a few numbers short.

    >>> numbers([0.5, -12.3456, 1e-9])
    '[0.5, -12.35, 1e-09]'
    """
    return "[" + ", ".join(f"{number:.4g}" for number in values) + "]"


def _line(error: Exception) -> str:
    """Give the deepest line that a reader wrote: not one of an installed package or of this one."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)[1:]):
        if "site-packages" not in frame.filename and not frame.filename.startswith(_HERE):
            text = linecache.getline(frame.filename, frame.lineno or 0).strip()
            return f"\n       in {frame.name}, line {frame.lineno}: {text}" if text else ""
    return ""


_ADVICE = (
    ("positional argument", "Give the function these arguments, in this order."),
    ("target size", "Make the labels from the logits, torch.ones_like(logits), so that their shapes agree."),
    ("size mismatch", "Compare the shapes of the two tensors in that line."),
    ("must match the size", "Compare the shapes of the two tensors in that line."),
    ("between 0 and 1", "Logits are no probabilities: take F.binary_cross_entropy_with_logits."),
    ("shapes cannot be multiplied", "Compare the width of the input with in_features of the first layer."),
    ("dtype", "Make new tensors with torch.ones_like or torch.zeros_like: they take the dtype along."),
    ("not defined", "Define that name in a cell above, or mend its spelling, and run the cell."),
)


def _advice(message: str) -> str:
    lower = message.lower()
    found = (words for sign, words in _ADVICE if sign in lower)
    return next(found, "Read the last line of the message, and print the shapes just before that line.")
