"""Which files others name, or look into without importing them: `run_path("train.py")`, `import __main__`."""

from __future__ import annotations

import re
from functools import cached_property

from auditor.errors import ProjectError
from auditor.static.project import Project

_FILE = re.compile(rb"(?<![\w.-])[\w.-]+\.py\b")

_MAIN = re.compile(rb"\bimport[ \t]+__main__\b|\bfrom[ \t]+__main__\b|modules\[[\"']__main__[\"']\]|\brun_module\b")


class NamedFiles:
    """The texts of a project, read once."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def may_read(self, path: str) -> bool:
        """Whether some file, other than by an import, may read names that another one binds, which is started."""
        own = path.rpartition("/")[2].encode()
        named, is_looked_into = self._named
        return is_looked_into or bool(named.get(own, set()) - {path})

    @cached_property
    def _named(self) -> tuple[dict[bytes, set[str]], bool]:
        """By the name of a file who writes it; whether any looks into the program that was started, whichever it is."""
        named: dict[bytes, set[str]] = {}
        is_looked_into = False
        for path in self._project.files:
            try:
                raw = self._project.source(path).raw()
            except ProjectError:
                continue
            for name in _FILE.findall(raw):
                named.setdefault(name, set()).add(path)
            is_looked_into = is_looked_into or _MAIN.search(raw) is not None
            self._project.unread(path)
        return named, is_looked_into
