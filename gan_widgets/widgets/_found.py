"""The dissection that a view may show: the controller's latest, if it is of the layer that is looked at."""

from typing import Any

from gan_widgets.control.lab import Controller


def found_here(lab: Controller) -> Any:  # noqa: ANN401  (a Dissection, or None)
    """Return `lab.found` if it dissects `lab.layer`, unit for unit; else None."""
    found = lab.found
    if found is None or found.layer != lab.layer or found.units != lab.info.units:
        return None
    return found


def why_nothing(lab: Controller) -> str:
    """Return how far it is, or what to do, when `found_here` is None; and "" when it is not."""
    if found_here(lab) is not None:
        return ""
    progress = lab.progress
    if progress is not None and lab.layer in progress.layers:
        return f"{lab.layer!r} is being dissected ({progress})."
    step = "Run lab.dissect(gw.concepts.strokes(), images=2000), or pass another segmenter."
    return f"{lab.layer!r} has not been dissected yet. {step}"
