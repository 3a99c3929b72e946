"""Where the built front end of each view is, and what to say when it is not there."""

from pathlib import Path

from gan_widgets.core.errors import FrontEndError, problem

STATIC = Path(__file__).parent.parent / "static"


def bundle(stem: str) -> tuple[str, str]:
    """Return the script and the style sheet of a view. Raises FrontEndError unless both were built."""
    script, style = STATIC / f"{stem}.js", STATIC / f"{stem}.css"
    missing = [file.name for file in (script, style) if not file.is_file()]
    if missing:
        raise FrontEndError(
            problem(
                "the front end of this view is not built.",
                got=f"no {' and no '.join(missing)} in {STATIC}",
                allowed="an installed wheel, or a source checkout whose front end was built",
                next="In the checkout run `make build`, or: npm --prefix js ci && npm --prefix js run build",
            )
        )
    return script.read_text(encoding="utf-8"), style.read_text(encoding="utf-8")
