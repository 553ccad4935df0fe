"""Who imports whom, read off the bytes: enough to know which files cannot matter, without parsing any of them.

Takes too much rather than too little: an import statement inside a string counts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from auditor.errors import ProjectError
from auditor.model.pattern import lazy_pattern
from auditor.static.importpath import ImportPath
from auditor.static.source import SourceFile

_FROM = lazy_pattern(rb"(?:^|[;:])[ \t]*from[ \t]*(\.*[ \t]*[\w.]*)[ \t]*$")
_BEFORE = lazy_pattern(rb"(?:^|[;:])[ \t]*$")
_DYNAMIC = lazy_pattern(rb"""import_module\(\s*["']([\w.]+)["']""")
_NAME = lazy_pattern(rb"[\w.]+")
_COMMENT = lazy_pattern(rb"#[^\n]*")


class ImportGraph:
    """Imports between files of the project; `source` gives the file for a path, also outside what is scanned."""

    def __init__(self, imports: ImportPath, source: Callable[[str], SourceFile]) -> None:
        self._path = imports
        self._source = source
        self._edges: dict[str, tuple[str, ...]] = {}
        self._reached: dict[str, frozenset[str]] = {}

    def imports(self, path: str) -> tuple[str, ...]:
        """The modules that a file imports directly, and the packages that they are in; sorted."""
        found = self._edges.get(path)
        if found is None:
            source = self._source(path)
            kept = source.is_read
            try:
                raw = source.import_text()
            except ProjectError:
                raw = b""
            if not kept:
                source.forget()
            found = self._edges[path] = tuple(sorted(set(self._targets(raw, path)) - {path}))
        return found

    def reached(self, path: str) -> frozenset[str]:
        """`path` and everything that it imports, directly or not."""
        found = self._reached.get(path)
        if found is None:
            seen = {path}
            pending = [path]
            while pending:
                for target in self.imports(pending.pop()):
                    known = self._reached.get(target)
                    if known is not None:
                        seen |= known
                    elif target not in seen:
                        seen.add(target)
                        pending.append(target)
            found = self._reached[path] = frozenset(seen)
        return found

    def targets_of(self, node: ast.Import | ast.ImportFrom, path: str) -> Iterator[str]:
        """The modules that executing an import statement of `path` executes, in order."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from self._absolute(alias.name, path)
        else:
            yield from self._from("." * node.level + (node.module or ""), [alias.name for alias in node.names], path)

    def _targets(self, raw: bytes, path: str) -> Iterator[str]:
        at = raw.find(b"import")
        while at >= 0:
            line = raw.rfind(b"\n", 0, at) + 1
            before = raw[line:at]
            end = raw.find(b"\n", at)
            rest = raw[at + 6 : end if end >= 0 else len(raw)]
            if origin := _FROM.search(before):
                if rest.lstrip().startswith(b"(") and b")" not in rest:
                    rest = raw[at + 6 : raw.find(b")", at)]
                yield from self._from(origin[1].replace(b" ", b"").decode(), _names(rest), path)
            elif rest[:1] in (b" ", b"\t") and _BEFORE.search(before):
                for name in _names(rest):
                    yield from self._absolute(name, path)
            elif rest.startswith(b"_module(") and (dynamic := _DYNAMIC.match(raw, at)):
                yield from self._absolute(dynamic[1].decode(), path)
            at = raw.find(b"import", at + 6)

    def _from(self, origin: str, names: Iterable[str], path: str) -> Iterator[str]:
        dotted = origin.lstrip(".")
        level = len(origin) - len(dotted)
        if level:
            base = self._path.find_relative(dotted, level, path)
        else:
            yield from self._absolute(dotted, path)
            base = self._path.find_module(dotted, path)
        if base is None:
            return
        if not base.endswith("/"):
            yield base
        for name in names:
            below = self._path.find_submodule(base, name)
            if below and not below.endswith("/"):
                yield below

    def _absolute(self, dotted: str, path: str) -> Iterator[str]:
        """The module and the packages around it: importing `a.b` executes `a` first."""
        parts = dotted.split(".")
        for count in range(1, len(parts) + 1):
            found = self._path.find_module(".".join(parts[:count]), path)
            if found is None:
                return
            if not found.endswith("/"):
                yield found


def _names(text: bytes) -> list[str]:
    """`a as b, c` → a, c."""
    statement = _COMMENT.sub(b"", text).partition(b";")[0]
    parts = (_NAME.search(part) for part in statement.split(b","))
    return [part[0].decode("ascii", "replace") for part in parts if part]
