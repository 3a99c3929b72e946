"""Run what follows a layer from a recording of its operations, checked once per form of the inputs."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from gan_widgets.core.inputs import each, tensors
from gan_widgets.core.live import Inputs, call, quiet
from gan_widgets.core.trace import Program, UntraceableError, record
from gan_widgets.core.watch import Watch
from gan_widgets.core.whole import Cut, Still, Whole, disagreement

_KEPT = 8


class Traced:
    """Run the recorded operations; the modules themselves are not called, so their hooks do not fire.

    It is stale while there are hooks that were not there when it was made, and once modules or their
    attributes are others. A batch of another size or dtype is recorded and checked anew on its first run.
    What the model reads from elsewhere, such as global variables or items of its own lists, stays as it was
    when recorded. `first` is the recording for `inputs`; raises `UntraceableError` when there is none.
    """

    def __init__(self, whole: Whole, inputs: Inputs) -> None:
        self.whole = whole
        self.notes: list[str] = []
        modules = list(whole.root.modules())
        hooks = [
            (module, h) for module in modules for h in (module._forward_hooks, module._forward_pre_hooks)
        ]
        foreign = next((m for m, h in hooks if not all(map(_of_torch, h.values()))), None)
        if foreign is not None:
            raise UntraceableError(
                f"a hook sits on {type(foreign).__name__}, and a recording would not run it"
            )
        self._hooks = [(h, tuple(h)) for _, h in hooks]
        self._watch = Watch(modules, modules)
        self._weights = [home for m in modules for home in (m._parameters, m._buffers) if home]
        self._flags = [vars(module) for module in modules] if whole.mode == "asis" else []
        self._programs: dict[object, Program | None] = {}
        self.first = self._check(self._key(inputs), inputs)

    def stale(self) -> str | None:
        """Say why the whole model has to run now, or None."""
        hooked = any(tuple(hooks) != known for hooks, known in self._hooks)
        return "it has other hooks" if hooked else self._watch.changed()

    def _program(self, inputs: Inputs) -> Program | None:
        """Give the checked recording for inputs of this form, or None, with a note, where there is none."""
        key = self._key(inputs)
        if key not in self._programs:
            try:
                self._check(key, inputs)
            except UntraceableError as error:
                self._programs[key] = None
                shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors(inputs))
                self.notes.append(f"The whole model runs for inputs {shapes}: {error}.")
        return self._programs[key]

    def _check(self, key: object, inputs: Inputs) -> Program:
        while len(self._programs) >= _KEPT:
            del self._programs[next(iter(self._programs))]
        program = self._programs[key] = self._record(inputs)
        if not disagreement(self, self.whole, inputs)[1]:
            raise UntraceableError("its recorded operations give another output")
        return program

    def prefix(self, inputs: Inputs) -> Cut:
        """Run the recorded operations up to the layer."""
        program = self._program(inputs)
        if program is None:
            return self.whole.prefix(inputs)
        kept = each(inputs, torch.clone)
        with self._still(program):
            tap, skips = program.prefix(kept)
        return Cut(tap, kept, (program, skips))

    def suffix(self, cut: Cut, h: Tensor) -> Any:  # noqa: ANN401
        """Run the recorded operations after the layer on `h`."""
        if cut.rest is None:
            return self.whole.suffix(cut, h)
        program, skips = cut.rest
        with self._still(program):
            return program.suffix(h, skips)

    def _record(self, inputs: Inputs) -> Program:
        root, layer, mode = self.whole.root, self.whole.layer, self.whole.mode
        activation = self.whole.prefix(inputs).activation
        with quiet(root, mode):
            output = call(root, each(inputs, torch.clone))
        with quiet(root, mode):
            return record(root, layer, each(inputs, torch.clone), activation, output)

    def _still(self, program: Program) -> AbstractContextManager[None]:
        return quiet(self.whole.root, self.whole.mode) if program.writes else Still()

    def _key(self, inputs: Inputs) -> object:
        given = [(tensor.shape, tensor.dtype, tensor.device) for tensor in tensors(inputs)]
        held = {(t.dtype, t.device) for home in self._weights for t in home.values() if t is not None}
        cast = [
            (torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind))
            for kind in {tensor.device.type for tensor in tensors(inputs)}
        ]
        flags = tuple(state["training"] for state in self._flags)
        return tuple(given), frozenset(held), tuple(cast), flags


def _of_torch(hook: object) -> bool:
    """Whether a hook computes a weight (the older spectral norm): a recording holds its operations."""
    return type(hook).__module__.startswith("torch.nn.utils.")
