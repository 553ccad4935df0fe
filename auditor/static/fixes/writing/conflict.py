"""What cannot be written, and because of which changes."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.static.fixes.changes import Change


class Conflict(Exception):  # noqa: N818  # an answer, not a mistake
    """Changes that cannot be made, together or at all; `str()` is the reason as half a sentence."""

    def __init__(self, reason: str, changes: Iterable[Change]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.changes = tuple(dict.fromkeys(changes))
        """Those that are at fault, in the order in which they stand in the file."""
