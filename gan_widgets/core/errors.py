"""What a user is told when something is wrong: what, what was got, what is allowed, what to do next."""

from typing import Any


class GanWidgetsError(Exception):
    """The root of every error this package raises on purpose."""


class UnknownLayerError(GanWidgetsError, LookupError):
    """A layer name that no module of the model has, or that did not run."""


class RefusedModelError(GanWidgetsError, TypeError):
    """A kind of model that cannot be read or edited through hooks; the message names the reason."""


class HookFailedError(GanWidgetsError, RuntimeError):
    """A hook of ours failed or never fired; the model's own forward was left to finish."""


class EditError(GanWidgetsError, ValueError):
    """An edit that does not fit its layer, or whose numbers are not legal."""


class ModeError(GanWidgetsError, ValueError):
    """A mode of running a model that there is not."""


class LatentsError(GanWidgetsError, ValueError):
    """Seeds or a prior that do not give latents."""


class ImageError(GanWidgetsError, ValueError):
    """A model output that cannot be read as images."""


class StoreError(GanWidgetsError, ValueError):
    """A file that is truncated, changed, of another kind or from a newer version."""


class RecipeError(GanWidgetsError, ValueError):
    """A recipe that cannot be read, or that belongs to other weights or latents."""


class DataError(GanWidgetsError, ValueError):
    """A data set that is missing, unknown or corrupt."""


class TrainingError(GanWidgetsError, ValueError):
    """A wish that a trainer cannot grant, or networks, losses and data that do not fit together."""


class DissectionError(GanWidgetsError, ValueError):
    """Maps, masks, levels or counts that cannot be dissected, or that do not belong together.

    `partial` is what was counted until a run failed: pass it as `resume=`. None where no run was under way.
    """

    partial: Any = None


class ControllerError(GanWidgetsError, ValueError):
    """A value that a controller or a view refuses; nothing was changed."""


class RenderError(GanWidgetsError, RuntimeError):
    """The model failed while a controller ran it; the controller still shows what it showed before."""


class CallError(GanWidgetsError, TypeError):
    """A view called with something else than what it shows, or with a keyword that it does not have."""


class FrontEndError(GanWidgetsError, FileNotFoundError):
    """The built front end of a view is not there."""


def problem(what: str, *, got: object, allowed: object, next: str) -> str:  # noqa: A002  (the four parts by name)
    """Write an error's four parts as one message.

    >>> print(problem("units must be whole numbers.", got=[1.5], allowed="integers from 0 to 63",
    ...               next="Pass units=[1]."))
    units must be whole numbers.
      got: [1.5]
      allowed: integers from 0 to 63
      next: Pass units=[1].
    """
    return f"{what}\n  got: {got}\n  allowed: {allowed}\n  next: {next}"
