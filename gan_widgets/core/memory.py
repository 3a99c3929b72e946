"""Whether memory ran out, however that was said."""

import torch


def out_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, also when that is what stopped one of our hooks.

    >>> out_of_memory(RuntimeError("CUDA error: out of memory")), out_of_memory(RuntimeError("no"))
    (True, False)
    """
    while error is not None:
        if isinstance(error, MemoryError | torch.OutOfMemoryError):
            return True
        text = str(error).lower()
        if isinstance(error, RuntimeError) and ("out of memory" in text or "allocate memory" in text):
            return True
        error = error.__cause__
    return False
