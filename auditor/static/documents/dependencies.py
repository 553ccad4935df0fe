"""What a project asks its installer for: names, and whether one version is meant or whichever is new."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.static.documents.document import Document
from auditor.static.documents.kinds import Kind
from auditor.static.documents.span import Span
from auditor.static.documents.tree import Items, Node, Scalar, Section

_SIGNED = lazy_pattern(r"==\s*[^*]+")
_BARE = lazy_pattern(r"={0,3}\s*v?\d[\w.+!-]*|==\s*[^*]+")
_REQUIREMENT = lazy_pattern(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?P<version>[^;#]*)")
_EXACT = lazy_pattern(
    r"===?\s*(?![^,]*\*)\S|^=\d+(?:\.\w+)*(?:=\S+)?$|~=\s*\d+\.\d+\.\d|@\s*(?:file:|https?:)|@\s*git\S*@(?!(?:main|master|develop|dev)\b)\S+"
)
_GIT = lazy_pattern(
    r"(?:-e\s+|--editable\s+)?git\+\S*?/(?P<name>[\w.-]+?)(?:\.git)?(?:@(?P<version>[\w./-]+))?(?:#.*)?$"
)
_CONDA = lazy_pattern(r"(?:[\w./-]+::)?(?P<name>[\w.-]+)\s*(?P<version>.*)")
_CONDA_EXACT = lazy_pattern(r"={0,2}\s*\d+(?:\.\d+)+")
_MOVING = frozenset({"main", "master", "develop", "dev"})


@dataclass(frozen=True, slots=True)
class Dependency:
    """One package that is asked for."""

    name: str
    """In lower case, `_` and `.` as `-`."""

    is_exact: bool
    span: Span


def requirements(document: Document) -> Iterator[Dependency]:
    """The packages of a requirements file."""
    for number, line in enumerate(document.lines, 1):
        text = re.split(r"\s#|^#", line, maxsplit=1)[0].rstrip(" \\")
        column = len(text) - len(text.lstrip()) + 1
        found = requirement(text.strip())
        if found:
            yield Dependency(*found, Span(number, column, number, len(text) + 1))


def requirement(text: str) -> tuple[str, bool] | None:
    """Name and exactness of one requirement as pip reads it; None for options and paths."""
    git = _GIT.fullmatch(text)
    if git:
        return normal(git["name"]), git["version"] is not None and git["version"] not in _MOVING
    match = _REQUIREMENT.match(text)
    if match is None or text.startswith("-") or "/" in match["name"] or re.match(r"\S*(?:/|\\|://)", text):
        return None
    version = match["version"].strip()
    if version and version[0] not in "=<>!~@(":
        return None
    return normal(match["name"]), _EXACT.search(version) is not None or "--hash" in text or "$" in version


def conda_requirement(text: str) -> tuple[str, bool] | None:
    """The same for conda: one `=` names a version too."""
    match = _CONDA.fullmatch(text.strip().strip("'\""))
    if match is None:
        return None
    version = match["version"].strip()
    return normal(match["name"]), _CONDA_EXACT.match(version) is not None or "$" in version


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def environment(document: Document) -> Iterator[Dependency]:
    """The packages of a conda environment, pip's among them; nothing where the file is something else."""
    from auditor.static.documents.yaml_tree import read_yaml

    for root in read_yaml(document.text):
        entry = root.entry("dependencies") if isinstance(root, Section) else None
        if entry and isinstance(entry.value, Items):
            for node in entry.value.values:
                yield from _conda(node)


def _conda(node: Node) -> Iterator[Dependency]:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        found = conda_requirement(node.value)
        if found:
            yield Dependency(*found, node.span)
    elif isinstance(node, Section):
        entry = node.entry("pip")
        for each in entry.value.values if entry and isinstance(entry.value, Items) else ():
            found = requirement(each.value) if isinstance(each, Scalar) and isinstance(each.value, str) else None
            if found:
                yield Dependency(*found, each.span)


def project_table(document: Document) -> Iterator[Dependency]:
    """The packages of a `pyproject.toml` or a `Pipfile`.

    Nothing where the project is built into a package: versions are then for those to choose who install it.
    """
    from auditor.static.documents.toml_tree import read_toml

    root = read_toml(document.text)
    if document.name == "Pipfile":
        yield from _table(_below(root, "packages"))
    elif root.entry("build-system") is None or _is_no_package(root):
        yield from _table(_below(root, "tool", "poetry", "dependencies"), bare_is_exact=True)
        project = _below(root, "project")
        entry = project.entry("dependencies") if project else None
        for node in entry.value.values if entry and isinstance(entry.value, Items) else ():
            if isinstance(node, Scalar) and isinstance(node.value, str):
                found = requirement(node.value)
                if found:
                    yield Dependency(*found, _quoted(document, node.value))


def _is_no_package(root: Section) -> bool:
    marks = ((("tool", "poetry"), "package-mode"), (("tool", "uv"), "package"))
    for path, key in marks:
        table = _below(root, *path)
        entry = table.entry(key) if table else None
        if entry and isinstance(entry.value, Scalar) and entry.value.value is False:
            return True
    return False


def _below(root: Section, *path: str) -> Section | None:
    node: Node = root
    for key in path:
        entry = node.entry(key) if isinstance(node, Section) else None
        if entry is None:
            return None
        node = entry.value
    return node if isinstance(node, Section) else None


def _table(table: Section | None, *, bare_is_exact: bool = False) -> Iterator[Dependency]:
    """`torch = "^2.1"`, `torch = { version = "==2.1.0" }`; `"2.1.0"` is this version for Poetry."""
    exact = _BARE if bare_is_exact else _SIGNED
    for entry in table.entries if table else ():
        value = entry.value.text("version") if isinstance(entry.value, Section) else None
        if isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
            value = entry.value.value
        if value is not None:
            yield Dependency(normal(entry.key), exact.fullmatch(value.strip()) is not None, entry.span)


def _quoted(document: Document, text: str) -> Span:
    for number, line in enumerate(document.lines, 1):
        for mark in "\"'":
            at = line.find(mark + text + mark)
            if at >= 0:
                return Span(number, at + 1, number, at + len(text) + 3)
    return Span(1, 1, 1, 1)


def dependencies(document: Document) -> Iterator[Dependency]:
    """The packages that a document asks for, in its order."""
    if document.kind is Kind.REQUIREMENTS:
        yield from requirements(document)
    elif document.kind is Kind.YAML:
        yield from environment(document)
    else:
        yield from project_table(document)
