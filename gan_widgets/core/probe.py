"""What a few runs of a model tell about it, before it is cut in two."""

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gan_widgets.core.agree import apart, bound, leaves
from gan_widgets.core.capture import capture
from gan_widgets.core.chain import Chain
from gan_widgets.core.hooks import Hooks
from gan_widgets.core.inputs import each, try_out
from gan_widgets.core.live import Inputs, Mode, call, quiet
from gan_widgets.core.whole import Way, Whole


def observe(root: nn.Module, layer: str, inputs: Inputs, mode: Mode) -> tuple[Any, str | None]:
    """Run the model twice; gives its output, and in words why no two runs are alike, None when they are.

    Raises `UnknownLayerError` when the layer did not run, or ran several times under its bare name, and
    `LatentsError` when the model fails.
    """
    with quiet(root, mode, 0), capture(root, [layer]) as acts:
        before = streams()
        first = try_out(root, each(inputs, torch.clone))
        drew = streams() != before
    acts[layer]
    with quiet(root, mode, 1):
        second = call(root, each(inputs, torch.clone))
    if drew:
        return first, f"the model draws random numbers{_dropouts(root, mode)}"
    gap = apart(first, second)
    return first, f"two runs on the same latents differ by {gap:.3g}" if gap > bound(first) else None


def streams() -> tuple[object, ...]:
    """Give where the global random streams of PyTorch (CPU and CUDA), NumPy and Python are now."""
    name, keys, place, *_ = np.random.get_state()  # noqa: NPY002  (the stream that models draw from)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    drawn = [state.numpy().tobytes() for state in (torch.get_rng_state(), *cuda)]
    return (*drawn, name, np.asarray(keys).tobytes(), place, random.getstate())


def _training(root: nn.Module, mode: Mode, kind: Any) -> list[str]:  # noqa: ANN401  (a class or several)
    """Give the names of the modules of this kind that will run in training mode."""
    if mode == "eval":
        return []
    modules = root.named_modules()
    return [name for name, m in modules if isinstance(m, kind) and (m.training or mode == "train")]


def _dropouts(root: nn.Module, mode: Mode) -> str:
    names = _training(root, mode, nn.modules.dropout._DropoutNd)
    return f" ({', '.join(names)} in training mode)" if names else ""


def remarks(root: nn.Module, mode: Mode) -> list[str]:
    """Say which modules look at the whole batch, so that an image depends on its neighbours."""
    kind = nn.modules.batchnorm._BatchNorm
    training = _training(root, mode, kind)
    modules = root.named_modules()
    bare = [name for name, m in modules if isinstance(m, kind) and m.running_mean is None]
    reasons = {
        "runs in training mode": [name for name in training if name not in bare],
        "keeps no running statistics": bare,
    }
    return [
        f"BatchNorm {reason} ({_some(names)}): each image depends on the others of its batch."
        for reason, names in reasons.items()
        if names
    ]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Lists the operations that run inside the block."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[object] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401
        self.seen.append(func)
        return func(*args, **(kwargs or {}))


def is_all(found: Chain, whole: Whole, inputs: Inputs) -> bool:
    """Whether the chain's modules do everything that the model does after the layer, operation by operation.

    Equal outputs alone do not show it: a branch that is multiplied by zero today need not be tomorrow.
    """
    passed: list[int] = []
    with quiet(whole.root, whole.mode), _Operations() as operations:
        hooks = Hooks(whole.root, [whole.layer], lambda *_: passed.append(len(operations.seen)), reads=True)
        try:
            call(whole.root, each(inputs, torch.clone))
        finally:
            hooks.close()
    h = whole.prefix(inputs).activation
    with quiet(whole.root, whole.mode), _Operations() as alone:
        found.run(h)
    return bool(operations.seen[passed[-1] :] == alone.seen)


def touches(way: Way, inputs: Inputs) -> bool:
    """Whether running a suffix writes into the tensor it is given, or gives it back inside the output."""
    cut = way.prefix(inputs)
    h = cut.activation.clone()
    if h.is_inference():
        return True
    version, home = h._version, h.untyped_storage().data_ptr()
    output = way.suffix(cut, h)
    shared = (t.untyped_storage().data_ptr() == home for t in leaves(output) if isinstance(t, Tensor))
    return bool(h._version != version) or any(shared)
