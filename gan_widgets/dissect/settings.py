"""What a dissection is asked for, checked before anything runs."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from gan_widgets.core.errors import DissectionError, problem
from gan_widgets.core.live import Mode
from gan_widgets.dissect.scale import Threshold

Null: TypeAlias = Literal["permutation", "untrained"]


@dataclass(frozen=True)
class Settings:
    """The arguments of `dissect` that are plain values; raises `DissectionError` for what is not legal."""

    images: int = 2000
    threshold: Threshold = "quantile"
    share: float = 0.01
    beside: tuple[float, ...] = ()
    levels: int = 64
    agreement: float | None = None
    start: int = 0
    part: tuple[int, int] = (0, 1)
    batch: int | None = None
    mode: Mode = "eval"
    null: Null | None = "permutation"
    top: int = 8

    def __post_init__(self) -> None:
        for name, least in (("images", 4), ("levels", 2), ("start", 0), ("top", 0), ("batch", 1)):
            value = getattr(self, name)
            if (value is not None or name != "batch") and (type(value) is not int or value < least):
                raise _illegal(name, value, f"a whole number from {least}")
        for name, legal in (
            ("threshold", get_args(Threshold)),
            ("mode", get_args(Mode)),
            ("null", (*get_args(Null), None)),
        ):
            if getattr(self, name) not in legal:
                raise _illegal(name, getattr(self, name), f"one of {', '.join(map(repr, legal))}")
        for name, shares in (("share", (self.share,)), ("beside", self.beside)):
            if not all(isinstance(share, int | float) and 0 < share < 1 for share in shares):
                raise _illegal(name, getattr(self, name), "0 < share < 1, for instance 0.01")
        if self.agreement is not None and not 0 <= self.agreement < 1:
            raise _illegal("agreement", self.agreement, "None, or a share of pixels in [0, 1)")
        k, of = self.part
        if not 0 <= k < of:
            raise _illegal("part", self.part, "(k, of) with 0 <= k < of: (0, 2) is the first half")


def _illegal(name: str, got: Any, allowed: str) -> DissectionError:  # noqa: ANN401
    return DissectionError(
        problem(f"{name} is not legal.", got=repr(got), allowed=allowed, next=f"Pass another {name}=.")
    )
