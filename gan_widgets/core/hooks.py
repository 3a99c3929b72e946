"""Forward hooks of ours on some layers of one model: placed together, removed together, never in the way.

What reads (`capture`) and what writes (`intervene`) are both `Hooked`: they differ in what they do to a
tensor.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ClassVar

from torch import Tensor, nn

from gan_widgets.core.errors import GanWidgetsError, HookFailedError, RefusedModelError, problem
from gan_widgets.core.live import eager, unwrap
from gan_widgets.core.names import Target, ambiguous, resolve
from gan_widgets.core.outputs import replace, tensor_of


class _Place(threading.local):
    """Where this thread is in a forward of the whole model: threads may run one at the same time."""

    def __init__(self) -> None:
        self.running = False
        self.seen: Counter[Target] = Counter()


React = Callable[[Target, Tensor], Tensor | None]
"""What to do with the tensor of a layer's output: give another one in its place, or None to leave it."""

_depth: ContextVar[int] = ContextVar("gan_widgets_depth", default=0)


@contextmanager
def alone() -> Iterator[None]:
    """Run forwards that none of the captures and edits entered outside of the block see or change."""
    token = _depth.set(_depth.get() + 1)
    try:
        yield
    finally:
        _depth.reset(token)


class Hooks:
    """The hooks of one entry into a context, in place from the moment this is made until `close`.

    Calls of a module are counted from the start of each forward of the whole model. The first failure is
    kept, and the forward goes on as if the hook were not there.
    """

    def __init__(
        self,
        model: nn.Module,
        names: Iterable[str],
        react: React,
        *,
        reads: bool,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        self.react = react
        self.reads = reads
        self._begin = begin
        self.forwards = 0
        self.place = _Place()
        self.failure: tuple[Target, Exception] | None = None
        root = unwrap(model)
        _refuse_replicas(model)
        self.layers = [_LayerHook(self, target) for target in resolve(root, dict.fromkeys(names))]
        self._depth = _depth.get()
        self._open = True
        with ExitStack() as stack:
            stack.enter_context(eager())
            stack.callback(root.register_forward_pre_hook(_Begin(self), prepend=True).remove)
            stack.callback(root.register_forward_hook(_End(self), always_call=True).remove)
            for hook in self.layers:
                stack.callback(hook.target.module.register_forward_hook(hook).remove)
                _readers_last(hook.target.module)
            self._stack = stack.pop_all()

    @property
    def listening(self) -> bool:
        """Whether a forward that runs now is one that these hooks are meant for."""
        return self._open and self._depth == _depth.get()

    def begin(self) -> None:
        """Start counting calls anew: the whole model begins a forward."""
        self.place.running = True
        self.place.seen.clear()
        self._begin()

    def close(self) -> None:
        """Remove every hook; harmless when done before."""
        self._open = False
        self._stack.close()
        # each of our hooks knows its owner and is known to it: without this, what a context has read would
        # stay until the next garbage collection
        self.react = self._begin = _leave


def _leave(*_: object) -> None:
    """Do nothing: what hooks that were closed would do."""


class _Hook:
    """A hook that a copy or a pickle of the model, made while it is in place, does not take along."""

    def __init__(self, owner: Hooks) -> None:
        self.owner = owner

    def __reduce__(self) -> tuple[Any, ...]:
        return _Nothing, ()


class _Nothing:
    """What stands in a copied model where one of our hooks stood in the original."""

    def __call__(self, *_: object) -> None:
        return None


class _Begin(_Hook):
    def __call__(self, *_: object) -> None:
        if self.owner.listening:
            self.owner.begin()


class _End(_Hook):
    def __call__(self, _module: nn.Module, _inputs: object, output: object) -> None:
        if self.owner.listening:
            self.owner.place.running = False
            self.owner.forwards += output is not None  # None: the forward raised


class _LayerHook(_Hook):
    def __init__(self, owner: Hooks, target: Target) -> None:
        super().__init__(owner)
        self.target = target
        self.most = 0
        self.fired = False

    def __call__(self, module: nn.Module, _inputs: object, output: Any) -> Any:  # noqa: ANN401
        owner = self.owner
        if not owner.listening:
            return None
        place = owner.place
        if place.running:
            k = place.seen[self.target]
            place.seen[self.target] += 1
            self.most = max(self.most, k + 1)
            if k != (self.target.call or 0):
                return None
        self.fired = True
        try:
            tensor = self._tensor(module, output)
            new = owner.react(self.target, tensor)
            return None if new is None else replace(output, new)
        except Exception as error:  # noqa: BLE001  (the user's forward goes on; leaving the context raises it)
            owner.failure = owner.failure or (self.target, error)
            return None

    def _tensor(self, module: nn.Module, output: Any) -> Tensor:  # noqa: ANN401
        if module is not self.target.module:
            raise RefusedModelError(_REPLICAS)
        if self.target.call is not None and not self.owner.place.running:
            raise HookFailedError(
                problem(
                    "Calls are counted from the start of the whole model's forward.",
                    got="a part of the model was called by itself",
                    allowed="a call of the model that the context was given",
                    next=f"Call the whole model, or name the layer {self.target.name.rpartition('#')[0]!r}.",
                )
            )
        tensor = tensor_of(output)
        if tensor is None:
            raise HookFailedError(
                problem(
                    "The layer's output holds no floating tensor of two or more dimensions.",
                    got=type(output).__name__,
                    allowed="(n, units, …), alone or in a tuple, list, dict or dataclass",
                    next="gw.layers(model, latents) lists the layers that have one.",
                )
            )
        return tensor


_REPLICAS = problem(
    "DataParallel runs copies of the model in threads, each on a part of the batch.",
    got="a model on several devices",
    allowed="one copy of the model",
    next="Use model.module, and call that.",
)


def _refuse_replicas(model: nn.Module) -> None:
    if isinstance(model, nn.DataParallel) and len(model.device_ids) > 1:
        raise RefusedModelError(_REPLICAS)


def _readers_last(module: nn.Module) -> None:
    hooks = module._forward_hooks
    for key in [key for key, hook in hooks.items() if isinstance(hook, _LayerHook) and hook.owner.reads]:
        hooks[key] = hooks.pop(key)


class Stop(BaseException):
    """Ends a forward from a hook; no Exception, so that a model that catches those does not catch this."""


def stopped(model: nn.Module) -> None:
    """Tell other hooks on `model` that its forward has ended: after a `Stop`, PyTorch does not call them."""
    for module in unwrap(model).modules():
        for hook in module._forward_hooks.values():
            if isinstance(hook, _End) and hook.owner.listening:
                hook.owner.place.running = False


class Hooked:
    """A context made of hooks: entering places `Hooks`, leaving removes them, and both may happen again."""

    doing: ClassVar[str]

    def __init__(self) -> None:
        self._entered: list[Hooks] = []

    def _unused(self, hooks: Hooks) -> Exception | None:  # noqa: ARG002
        """Return the error for hooks that never fired, where that is one."""
        return None

    def close(self) -> None:
        """Remove all hooks, however often the context was entered; harmless when done before.

        Raises what `with` would raise on leaving: `HookFailedError` when a hook had failed.
        """
        entered, self._entered = self._entered, []
        for hooks in reversed(entered):
            hooks.close()
        for hooks in entered:
            failure = self._failure(hooks)
            if failure is not None:
                raise failure

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if not self._entered:
            return None
        hooks = self._entered.pop()
        hooks.close()
        failure = self._failure(hooks)
        if failure is not None:
            if error is None or isinstance(error, Stop):
                raise failure
            error.add_note(f"gan_widgets: {failure}")
        return None

    def _failure(self, hooks: Hooks) -> Exception | None:
        for hook in hooks.layers:
            if hook.target.call is None and hook.most > 1:
                return ambiguous(hook.target.name, hook.most)
        if hooks.failure is None:
            return self._unused(hooks)
        target, error = hooks.failure
        text = str(error)
        if not isinstance(error, GanWidgetsError):
            text = problem(
                "The hook raised an error.",
                got=f"{type(error).__name__}: {error}",
                allowed="a hook that runs through",
                next="The traceback above shows where.",
            )
        failed = HookFailedError(
            f"The {self.doing} of layer {target.name!r} failed; the forward went on without it.\n{text}"
        )
        failed.__cause__ = error
        return failed
