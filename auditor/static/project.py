"""The project under audit: its files, its modules, its programs."""

from __future__ import annotations

from auditor.static.facts import ModuleFacts
from auditor.static.library_verdict import LibraryVerdict


class Project:
    """What a matcher may ask about the project as a whole."""

    def verdicts(self, module: ModuleFacts) -> tuple[LibraryVerdict, ...]:
        """One verdict per RNG library that the program draws from; empty where `module` is no entry point."""
        raise NotImplementedError

    def modules_reached(self, module: ModuleFacts) -> tuple[ModuleFacts, ...]:
        """`module` and the project's modules that it imports, directly or not, sorted by path."""
        raise NotImplementedError

    def entry_points_reaching(self, module: ModuleFacts) -> tuple[str, ...]:
        """Paths of the programs that import `module`, directly or not, or are it."""
        raise NotImplementedError
