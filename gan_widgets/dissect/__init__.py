"""Dissection: which unit stands for which concept, counted exactly.

`gw.dissect` is this package, and calling it dissects: see `gan_widgets.dissect.run.dissect`.
"""

import sys
from types import ModuleType
from typing import Any


class _Dissect(ModuleType):
    """A package has the name of what it does: importing any part of it would hide a function of that name."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401  (those of the function)
        from gan_widgets.dissect.run import dissect

        return dissect(*arguments, **keywords)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]  # (what `gw.dissect?` and help show)
        from gan_widgets.dissect.run import dissect

        return dissect.__doc__

    @property
    def __signature__(self) -> Any:  # noqa: ANN401
        from inspect import signature

        from gan_widgets.dissect.run import dissect

        return signature(dissect)


sys.modules[__name__].__class__ = _Dissect
