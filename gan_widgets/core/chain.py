"""What follows a layer in a chain of modules: nested `nn.Sequential`, and modules that only call one."""

from typing import Any

from torch import Tensor, nn

from gan_widgets.core.kept import foreign, kept
from gan_widgets.core.live import Inputs, compiled, quiet
from gan_widgets.core.names import Target
from gan_widgets.core.watch import Watch
from gan_widgets.core.whole import Cut, Still, Whole


class Chain:
    """Run only the modules after the layer, one by one, as their containers would.

    The modules themselves run, so their hooks fire. A container's own hooks would not: while there are any,
    and once modules or a container's attributes are others, it is stale.
    """

    def __init__(self, whole: Whole, tail: tuple[nn.Module, ...], containers: tuple[nn.Module, ...]) -> None:
        self.whole, self.tail, self.containers = whole, tail, containers
        self._within = list(dict.fromkeys(module for top in tail for module in top.modules()))
        self._flag = {"eval": False, "train": True, "asis": None}[whole.mode]
        self._foreign = [module for module in self._within if foreign(module)]
        self._watch = Watch([whole.root, *containers], [whole.root, *containers, *self._within])
        self._careful = self._flag is None or any(map(compiled, self._within))

    def stale(self) -> str | None:
        """Say why the whole model has to run now, or None."""
        for module in self.containers:
            if module._forward_hooks:
                return f"a hook sits on {type(module).__name__}"
        return self._watch.changed()

    def prefix(self, inputs: Inputs) -> Cut:
        """Run the model up to the layer."""
        return self.whole.prefix(inputs)

    def suffix(self, _cut: Cut, h: Tensor) -> Any:  # noqa: ANN401
        """Run the modules after the layer on `h`: in `quiet`, or at a tenth of its cost where they let us."""
        careful, flag, flipped = self._careful, self._flag, []
        for m in self._within:
            if m._forward_hooks or m._forward_pre_hooks or m._compiled_call_impl or (flag and m._buffers):
                careful = True
            if m.training is not flag:
                flipped.append(vars(m))
        if careful:
            with quiet(self.whole.root, self.whole.mode):
                return self.run(h)
        try:
            for state in flipped:
                state["training"] = flag
            with Still():
                if not self._foreign:
                    return self.run(h)
                with kept(self._foreign):
                    return self.run(h)
        finally:
            for state in flipped:
                state["training"] = not flag

    def run(self, h: Tensor) -> Any:  # noqa: ANN401
        """Call the modules after the layer, in whatever mode they are."""
        for module in self.tail:
            h = module(h)
        return h


def chain(whole: Whole, target: Target) -> Chain | None:
    """Give the chain after a call of a module, or None when the module is in no chain.

    What is found is a guess to be checked: a module that is not an `nn.Sequential` may do more than to call
    its children in order.
    """
    found = _after(whole.root, target.module, [target.call or 0])
    return None if found is None else Chain(whole, tuple(found[0]), tuple(found[1]))


def _after(
    module: nn.Module, target: nn.Module, calls_left: list[int]
) -> tuple[list[nn.Module], list[nn.Module]] | None:
    """Give the modules that run after the target inside `module`, and the containers passed on the way."""
    if module is target:
        calls_left[0] -= 1
        return ([], []) if calls_left[0] < 0 else None
    children = list(module._modules.values())
    plain = type(module).forward is nn.Sequential.forward
    for k, child in enumerate(children):
        found = None if child is None else _after(child, target, calls_left)
        if found is not None:
            tail, containers = found
            rest = [after for after in children[k + 1 :] if after is not None] if plain else []
            return tail + rest, [*containers, module]
    return None
