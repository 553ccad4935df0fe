"""Names under which files store something in objects that are not a method's own: `options.seed = 3`."""

from __future__ import annotations

from collections.abc import Collection
from weakref import WeakKeyDictionary

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern

if TYPE_CHECKING:
    from auditor.static.project import Project

_STORING = lazy_pattern(
    rb"""(?<!\bself)\.(\w+)\s*[-+*|&^]?=(?!=)|\[\s*["']([^"'\n\]]+)["']\s*\]\s*[-+*|&^]?=(?!=)"""
    rb"""|\bsetattr\([^,\n]{0,200},\s*["'](\w+)["']|\b(?:update|setdefault)\(([^)]{0,500})"""
)
_WORD = lazy_pattern(rb"\w+")

_KNOWN: WeakKeyDictionary[Project, dict[str, Collection[bytes]]] = WeakKeyDictionary()
"""By the file, read once for all names."""


def is_stored(path: str, name: str, project: Project) -> bool:
    """Whether `options.seed = 3`, `options["seed"] = 3` or `options.update(seed=3)` stands in a file."""
    known = _KNOWN.setdefault(project, {})
    if path not in known:
        known[path] = _stored(path, project)
    return name.encode() in known[path]


def _stored(path: str, project: Project) -> Collection[bytes]:
    found: set[bytes] = set()
    try:
        for attribute, key, named, given in _STORING.findall(project.source(path).code()):
            found.update((attribute, key, named), _WORD.findall(given))
    except ProjectError:
        return ()  # told as not analysed
    finally:
        project.unread(path)
    return found
