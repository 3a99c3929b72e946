"""What a card says of where networks come from: data by content, and the software that made the numbers."""

import platform
from typing import Any

import numpy as np
import torch

import gan_widgets
from gan_widgets.train.data import Images


def of_data(data: Images) -> dict[str, Any]:
    """Describe a data set, as JSON values.

    >>> from gan_widgets.train import data
    >>> of_data(data.load("digits"))["images"]
    1797
    """
    return {"name": data.name, "images": len(data), "source": data.source, "sha256": data.sha256()}


def versions() -> dict[str, Any]:
    """Name everything that decides the last bit of a training run: versions, processor, number of threads."""
    return {
        "gan_widgets": gan_widgets.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "threads": torch.get_num_threads(),
    }
