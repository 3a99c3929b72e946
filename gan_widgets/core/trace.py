"""What follows a layer in any model: its operations, recorded once and cut in two at the layer.

`record` runs the model with PyTorch's tracer, so loops, skip connections, repeated modules and operations
outside of modules come out as one list of operations on tensors, free of in-place writes. What the layer's
tensor does not reach is computed once per cut; only what it reaches is run again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from operator import getitem
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.func import functionalize
from torch.fx.experimental.proxy_tensor import make_fx

from gan_widgets.core.agree import PLAIN, leaves
from gan_widgets.core.hooks import Hooks
from gan_widgets.core.inputs import each, tensors
from gan_widgets.core.live import Inputs, call

Slot = tuple[dict[str, Any], str]
"""Where a weight lives: the dict of its module and its name there. Read at every run, so never stale."""


class UntraceableError(Exception):
    """The model's operations cannot be recorded; the text says why, to follow "because"."""


@dataclass(frozen=True, eq=False)
class Program:
    """The recorded operations of a model for inputs of one form, before and after a layer.

    `steps` is the number of operations after the layer, `skips` the number of tensors they need from before.
    With `writes`, running it updates statistics of BatchNorm: only inside `quiet`, then.
    """

    steps: int
    skips: int
    writes: bool
    _before: Callable[..., Any]
    _before_weights: tuple[Slot, ...]
    _after: Callable[..., Any]
    _after_weights: tuple[Slot, ...]
    _form: Any

    def prefix(self, inputs: Inputs) -> tuple[Tensor, list[Tensor]]:
        """Give the layer's tensor, and the tensors from before the layer that are needed after it."""
        tap, *skips = self._before(*tensors(inputs), *(home[name] for home, name in self._before_weights))
        return tap, skips

    def suffix(self, h: Tensor, skips: Iterable[Tensor]) -> Any:  # noqa: ANN401
        """Run the operations after the layer on `h`; gives what the model would."""
        values = self._after(h, *skips, *(home[name] for home, name in self._after_weights))
        return values[0] if self._form is None else _filled(self._form, values)


class _Hole:
    """Stands for a tensor in the form of an output."""


def record(root: nn.Module, layer: str, inputs: Inputs, activation: Tensor, output: Any) -> Program:  # noqa: ANN401
    """Record the operations of `root`; call this inside `quiet`. Raises `UntraceableError`.

    `activation` and `output` are what the layer and the model give for these inputs.
    """
    groups = _weights(root)
    form, given = _form(output), len(tensors(inputs))

    def run(parts: list[Tensor], weights: list[Tensor], h: Tensor) -> list[Tensor]:
        seen: list[Tensor] = []

        def swap(_: object, tensor: Tensor) -> Tensor:
            seen.append(tensor.clone())
            return torch.ops.aten.clone.default(h)  # type: ignore[no-any-return]  # marks the place of the layer

        rest = iter(parts)
        with _lent(groups, weights):
            hooks = Hooks(root, [layer], swap, reads=False)
            try:
                result = call(root, each(inputs, lambda _: next(rest)))
            finally:
                hooks.close()
        if hooks.failure is not None:
            raise hooks.failure[1]
        return [seen[0], *_distinct(result)]

    slots = [group[0] for group in groups]
    weights = [home[name] for home, name in slots]
    try:
        # compiled parts run as plain Python here (see `quiet`), so they may be recorded like any others
        with torch._dynamo.config.patch(error_on_nested_fx_trace=False):
            traced = make_fx(functionalize(run, remove="mutations"))(tensors(inputs), weights, activation)
    except Exception as error:  # the user's forward meets a tracer, and may fail in any way
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UntraceableError(f"its forward cannot be recorded ({text[:160]})") from error
    return _cut(traced, given, slots, form)


def _weights(root: nn.Module) -> list[list[Slot]]:
    """Give where each parameter and buffer lives; tied ones have several places."""
    found: dict[int, list[Slot]] = {}
    for module in root.modules():
        for home in (module._parameters, module._buffers):
            for name, tensor in home.items():
                if tensor is not None:
                    found.setdefault(id(tensor), []).append((home, name))
    return list(found.values())


@contextmanager
def _lent(groups: list[list[Slot]], weights: list[Tensor]) -> Iterator[None]:
    """Put `weights` in the places of the model's own inside the block.

    Not by `torch.func.functional_call`: it leaves its tensors in a model that holds a module twice.
    """
    kept = [(home, name, home[name]) for group in groups for home, name in group]
    try:
        for group, weight in zip(groups, weights, strict=True):
            for home, name in group:
                home[name] = weight
        yield
    finally:
        for home, name, weight in kept:
            home[name] = weight


def _distinct(output: Any) -> list[Tensor]:  # noqa: ANN401
    return list({id(leaf): leaf for leaf in leaves(output) if isinstance(leaf, Tensor)}.values())


def _form(output: Any) -> tuple[Any, list[_Hole]] | None:  # noqa: ANN401
    """Give the output with holes for its tensors, or None when it is a tensor itself."""
    if isinstance(output, Tensor):
        return None
    strange = next((leaf for leaf in leaves(output) if not isinstance(leaf, (Tensor, *PLAIN))), None)
    if strange is not None:
        raise UntraceableError(f"its output holds a {type(strange).__name__}, which may hide tensors")
    found = _distinct(output)
    holes = [_Hole() for _ in found]
    memo = {id(tensor): hole for tensor, hole in zip(found, holes, strict=True)}
    return deepcopy(output, memo), holes


def _filled(form: tuple[Any, list[_Hole]], values: Iterable[Tensor]) -> Any:  # noqa: ANN401
    template, holes = form
    return deepcopy(template, {id(hole): value for hole, value in zip(holes, values, strict=True)})


def _cut(traced: fx.GraphModule, given: int, slots: list[Slot], form: Any) -> Program:  # noqa: ANN401
    nodes = list(traced.graph.nodes)
    placed = [node for node in nodes if node.op == "placeholder"]
    parts, weights, h = placed[:given], placed[given:-1], placed[-1]
    (tap, *outs) = next(node for node in nodes if node.op == "output").args[0]
    mark = next(iter(h.users))
    mark.replace_all_uses_with(h)
    outs = [h if out is mark else out for out in outs]
    from_h, from_inputs = _reach([h]), _reach(parts)
    early = set(nodes[: nodes.index(mark)])

    def known(node: fx.Node) -> bool:
        return node in parts or (
            node.op == "call_function" and node not in from_h and (node in from_inputs or node in early)
        )

    after = _needed(outs, stop=known)
    skips = [node for node in nodes if node in after and known(node)]
    after -= set(skips)
    before = _needed([tap, *skips], stop=lambda _: False)
    if h in before:
        raise UntraceableError("the layer's own tensor depends on what follows it")
    _refuse_effects(node for node in nodes if node in after or node in before)
    slot = dict(zip(weights, slots, strict=True))
    used = [[node for node in weights if node in half] for half in (before, after)]
    return Program(
        steps=sum(node.op == "call_function" and node.target is not getitem for node in after),
        skips=len(skips),
        writes=any(map(_updates, after | before)),
        _before=_compiled(traced, nodes, before, [*parts, *used[0]], [tap, *skips]),
        _before_weights=tuple(slot[node] for node in used[0]),
        _after=_compiled(traced, nodes, after, [h, *skips, *used[1]], outs),
        _after_weights=tuple(slot[node] for node in used[1]),
        _form=form,
    )


def _reach(start: list[fx.Node]) -> set[fx.Node]:
    reached, ahead = set(start), list(start)
    while ahead:
        for user in ahead.pop().users:
            if user not in reached:
                reached.add(user)
                ahead.append(user)
    return reached


def _needed(ends: Iterable[fx.Node], stop: Callable[[fx.Node], bool]) -> set[fx.Node]:
    needed: set[fx.Node] = set()
    ahead = list(ends)
    while ahead:
        node = ahead.pop()
        if node not in needed:
            needed.add(node)
            ahead += [] if stop(node) else node.all_input_nodes
    return needed


def _refuse_effects(nodes: Iterator[fx.Node]) -> None:
    for node in nodes:
        if not isinstance(node.target, torch._ops.OpOverload):
            continue
        if torch.Tag.nondeterministic_seeded in node.target.tags and not _without_dropout(node):
            raise UntraceableError(f"it draws random numbers ({node.target})")
        if node.target._schema.is_mutable:
            raise UntraceableError(f"it writes in place where that cannot be recorded ({node.target})")


def _without_dropout(node: fx.Node) -> bool:
    """Whether this is an attention that could drop weights at random, and drops none."""
    names = [argument.name for argument in node.target._schema.arguments]  # type: ignore[union-attr]
    if "dropout_p" not in names:
        return False
    place = names.index("dropout_p")
    given = node.args[place] if place < len(node.args) else node.kwargs.get("dropout_p", 0.0)
    return bool(given == 0.0)


def _updates(node: fx.Node) -> bool:
    """Whether this is a batch norm in training mode, which writes although its schema does not say so."""
    names = ("native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm")
    overload = getattr(node.target, "overloadpacket", None)
    return getattr(overload, "__name__", None) in names and node.args[3] is not None and node.args[5] is True


def _compiled(
    traced: fx.GraphModule,
    nodes: list[fx.Node],
    keep: set[fx.Node],
    taken: list[fx.Node],
    given: list[fx.Node],
) -> Callable[..., Any]:
    """Make a function of the values `taken` that gives those of `given`, running only the nodes to keep."""
    graph = fx.Graph()
    twins = {node: graph.placeholder(f"taken_{k}") for k, node in enumerate(taken)}
    for node in nodes:
        if node in keep and node not in twins:
            twins[node] = graph.node_copy(node, twins.__getitem__)
    graph.output(tuple(twins[node] for node in given))
    # the forward of a GraphModule by itself: no module call, no hooks
    return fx.GraphModule(traced, graph).forward
