"""Whether a name of one module may stand for something outside the project, from import statements; nothing is parsed.

To tell whether a file imports a package, each name that it takes from the project would have to be followed to where
it comes from. Most lead nowhere, and the statements on the way say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.text.sketch import BY_NAME

if TYPE_CHECKING:
    from auditor.static.files.exports import Exports
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

Origin = tuple[str | tuple[str], str]
"""A module outside as its name, one of the project as its path in a tuple; and what a name of a file is there."""

MAX_QUESTIONS = 200_000
"""What answers that are remembered may rest on in all: a name that is taken from star imports rests on each of them."""


class Reexports:
    """Asked before a module is parsed for a name that is imported from it."""

    def __init__(self, project: Project, exports: Exports) -> None:
        self._project = project
        self._exports = exports
        self._assigned: dict[tuple[str, str], bool] = {}
        self._taken: Memory[tuple[str, str], tuple[Origin, ...]] = {}
        self._questions = 0

    def may_lead(self, path: str, name: str, packages: frozenset[str]) -> bool:
        """Whether `name` of the module at `path` may stand for something in one of these top-level packages.

        Says yes too often rather than too seldom: an assignment counts, whatever is assigned.
        """
        project = self._project
        seen = {(path, name)}
        pending = [(path, name)]
        while pending:
            path, name = pending.pop()
            if path.endswith("/"):
                continue
            project.trace.note("packages", path)
            if project.graph.reach(path).packages.isdisjoint(packages):
                continue
            project.trace.note("content", path)
            if self._is_assigned(path, name):
                return True
            for target, origin in self._taken_from(path, name):
                if isinstance(target, str):
                    if target.partition(".")[0] in packages:
                        return True
                elif (step := (target[0], origin)) not in seen:
                    seen.add(step)
                    pending.append(step)
        return False

    def _taken_from(self, path: str, name: str) -> tuple[Origin, ...]:
        """As `_origins`: a library may take each of thousands of names from hundreds of star imports."""
        key = path, name
        is_new = key not in self._taken
        if is_new and self._questions >= MAX_QUESTIONS:
            return tuple(self._origins(path, name))
        found = self._project.trace.once(self._taken, key, lambda: tuple(self._origins(path, name)))
        if is_new:
            self._questions += len(tuple(self._taken[key][1]))
        return found

    def _origins(self, path: str, name: str) -> Iterator[Origin]:
        """Where the import statements of a file may take a name from."""
        for origin, pairs in self._project.sketch(path).imports:
            for original, alias in pairs:
                if origin in ("", BY_NAME):
                    if (alias or original.partition(".")[0]) == name and not self._is_own(original, path):
                        yield original, ""
                elif original == "*" or (alias or original) == name:
                    yield from self._from(path, origin, name, original)

    def _from(self, path: str, origin: str, name: str, original: str) -> Iterator[Origin]:
        project = self._project
        found = project.find_origin(origin, path)
        if found is None:
            return
        target, dotted = found
        if target is None:
            yield dotted, original
        elif original != "*":
            yield (target,), original
        elif not name.startswith("_") and not target.endswith("/") and self._exports.may_hold(target, name):
            yield (target,), name

    def _is_own(self, dotted: str, path: str) -> bool:
        return self._project.find_module(dotted, path) is not None

    def _is_assigned(self, path: str, name: str) -> bool:
        """Whether something is assigned to a name somewhere in a file, as far as its bytes tell."""
        key = (path, name)
        if key not in self._assigned:
            try:
                source, word = self._project.source(path), name.encode()
                self._assigned[key] = not name.isascii() or (
                    source.holds(word)
                    and re.search(rb"\b%s\b[ \t\\]*(?::[^=\n]*)?=(?!=)" % re.escape(word), source.code()) is not None
                )
            except ProjectError:
                return True
            self._project.unread(path)
        return self._assigned[key]
