"""What a view is to a controller, which knows nothing else of widgets."""

from typing import Protocol


class Follower(Protocol):
    """Anything that redraws when a controller changes, and closes with it."""

    def follow(self, names: set[str]) -> None:
        """Redraw: these traits of the controller changed. Runs under the model's lock; does not raise."""

    def close(self) -> None:
        """Give everything back; closing twice is harmless."""
