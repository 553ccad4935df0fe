"""Variables that the project's own launchers set for its programs: `export CUBLAS_WORKSPACE_CONFIG=:4096:8`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Finding
from auditor.model.rule import RuleId
from auditor.static.documents.document import MAX_BYTES, Document
from auditor.static.documents.kinds import LAUNCHERS, Kind, document_kind
from auditor.static.documents.shell import settings, unquoted

if TYPE_CHECKING:
    from auditor.static.source import SourceFile

_FOR_ALL = (Kind.ENVIRONMENT_FILE, Kind.DOCKERFILE)
"""What these set holds for every program."""


def without_launched(
    findings: Iterable[Finding], variables: Mapping[RuleId, Collection[str]], documents: Iterable[SourceFile]
) -> Iterator[Finding]:
    """Leave out findings of rules that a variable answers, where a launcher of each program sets it to something.

    `variables`: by the rule's id, the names of which one is enough. A script is a program's launcher where it names
    the program's file or its module.
    """
    listed = list(findings)
    asked = {name for finding in listed for name in variables.get(finding.rule_id, ())}
    launchers = list(_launchers(documents, asked)) if asked else []
    for finding in listed:
        names = variables.get(finding.rule_id, ())
        programs = finding.entry_points or (finding.location.path,)
        if not names or not all(_is_launched(path, names, launchers) for path in programs):
            yield finding


def _launchers(documents: Iterable[SourceFile], names: Collection[str]) -> Iterator[tuple[Document, frozenset[str]]]:
    for source in documents:
        kind = document_kind(source.path.rpartition("/")[2])
        if kind is None or kind not in LAUNCHERS:
            continue
        try:
            if source.file.stat().st_size > MAX_BYTES or not any(name.encode() in source.raw() for name in names):
                continue
            document = Document(source, kind)
            found = {each.name for each in settings(document) if unquoted(each.value)}
        except (OSError, ProjectError):
            continue
        yield document, frozenset(found)


def _is_launched(path: str, names: Collection[str], launchers: Iterable[tuple[Document, frozenset[str]]]) -> bool:
    file = path.rpartition("/")[2]
    module = path.removesuffix(".py").replace("/", ".")
    return any(
        not given.isdisjoint(names) and (document.kind in _FOR_ALL or file in document.text or module in document.text)
        for document, given in launchers
    )
