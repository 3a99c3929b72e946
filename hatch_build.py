"""What building the package needs beyond its metadata: the views must be there, and the tour goes along."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Asks that each view in ``js/src/views`` has its script and style sheet in ``gan_widgets/static``.

    A wheel or a source archive without them would install and then show nothing.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Refuse when a bundle is missing; put the tour into a wheel. An editable install needs neither."""
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
        if self.target_name == "wheel":  # `gan-widgets demo` of an installed package opens this copy
            build_data["force_include"][str(root / "notebooks/00_tour.ipynb")] = (
                "gan_widgets/notebooks/00_tour.ipynb"
            )
