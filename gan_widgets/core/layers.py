"""Which layers a model really ran, found in one probe forward.

>>> from torch import nn
>>> from gan_widgets.core.latents import normal
>>> model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Unflatten(1, (2, 2, 2)))
>>> layers(model, normal(3))
layer  kind       units  map  calls
0      Linear         8  -        1
1      ReLU           8  -        1
2      Unflatten      2  2×2      1
>>> layers(model, normal(3))["2"]
LayerInfo(name='2', kind='Unflatten', units=2, size=(2, 2), calls=1, aliases=(), tied=())
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast, overload

import torch
from torch import nn
from torch.nn.utils import parametrize

from gan_widgets.core.errors import LatentsError, UnknownLayerError, problem
from gan_widgets.core.fitting import fitting
from gan_widgets.core.hooks import alone
from gan_widgets.core.inputs import try_out
from gan_widgets.core.latents import Latents
from gan_widgets.core.live import Inputs, Mode, quiet, unwrap
from gan_widgets.core.memory import out_of_memory
from gan_widgets.core.names import ambiguous, named, nearest, unknown
from gan_widgets.core.outputs import tensor_of

_FEATURES_LAST = (
    nn.Linear,
    nn.Bilinear,
    nn.Embedding,
    nn.MultiheadAttention,
    nn.RNNBase,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)
_PROBE = (0, 1)  # seeds
_Ran: TypeAlias = tuple[nn.Module, tuple[int, ...] | None, torch.dtype | None]


@dataclass(frozen=True)
class LayerInfo:
    """A layer as it ran: one call of one module.

    `name` is the module's dotted name, or `name#k` for the k-th call (from 0) of a module that one forward
    calls more than once. `kind` is its class. `units` is the size of dimension 1 of its output. `size` is
    `(h, w)` of its maps, `()` when it is fully connected, as many numbers as there are further dimensions
    otherwise. `calls` counts the module's calls per forward. `aliases` are other names of the same module;
    `tied` are names of other modules that share a parameter with it. `dtype` is that of its output, where it
    is known.
    """

    name: str
    kind: str
    units: int
    size: tuple[int, ...]
    calls: int = 1
    aliases: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    dtype: torch.dtype | None = field(default=None, repr=False, compare=False)


class Layers(Sequence[LayerInfo]):
    """The layers of a model in the order they ran; found by name with `layers["net.6"]`, or by place.

    `left_out` gives, for each module that ran but is not listed, the reason.
    """

    def __init__(self, infos: Iterable[LayerInfo], left_out: Mapping[str, str] | None = None) -> None:
        self._infos = tuple(infos)
        self.left_out = dict(left_out or {})
        self._by_name = {name: info for info in self._infos for name in (*info.aliases, info.name)}

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order the layers ran."""
        return tuple(info.name for info in self._infos)

    def find(self, name: str) -> LayerInfo:
        """Return the layer of this name or alias; raises `UnknownLayerError` with the nearest names."""
        if name in self._by_name:
            return self._by_name[name]
        repeated = self._by_name.get(f"{name}#0")
        if repeated is not None:
            raise ambiguous(name, repeated.calls)
        if name in self.left_out:
            near = f"Take a layer near it: {nearest(name, self.names)}."
            raise UnknownLayerError(
                problem(
                    f"Layer {name!r} has no units to read: {self.left_out[name]}.",
                    got=repr(name),
                    allowed="a layer whose output is (n, units) or (n, units, h, w)",
                    next=near if self._infos else "Add a submodule that puts its units on dimension 1.",
                )
            )
        raise unknown(name, self.names)

    def __contains__(self, item: object) -> bool:
        return item in self._by_name if isinstance(item, str) else item in self._infos

    def __len__(self) -> int:
        return len(self._infos)

    @overload
    def __getitem__(self, key: int | str) -> LayerInfo: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[LayerInfo, ...]: ...
    def __getitem__(self, key: int | str | slice) -> LayerInfo | tuple[LayerInfo, ...]:
        return self.find(key) if isinstance(key, str) else self._infos[key]

    def __repr__(self) -> str:
        rows = [("layer", "kind", "units", "map", "calls"), *map(_row, self._infos)]
        wide = [max(len(row[k]) for row in rows) for k in range(5)]
        return "\n".join(
            f"{name:<{wide[0]}}  {kind:<{wide[1]}}  {units:>{wide[2]}}  {size:<{wide[3]}}  {calls:>{wide[4]}}"
            for name, kind, units, size, calls in rows
        )


def _row(info: LayerInfo) -> tuple[str, str, str, str, str]:
    name = " = ".join((info.name, *info.aliases))
    if info.tied:
        name += f" (tied to {', '.join(info.tied)})"
    return name, info.kind, str(info.units), "×".join(map(str, info.size)) or "-", str(info.calls)


def layers(model: nn.Module, latents: Latents | Callable[[int], Any], *, mode: Mode = "eval") -> Layers:
    """Run `model` once on two latents and list every layer that gave a floating tensor, batch first.

    Where memory is too small for two, one will do. Latents go to the model's device and dtype.

    Outputs wrapped in tuples, dicts and dataclasses count by their first such tensor. One of three
    dimensions is read as `(n, units, t)`; modules known to put features last on sequences (`nn.Linear`,
    attention, recurrent and transformer layers) have no units on dimension 1 and are named in `left_out`.
    Raises `RefusedModelError` for models that cannot be read, `LatentsError` when the model fails.
    """
    root = unwrap(model)
    draw = fitting(latents, root)
    known = named(root)
    try:
        return _listed(known, _ran(root, known, draw(_PROBE), mode), len(_PROBE))
    except LatentsError as error:
        if not out_of_memory(error):
            raise
    return _listed(known, _ran(root, known, draw(_PROBE[:1]), mode), 1)


def _ran(root: nn.Module, known: dict[str, nn.Module], inputs: Inputs, mode: Mode) -> list[_Ran]:
    """Run the model, and give each call of each module with the shape and the dtype of what it gave."""
    ran: list[_Ran] = []

    def note(module: nn.Module, _: object, output: object) -> None:
        tensor = tensor_of(output)
        ran.append((module, None, None) if tensor is None else (module, tuple(tensor.shape), tensor.dtype))

    handles = []
    try:
        for module in dict.fromkeys(known.values()):
            handles.append(module.register_forward_hook(note))  # noqa: PERF401  (those in place are removed)
        with quiet(root, mode), alone():
            try_out(root, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return ran


def _listed(known: dict[str, nn.Module], ran: list[_Ran], batch: int) -> Layers:
    names: dict[nn.Module, list[str]] = defaultdict(list)
    for name, module in known.items():
        names[module].append(name)
    tied = _tied(names)
    calls = Counter(module for module, *_ in ran)
    seen: Counter[nn.Module] = Counter()
    infos, left_out = [], {}
    for module, shape, dtype in ran:
        mark = f"#{seen[module]}" if calls[module] > 1 else ""
        seen[module] += 1
        name, *aliases = (name + mark for name in names[module])
        reason = _unreadable(module, shape, batch)
        if reason is None and mark and name in known:
            reason = f"another module is itself named {name!r}"
        if shape is None or reason is not None:
            left_out[name] = reason or "it gave no tensor"
        else:
            kind = parametrize.type_before_parametrizations(module).__name__
            also, kin = tuple(aliases), tied.get(module, ())
            infos.append(LayerInfo(name, kind, shape[1], shape[2:], calls[module], also, kin, dtype))
    return Layers(infos, left_out)


def _unreadable(module: nn.Module, shape: tuple[int, ...] | None, batch: int) -> str | None:
    if shape is None:
        return "its output holds no floating tensor of two or more dimensions"
    if shape[0] != batch:
        return f"its output {shape} does not start with the batch of {batch}"
    last = isinstance(module, _FEATURES_LAST)
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        last = len(module.normalized_shape) < len(shape) - 1
    if last and len(shape) > 2:
        return f"its output {shape} has features last"
    return None


def _tied(names: dict[nn.Module, list[str]]) -> dict[nn.Module, tuple[str, ...]]:
    """Return, for modules that share a parameter with others, the others' names."""
    owners: dict[int, list[nn.Module]] = defaultdict(list)
    for module in names:
        parameters = list(module.parameters(recurse=False))
        if parametrize.is_parametrized(module):
            parameters += cast(nn.ModuleDict, module.parametrizations).parameters()
        for key in {id(parameter) for parameter in parameters}:
            owners[key].append(module)
    tied: dict[nn.Module, list[str]] = defaultdict(list)
    for group in owners.values():
        for module in group:
            others = (names[other][0] for other in group if other is not module)
            tied[module] += [name for name in others if name not in tied[module]]
    return {module: tuple(others) for module, others in tied.items() if others}
