"""Which names a module may export, from the bytes of it and of what it star-imports; nothing is parsed.

A library that star-imports hundreds of modules into one was parsed as a whole for each name that was looked up there.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.text.binds import may_bind
from auditor.static.text.sketch import BY_NAME
from auditor.static.text.vocabulary import words_of

if TYPE_CHECKING:
    from auditor.static.project import Project

_BITS = 1 << 14
"""Size of the filter that a file's words go into: a thousand of them fill a sixteenth."""


@dataclass(frozen=True, slots=True)
class _Starred:
    """A module and all that is star-imported into it, directly or not."""

    paths: tuple[str, ...]
    outside: tuple[str, ...]
    """Modules outside the project."""


class Exports:
    """Asked before a star-imported module is parsed for a name."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._starred: dict[str, _Starred] = {}
        self._filters: dict[str, bytes | None] = {}
        """The words of a file, each as one bit; None where it cannot be read: that is left to whoever tells of it."""

        self._held: dict[tuple[str, str], bool] = {}
        """Of modules that star-import others: thousands may take the same few names from one of them."""

        self._bound: dict[tuple[str, str], bool] = {}
        self._defined: dict[tuple[str, str], bool] = {}

    def may_hold(self, path: str, name: str) -> bool:
        """Whether `from module import *` of the module at `path` may bind `name`."""
        starred = self._starred_by(path)
        if len(starred.paths) == 1:
            self._project.trace.note("content", path)
            return self._may_hold(starred, name)
        self._project.trace.note("reach", path)
        key = (path, name)
        if key not in self._held:
            self._held[key] = self._may_hold(starred, name)
        return self._held[key]

    def _may_hold(self, starred: _Starred, name: str) -> bool:
        if any(self._project.is_known(f"{module}.{name}") for module in starred.outside) or not name.isascii():
            return True
        # Written out, as thousands of modules may be star-imported into one: their filters answer nearly always.
        bit = hash(name.encode()) % _BITS
        place, mask = bit >> 3, 1 << (bit & 7)
        for each in starred.paths:
            words = self._words_of(each)
            if words is None or (words[place] & mask and self._binds(each, name)):
                return True
        return False

    def handed_on(self, path: str, name: str) -> tuple[str, str] | None:
        """The project's module, and the name in it, that is all that `name` of the module at `path` can stand for.

        Where `from module import name` is the only thing that may bind it, in one place or in several; None otherwise.
        """
        found: set[tuple[str | None, str]] = set()
        for origin, pairs in self._project.sketch(path).imports:
            for original, alias in pairs:
                if original == "*" and origin not in ("", BY_NAME):
                    return None
                if name in (original, alias, original.partition(".")[0]):
                    target = self._project.find_origin(origin, path) if origin not in ("", BY_NAME) else None
                    if target is None or alias not in ("", name):
                        return None
                    found.add((target[0], original))
        if len(found) != 1 or not name.isascii():
            return None
        ((module, original),) = found
        self._project.trace.note("content", path)
        return None if module is None or self._defines(path, name) else (module, original)

    def _defines(self, path: str, name: str) -> bool:
        """Whether anything but an import statement of a file may bind a name."""
        key = (path, name)
        if key not in self._defined:
            try:
                self._defined[key] = may_bind(self._project.source(path).code(), name.encode())
            except ProjectError:
                self._defined[key] = True
            self._project.unread(path)
        return self._defined[key]

    def _starred_by(self, path: str) -> _Starred:
        found = self._starred.get(path)
        if found is None:
            paths, outside = {path: None}, dict[str, None]()
            pending = [path]
            while pending:
                for target, module in self._stars(pending.pop()):
                    if target is None:
                        outside[module] = None
                    elif target not in paths and not target.endswith("/"):
                        paths[target] = None
                        pending.append(target)
            found = self._starred[path] = _Starred(tuple(paths), tuple(outside))
        return found

    def _stars(self, path: str) -> Iterator[tuple[str | None, str]]:
        """Each star import of a file: the project's module, or None and the name of one outside."""
        project = self._project
        for origin, names in project.sketch(path).imports:
            if origin in ("", BY_NAME) or all(name != "*" for name, _ in names):
                continue
            if (found := project.find_origin(origin, path)) is not None:
                yield found

    def _words_of(self, path: str) -> bytes | None:
        if path not in self._filters:
            self._filters[path] = self._filter(path)
        return self._filters[path]

    def _binds(self, path: str, name: str) -> bool:
        """Whether a file may give a name a meaning.

        Exact, so that which bits fell together (they do so differently in each run) can decide nothing.
        """
        key = (path, name)
        if key not in self._bound:
            self._bound[key] = self._imports(path, name) or self._defines(path, name)
        return self._bound[key]

    def _imports(self, path: str, name: str) -> bool:
        """Whether an import statement of a file may bind a name."""
        return any(
            name == (alias or original.partition(".")[0])
            for _, names in self._project.sketch(path).imports
            for original, alias in names
        )

    def _filter(self, path: str) -> bytes | None:
        try:
            raw = self._project.source(path).code()
        except ProjectError:
            return None
        self._project.unread(path)
        found = bytearray(_BITS >> 3)
        for word in words_of(raw):
            bit = hash(word) % _BITS
            found[bit >> 3] |= 1 << (bit & 7)
        return bytes(found)
