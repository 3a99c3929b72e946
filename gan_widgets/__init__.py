"""Look inside a generative network while it runs.

Every public name is found here, and loaded only when it is first used:

>>> import gan_widgets as gw
>>> gw.Ablate("net.6", units=[7, 12])
Ablate('net.6', units=(7, 12))
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    # core: reading and editing a live generator
    "Ablate": "core.edits",
    "Insert": "core.edits",
    "Scale": "core.edits",
    "capture": "core.capture",
    "intervene": "core.intervene",
    "layers": "core.layers",
    "split": "core.split",
    "Latents": "core.latents",
    "normal": "core.latents",
    "uniform": "core.latents",
    "lerp": "core.latents",
    "slerp": "core.latents",
    "Recipe": "core.recipe",
    # dissection
    "Dissection": "dissect.result",
    "compare": "dissect.compare",
    # controller
    "attach": "controller",
    "Controller": "controller",
    # training and the shipped generator
    "Trainer": "train.trainer",
    "losses": "train.losses",
    "pretrained": "train.pretrained",
    "sample_noise": "train.noise",
    # views
    "ActivationGrid": "widgets.activation_grid",
    "AblationSliders": "widgets.ablation_sliders",
    "IoUHeatmap": "widgets.iou_heatmap",
    "LayerPicker": "widgets.layer_picker",
    "UnitGallery": "widgets.unit_gallery",
    # views laid out together
    "CyclingDemo": "apps.cycling",
    "LayerChart": "apps.layer_chart",
    "TrainingMonitor": "apps.training_monitor",
    "Workbench": "apps.workbench",
}
_MODULES = {
    "check": "train.checks",
    "concepts": "dissect.concepts",
    "data": "train.data",
    "dissect": "dissect",
    "metrics": "train.metrics",
    "nets": "train.nets",
    "train": "train",
}

__all__ = [*_HOMES, *_MODULES]  # noqa: PLE0604  (they are strings, in tables)


def __getattr__(name: str) -> Any:  # noqa: ANN401  (a module attribute may be anything)
    if name in _HOMES:
        found = globals()[name] = getattr(import_module(f"gan_widgets.{_HOMES[name]}"), name)
        return found
    if name in _MODULES:
        return import_module(f"gan_widgets.{_MODULES[name]}")
    raise AttributeError(f"module 'gan_widgets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
