"""What a dissection is asked for, checked before anything runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, TypeAlias, get_args

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.live import Mode
from gan_widgets.dissect.scale import Threshold

_BOUNDS: dict[str, tuple[int, float]] = {
    "images": (4, inf),
    "levels": (2, 4096),  # each is counted
    "start": (0, inf),
    "top": (0, inf),
    "batch": (1, inf),
}

Null: TypeAlias = Literal["permutation", "untrained"]


@dataclass(frozen=True)
class Settings:
    """The arguments of `dissect` that are plain values; raises `DissectionError` for what is not legal."""

    images: int = 2000
    threshold: Threshold = "quantile"
    share: float = 0.01
    beside: Sequence[float] = ()
    levels: int = 64
    agreement: float | None = None
    start: int = 0
    part: tuple[int, int] = (0, 1)
    batch: int | None = None
    mode: Mode = "eval"
    null: Null | None = "permutation"
    top: int = 8

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if (value is not None or name != "batch") and not (type(value) is int and least <= value <= most):
                allowed = f"a whole number from {least}" + (f" to {most}" if most < inf else "")
                raise _illegal(name, value, allowed)
        for name, legal in (
            ("threshold", get_args(Threshold)),
            ("mode", get_args(Mode)),
            ("null", (*get_args(Null), None)),
        ):
            if getattr(self, name) not in legal:
                raise _illegal(name, getattr(self, name), f"one of {', '.join(map(repr, legal))}")
        if not (_number(self.share) and 0 < self.share < 1):
            raise _illegal("share", self.share, "0 < share < 1, for instance 0.01")
        beside = self.beside
        if not isinstance(beside, Sequence) or not all(_number(share) and 0 < share < 1 for share in beside):
            raise _illegal("beside", beside, "shares, each 0 < share < 1, for instance (0.005, 0.05)")
        if self.agreement is not None and not (_number(self.agreement) and 0 <= self.agreement < 1):
            raise _illegal("agreement", self.agreement, "None, or a share of pixels in [0, 1)")
        part = self.part
        whole = isinstance(part, Sequence) and len(part) == 2 and all(type(each) is int for each in part)
        if not whole or not 0 <= part[0] < part[1]:
            raise _illegal("part", part, "(k, of) with 0 <= k < of: (0, 2) is the first half")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _illegal(name: str, got: Any, allowed: str) -> DissectionError:  # noqa: ANN401
    return DissectionError(
        problem(f"{name} is not legal.", got=repr(got), allowed=allowed, next=f"Pass another {name}=.")
    )
