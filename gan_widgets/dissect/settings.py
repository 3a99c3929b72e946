"""What a dissection is asked for, checked before anything runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, TypeAlias, get_args

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.live import Mode
from gan_widgets.core.numbers import is_number
from gan_widgets.core.quantities import whole_or_none
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
    """The arguments of `dissect` as plain values; raises `DissectionError` for what is not legal.

    Numbers of any library become Python's own.

    >>> import numpy as np
    >>> Settings(images=np.int64(64), share=np.float64(0.05)).share
    0.05
    """

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
            if value is None and name == "batch":
                continue
            number = whole_or_none(value, least)
            if number is None or number > most:
                allowed = f"a whole number from {least}" + (f" to {most}" if most < inf else "")
                raise _illegal(name, value, allowed)
            self._keep(name, number)
        for name, legal in (
            ("threshold", get_args(Threshold)),
            ("mode", get_args(Mode)),
            ("null", (*get_args(Null), None)),
        ):
            if getattr(self, name) not in legal:
                raise _illegal(name, getattr(self, name), f"one of {', '.join(map(repr, legal))}")
        if not (is_number(self.share) and 0 < self.share < 1):
            raise _illegal("share", self.share, "0 < share < 1, for instance 0.01")
        self._keep("share", float(self.share))
        beside = self.beside
        if not isinstance(beside, Sequence) or not all(
            is_number(share) and 0 < share < 1 for share in beside
        ):
            raise _illegal("beside", beside, "shares, each 0 < share < 1, for instance (0.005, 0.05)")
        self._keep("beside", tuple(map(float, beside)))
        if self.agreement is not None:
            if not (is_number(self.agreement) and 0 <= self.agreement < 1):
                raise _illegal("agreement", self.agreement, "None, or a share of pixels in [0, 1)")
            self._keep("agreement", float(self.agreement))
        part = tuple(map(whole_or_none, self.part)) if isinstance(self.part, Sequence) else ()
        if len(part) != 2 or part[0] is None or part[1] is None or not 0 <= part[0] < part[1]:
            raise _illegal("part", self.part, "(k, of) with 0 <= k < of: (0, 2) is the first half")
        self._keep("part", part)

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _illegal(name: str, got: Any, allowed: str) -> DissectionError:  # noqa: ANN401
    return DissectionError(
        problem(f"{name} is not legal.", got=repr(got), allowed=allowed, next=f"Pass another {name}=.")
    )
