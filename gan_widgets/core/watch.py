"""Whether a model is still built as it was when something about it was found out."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from gan_widgets.core.agree import PLAIN

# what every module has, and what compiling one adds: neither says what its forward does
_ALWAYS = frozenset([*vars(nn.Module()), "_compiled_call_impl"])
_ABSENT = object()


class Watch:
    """Remember the attributes of some modules and the children of some, to be compared later.

    Parameters and buffers do not count, nor do hooks and `training` flags. Plain values are compared by
    value, anything else by being the same object.

    >>> model = nn.Sequential(nn.LeakyReLU(0.2), nn.Tanh())
    >>> watch = Watch(model.modules(), model.modules())
    >>> watch.changed() is None
    True
    >>> model[0].negative_slope = 0.1
    >>> watch.changed()
    'LeakyReLU has another negative_slope'
    """

    def __init__(self, attributes: Iterable[nn.Module], children: Iterable[nn.Module]) -> None:
        self._attributes = [(module, len(vars(module)), _own(module)) for module in dict.fromkeys(attributes)]
        self._children = [(module, tuple(module._modules.values())) for module in dict.fromkeys(children)]

    def changed(self) -> str | None:
        """Say what is not as it was, or None while all is."""
        for module, children in self._children:
            if tuple(module._modules.values()) != children:
                return f"{type(module).__name__} has other modules"
        for module, count, known in self._attributes:
            state = vars(module)
            for name, value in known.items():
                held = state.get(name, _ABSENT)
                if held is not value and not _equal(held, value):
                    return f"{type(module).__name__} has another {name}"
            if len(state) != count:
                new = sorted(state.keys() - _ALWAYS - known.keys())
                if new and not _computed(module, state[new[0]]):
                    return f"{type(module).__name__} has a new {new[0]}"
        return None


def _own(module: nn.Module) -> dict[str, Any]:
    state = vars(module).items()
    return {name: value for name, value in state if name not in _ALWAYS and not _computed(module, value)}


def _computed(module: nn.Module, value: object) -> bool:
    """Whether a pre-hook may set this anew in each forward, as the older spectral and weight norms do."""
    return isinstance(value, Tensor) and bool(module._forward_pre_hooks)


def _equal(value: object, known: object) -> bool:
    return type(value) is type(known) and isinstance(value, PLAIN) and value == known
