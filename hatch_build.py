"""A wheel or a source archive without its views would install and then show nothing: refuse to build one."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Asks that each view in ``js/src/views`` has its script and style sheet in ``gan_widgets/static``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (the interface's own)
        """Refuse when a bundle is missing; an editable install needs none, they are built after it."""
        if version == "editable":
            return
        root = Path(self.root)
        wanted = [view.stem + end for view in (root / "js/src/views").glob("*.ts") for end in (".js", ".css")]
        missing = sorted(name for name in wanted if not (root / "gan_widgets/static" / name).is_file())
        if missing or not wanted:
            raise SystemExit(
                f"The views are not built: gan_widgets/static lacks {', '.join(missing) or 'everything'}. "
                "Run `make build` in the checkout (it needs Node.js), then build again."
            )
