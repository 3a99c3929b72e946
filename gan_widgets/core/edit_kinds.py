"""The three kinds of edit: frozen, hashable, equal by value, checked when made.

>>> Ablate("net.6", units=[7, 12]) == Ablate("net.6", units=(7, 12), strength=1.0)
True
"""

from collections.abc import Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from torch import Tensor

from gan_widgets.core import quantities
from gan_widgets.core.edit_law import Law
from gan_widgets.core.errors import EditError, problem
from gan_widgets.core.quantities import Mask, PerUnit

Measured: TypeAlias = Literal["mean", "resample"]
"""Values that come from running the model; see `gan_widgets.core.reference`."""


class _Edit:
    """What the three kinds of edit have in common. Their fields are checked here, in plain Python values."""

    layer: str
    units: tuple[int, ...]
    strength: PerUnit
    mask: Mask | None
    _law: Law

    def __post_init__(self) -> None:
        if not isinstance(self.layer, str) or not self.layer:
            raise EditError(
                problem(
                    "An edit names its layer.",
                    got=repr(self.layer),
                    allowed="a layer's name, such as 'net.6'",
                    next="gw.layers(model, latents) lists them.",
                )
            )
        units = quantities.units(self.units)
        strength = quantities.levels(self.strength, len(units), "strength", 0.0, 1.0)
        vars(self).update(units=units, strength=strength, mask=quantities.mask(self.mask))

    def said(self) -> dict[str, Any]:
        """Return the fields after `layer` that are not at their default."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)[1:]}  # type: ignore[arg-type]
        return {
            name: value for name, (value, default) in values.items() if default is MISSING or value != default
        }

    @property
    def law(self) -> Law:
        """The arithmetic of this edit."""
        return self._law

    @property
    def measured(self) -> Measured | None:
        """The value that has to be measured on the model before this edit can act, if it has one."""
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        # without the tensors made for some device
        return type(self), tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]

    def __repr__(self) -> str:
        kept = ", ".join(f"{name}={value!r}" for name, value in self.said().items())
        return f"{type(self).__name__}({self.layer!r}, {kept})"


@dataclass(frozen=True, repr=False)
class Ablate(_Edit):
    """Turn units off: their value becomes `value`, by default zero.

    `units` are distinct channel numbers from 0 on. `strength` in [0, 1] is one number or one per unit.
    `mask`, `(h, w)` on the layer's grid, in [0, 1] or bool, says where (None: everywhere). `value` is
    `"zero"`, `"mean"` (the unit's mean over a bank of seeds), `"resample"` (the unit's map for another seed),
    a number, or one number per unit. Raises `EditError` for anything else; NaN and infinities are refused.

    >>> Ablate("net.6", units=range(2), strength=0.5, value="mean")
    Ablate('net.6', units=(0, 1), strength=0.5, value='mean')
    """

    layer: str
    units: tuple[int, ...]
    strength: PerUnit = 1.0
    mask: Mask | None = None
    value: Literal["zero", "mean", "resample"] | PerUnit = "zero"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.value, str):
            vars(self).update(value=quantities.levels(self.value, len(self.units), "value"))
        elif self.value not in ("zero", "mean", "resample"):
            raise EditError(
                problem(
                    "The value of an ablation has no such name.",
                    got=repr(self.value),
                    allowed="'zero', 'mean', 'resample', a number, or a number per unit",
                    next="Pass value='zero'.",
                )
            )
        value = 0.0 if isinstance(self.value, str) else self.value
        vars(self).update(_law=Law(self.units, self.strength, self.mask, value=value))

    @property
    def measured(self) -> Measured | None:
        """`"mean"` or `"resample"` where that is the value."""
        return self.value if self.value in ("mean", "resample") else None

    if TYPE_CHECKING:

        def __init__(
            self,
            layer: str,
            units: Iterable[int] | Tensor,
            strength: float | Sequence[float] | Tensor = 1.0,
            mask: Any = None,  # noqa: ANN401
            value: str | float | Sequence[float] | Tensor = "zero",
        ) -> None: ...


@dataclass(frozen=True, repr=False)
class Insert(_Edit):
    """Put units to a value, one number or one per unit; the other fields are those of `Ablate`.

    >>> Insert("net.6", units=[7], value=2, mask=[[0, 1]])
    Insert('net.6', units=(7,), value=2.0, mask=((0.0, 1.0),))
    """

    layer: str
    units: tuple[int, ...]
    value: PerUnit
    strength: PerUnit = 1.0
    mask: Mask | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        value = quantities.levels(self.value, len(self.units), "value")
        vars(self).update(value=value, _law=Law(self.units, self.strength, self.mask, value=value))

    if TYPE_CHECKING:

        def __init__(
            self,
            layer: str,
            units: Iterable[int] | Tensor,
            value: float | Sequence[float] | Tensor,
            strength: float | Sequence[float] | Tensor = 1.0,
            mask: Any = None,  # noqa: ANN401
        ) -> None: ...


@dataclass(frozen=True, repr=False)
class Scale(_Edit):
    """Multiply units by a factor, one number or one per unit; the other fields are those of `Ablate`.

    >>> Scale("net.6", units=[7], factor=-1)
    Scale('net.6', units=(7,), factor=-1.0)
    """

    layer: str
    units: tuple[int, ...]
    factor: PerUnit
    strength: PerUnit = 1.0
    mask: Mask | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        factor = quantities.levels(self.factor, len(self.units), "factor")
        vars(self).update(factor=factor, _law=Law(self.units, self.strength, self.mask, factor=factor))

    if TYPE_CHECKING:

        def __init__(
            self,
            layer: str,
            units: Iterable[int] | Tensor,
            factor: float | Sequence[float] | Tensor,
            strength: float | Sequence[float] | Tensor = 1.0,
            mask: Any = None,  # noqa: ANN401
        ) -> None: ...


Edit: TypeAlias = Ablate | Insert | Scale
"""What a recipe is made of."""
