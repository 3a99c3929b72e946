"""How far a training is, in words."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from gan_widgets.apps.training_series import Series
from gan_widgets.core.words import left

if TYPE_CHECKING:
    from gan_widgets.train.trainer import Trainer


def how_far(trainer: "Trainer", series: Series) -> tuple[str, float | None]:
    """Return where a training stands, in words, and the share of the way; None if it has no end."""
    pace, until = series.recent("seconds"), trainer.until
    words = [f"step {trainer.step:,}" + (f" of {until:,}" if until else "")]
    words.append("running" if trainer.running else "paused")
    if isfinite(pace):
        words.append(f"{in_seconds(pace)} per step")
    if until and trainer.running and isfinite(pace):
        words.append(left((until - trainer.step) * pace))
    return ", ".join(words), min(1.0, trainer.step / until) if until else None


def in_seconds(seconds: float) -> str:
    """Say how long something takes, with two digits that matter.

    >>> in_seconds(0.0123), in_seconds(0.34), in_seconds(12.4)
    ('12 ms', '340 ms', '12 s')
    """
    return f"{float(f'{1000 * seconds:.2g}'):g} ms" if seconds < 1 else f"{float(f'{seconds:.2g}'):g} s"


def notices(*parts: Iterable[str]) -> str:
    """Return sentences on lines of their own, each once.

    >>> print(notices(["G is frozen."], ["", "it $failed$."], ["G is frozen."]))
    G is frozen.
    it $failed$.
    """
    lines = dict.fromkeys(line for part in parts for line in part if line)
    return "\n".join(line[:600] for line in lines)


def table(trainer: "Trainer", series: Series, said: str, noticed: str) -> str:
    """Return what the page shows as text: how far it is, the means of the last steps, what is wrong."""
    recent = {name: series.recent(name) for name in ("d_loss", "g_loss", "d_real", "d_fake", "|D|", "|G|")}
    rows: Sequence[Sequence[str]] = (
        ("", "D", "G"),
        ("loss", _short(recent["d_loss"]), _short(recent["g_loss"])),
        ("score", f"real {_short(recent['d_real'])}", f"generated {_short(recent['d_fake'])}"),
        ("gradient", _short(recent["|D|"]), _short(recent["|G|"])),
        ("lr", f"{trainer.controls.lr_D:g}", f"{trainer.controls.lr_G:g}"),
    )
    lines = [f"{name:10}{d:18}{g}".rstrip() for name, d, g in rows]
    head = f"{said}; means of the last {min(20, len(series))} steps" if len(series) else said
    return "\n".join([head, *lines, *noticed.splitlines()])


def _short(value: float) -> str:
    """Write a number with three digits that matter.

    >>> _short(0.123456), _short(-12.3456), _short(float("nan"))
    ('0.123', '-12.3', '-')
    """
    return f"{value:.3g}" if isfinite(value) else "-"
