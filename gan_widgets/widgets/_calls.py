"""What views and the boxes made of them refuse to be called with."""

from collections.abc import Collection, Mapping

from gan_widgets.control.lab import Controller
from gan_widgets.core.errors import CallError, problem


def check_controller(name: str, lab: object) -> Controller:
    """Return `lab`. Raises `CallError` unless it is a controller."""
    if isinstance(lab, Controller):
        return lab
    raise CallError(
        problem(
            f"{name} shows a controller.",
            got=type(lab).__name__,
            allowed="what gw.attach returned",
            next="Pass lab = gw.attach(model, latents=latents).",
        )
    )


def check_keywords(name: str, keywords: Mapping[str, object], known: Collection[str], allowed: str) -> None:
    """Raise `CallError` for the first keyword that is not `known`; `allowed` says in words what is."""
    for unknown in keywords.keys() - set(known):
        raise CallError(
            problem(
                f"{name} has no keyword {unknown!r}.",
                got=f"{unknown}={keywords[unknown]!r}",
                allowed=allowed,
                next="Leave it out, or correct its spelling.",
            )
        )
