"""Libraries that decide numbers are asked for without a version: told once a file.

A matcher cannot say it: what is exact differs between pip, conda and Poetry, and a lock file beside makes up for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.detector import DocumentDetector
from auditor.static.documents.kinds import Kind
from auditor.static.matcher import Hit
from auditor.static.text.plainfile import read_plain

if TYPE_CHECKING:
    from auditor.static.documents.dependencies import Dependency
    from auditor.static.documents.document import Document
    from auditor.static.documents.references import References

_SHOWN = 3
_OUTCOME = "another day installs another one"
_LOCKS = lazy_pattern(
    r"(?:poetry|uv|pdm|pixi|conda|Pipfile|pylock)[\w.-]*\.?lock\b|pylock.*\.toml"
    r"|requirements[\w.-]*\.lock|.*(?:lock|frozen|freeze|pinned|constraints).*\.(?:txt|ya?ml|lock)"
)
_TOOLS = lazy_pattern(r"(?:^|[-_./])(?:dev|test|tests|testing|doc|docs|lint|ci|build|optional|extras?)(?:[-_./]|$)")
_PACKAGING = ("setup.py", "setup.cfg", "pyproject.toml")

_MARKERS = {
    Kind.REQUIREMENTS: b"",
    Kind.YAML: rb"^dependencies\s*:",
    Kind.TOML: rb"^\s*dependencies\s*=|dependencies\s*\]|^\s*\[packages\]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    packages: frozenset[str]
    files: frozenset[Kind]


def _read(table: Table) -> _Options:
    kinds = {"dependencies": {Kind.REQUIREMENTS, Kind.YAML, Kind.TOML}, "commands": _COMMANDS}
    return _Options(
        packages=frozenset(table.strings("packages", required=True)),
        files=frozenset(kinds[table.choice("where", sorted(kinds))]),
    )


_COMMANDS = {Kind.SHELL, Kind.DOCKERFILE, Kind.MAKEFILE, Kind.NOTEBOOK}


class UnpinnedDependencies(DocumentDetector[_Options]):
    """`kind = "unpinned-dependencies"`; `where`: `dependencies` (files that list them) or `commands` that install."""

    kind = "unpinned-dependencies"
    documents = frozenset({Kind.REQUIREMENTS, Kind.YAML, Kind.TOML, *_COMMANDS})

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        if kind not in self._options.of(rule).files:
            return False
        marker = _MARKERS.get(kind, b"install")
        return not marker or re.search(marker, raw, re.MULTILINE) is not None

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        options = self._options.of(rule)
        if not _is_meant(document):
            return
        loose = [each for each in _asked(document) if each.name in options.packages and not each.is_exact]
        loose = [each for each in loose if not _is_own(document, each.name)]
        if loose and not (document.kind in (Kind.REQUIREMENTS, Kind.YAML, Kind.TOML) and _is_locked(document)):
            names = sorted({each.name for each in loose}, key=[each.name for each in loose].index)
            yield Hit(
                location=document.location(loose[0].span),
                message=f"{_listed(names)} without an exact version: {_OUTCOME}",
            )


def _asked(document: Document) -> list[Dependency]:
    from auditor.static.documents.dependencies import dependencies
    from auditor.static.documents.install import installed

    if document.kind in _COMMANDS:
        from auditor.static.documents.shell import code_lines

        lines = dict(code_lines(document))
        if document.kind is Kind.NOTEBOOK:
            lines.update(_magics(document))
        return list(installed(sorted(lines.items())))
    return list(dependencies(document))


def _magics(document: Document) -> Iterator[tuple[int, str]]:
    """The lines of magics in a notebook: `%pip install torch`, also without the sign, and lines that go on."""
    from auditor.static.text.notebook import is_command

    goes_on = False
    for number, line in enumerate(document.lines, 1):
        goes_on = goes_on or line.lstrip().startswith("%") or is_command(line)
        if goes_on:
            yield number, line
        goes_on = goes_on and line.rstrip().endswith("\\")


def _listed(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names[:_SHOWN]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _is_meant(document: Document) -> bool:
    if document.kind is Kind.TOML:
        return document.name in ("pyproject.toml", "Pipfile")
    if document.kind is Kind.REQUIREMENTS:
        return not _TOOLS.search(document.path.removesuffix(".txt")) and "--constraint" not in document.text
    return True


def _is_locked(document: Document) -> bool:
    """Whether a lock file stands beside, or the list is what a package asks of those who install it."""
    folders = [document.file.parent]
    if document.kind is Kind.REQUIREMENTS and folders[0].name.startswith("requirement"):
        folders.append(folders[0].parent)
    return any(_LOCKS.fullmatch(name) for folder in folders for name in _names(folder)) or (
        document.kind is Kind.REQUIREMENTS and any(_packages(folder, document.name) for folder in folders)
    )


def _is_own(document: Document, name: str) -> bool:
    """Whether the package is the project itself."""
    root = document.file.parents[document.path.count("/")]
    module = name.replace("-", "_")
    return any((folder / module / "__init__.py").is_file() for folder in (root, root / "src"))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _packages(folder: Path, name: str) -> bool:
    """Whether the folder's packaging reads the requirements."""
    for each in _PACKAGING:
        try:
            text = read_plain(folder / each)
        except OSError:
            continue
        if name.encode() in text or (b"requirements" in text and each == "setup.py"):
            return True
    return False


DETECTOR = UnpinnedDependencies(_read)
