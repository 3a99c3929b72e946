"""What a model is called with: a tensor, or a tuple or dict of tensors with one sample per row."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from gan_widgets.core.errors import GanWidgetsError, LatentsError, problem
from gan_widgets.core.live import Inputs, call
from gan_widgets.core.memory import out_of_memory


def tensors(inputs: Inputs) -> list[Tensor]:
    """All tensors of the inputs, in order; raises `LatentsError` when one is no tensor.

    >>> import torch
    >>> [tuple(t.shape) for t in tensors({"z": torch.zeros(2, 64), "label": torch.tensor([3, 7])})]
    [(2, 64), (2,)]
    """
    parts = [inputs]
    if isinstance(inputs, (dict, tuple)):
        parts = list(inputs.values() if isinstance(inputs, dict) else inputs)
    if not parts or not all(isinstance(part, Tensor) for part in parts):
        raise LatentsError(
            problem(
                "latents are tensors.",
                got=f"{type(inputs).__name__} of {sorted({type(part).__name__ for part in parts})}",
                allowed="a tensor, or a tuple or dict of tensors",
                next="Wrap numbers and arrays in torch.as_tensor(...).",
            )
        )
    return parts  # type: ignore[return-value]  # each was just seen to be a tensor


def each(inputs: Inputs, change: Callable[[Tensor], Tensor]) -> Inputs:
    """Give the inputs again with every tensor changed.

    >>> import torch
    >>> each((torch.zeros(2, 3), torch.ones(2)), lambda tensor: tensor[:1])
    (tensor([[0., 0., 0.]]), tensor([1.]))
    """
    parts = [change(tensor) for tensor in tensors(inputs)]
    if isinstance(inputs, dict):
        return dict(zip(inputs, parts, strict=True))
    return tuple(parts) if isinstance(inputs, tuple) else parts[0]


def combine(samples: Sequence[Inputs], how: Callable[[list[Tensor]], Tensor]) -> Inputs:
    """Make one of several inputs of the same form: `how` is `torch.stack` or `torch.cat`.

    >>> import torch
    >>> combine([torch.zeros(1, 3), torch.ones(2, 3)], torch.cat).shape
    torch.Size([3, 3])
    """
    columns = list(zip(*(tensors(sample) for sample in samples), strict=True))
    parts = iter([how(list(column)) for column in columns])
    return each(samples[0], lambda _: next(parts))


def same(a: Inputs, b: Inputs) -> bool:
    """Whether both have the same form and the same values.

    >>> import torch
    >>> same(torch.zeros(2, 3), torch.zeros(2, 3)), same(torch.zeros(2, 3), (torch.zeros(2, 3),))
    (True, False)
    """
    left, right = tensors(a), tensors(b)
    alike = type(a) is type(b) and len(left) == len(right)
    return alike and all(x.shape == y.shape and x.equal(y) for x, y in zip(left, right, strict=True))


def try_out(model: nn.Module, inputs: Inputs) -> Any:  # noqa: ANN401  (a model may return anything)
    """Do what `call` does, for the first time; raises `LatentsError` when the model fails on these inputs.

    When memory ran out, the error has that as its cause.
    """
    try:
        return call(model, inputs)
    except GanWidgetsError:
        raise
    except Exception as error:
        given = [f"{tuple(part.shape)} {part.dtype} on {part.device}" for part in tensors(inputs)]
        if out_of_memory(error):
            raise LatentsError(
                problem(
                    f"There is not enough memory to run {type(model).__name__} on these latents.",
                    got=f"{', '.join(given)}: {str(error).partition(chr(10))[0] or type(error).__name__}",
                    allowed="room for one sample at least",
                    next="Free memory, or use a machine with more.",
                )
            ) from error
        raise LatentsError(
            problem(
                f"The model fails on these latents: {type(error).__name__}: {error}",
                got=", ".join(given),
                allowed=f"what the forward of {type(model).__name__} takes, one sample per row",
                next="Pass latents of the model's own size, dtype and device, with labels if it takes any.",
            )
        ) from error
