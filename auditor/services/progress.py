"""How a service tells its caller what it is doing."""

from __future__ import annotations

from auditor.model.annotations import Protocol


class Progress(Protocol):
    """Called from the thread that the service runs in; must return quickly and never raise."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A new stage begins: `scan`, `reference`, `candidate`, `compare`, `close-up`; `total` where it is known."""

    def update(self, done: int, note: str = "") -> None:
        """`done` of the stage's total, with a note for people (`step 412, 1.2 M events`)."""

    def cancelled(self) -> bool:
        """True once the caller wants the service to stop at the next good moment and keep what it has."""


class Silent:
    """Progress for callers that do not care."""

    def stage(self, name: str, total: int | None = None) -> None:
        pass

    def update(self, done: int, note: str = "") -> None:
        pass

    def cancelled(self) -> bool:
        return False
