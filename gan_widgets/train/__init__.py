"""Networks, data, training and the generator that ships with the package; no Jupyter.

>>> import gan_widgets as gw
>>> gw.train.pretrained.names()
['dcgan-mnist']
"""

from importlib import import_module
from types import ModuleType

__all__ = [
    "checkpoint",
    "checks",
    "classifier",
    "cycling",
    "data",
    "losses",
    "metrics",
    "nets",
    "penalties",
    "pretrained",
    "quality",
    "trainer",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"gan_widgets.train.{name}")
    raise AttributeError(f"module 'gan_widgets.train' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
