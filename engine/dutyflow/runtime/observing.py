"""An observer for those who want none."""

from __future__ import annotations

from dutyflow.ports.host import Outcome


class Unobserved:
    """An `Observer` that keeps nothing."""

    def answered(self, workflow: str, *, denied: bool) -> None:
        """Forget it."""

    def conflicted(self) -> None:
        """Forget it."""

    def fired(self, events: int) -> None:
        """Forget it."""

    def handed_over(self, handler: str, outcome: Outcome) -> None:
        """Forget it."""

    def turned(self, loop: str, seconds: float, *, failed: bool) -> None:
        """Forget it."""
