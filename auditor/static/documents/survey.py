"""Rules × documents → findings, as the engine does it for program files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING, Protocol, cast
from auditor.model.finding import Finding, Remark, Skipped, Suppressed
from auditor.model.lean import dataclass, field, replace
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.static.documents.document import MAX_BYTES, Document
from auditor.static.documents.kinds import LAUNCHERS, Kind, document_kind
from auditor.static.documents.references import References
from auditor.static.matcher import Hit
from auditor.static.scanning.allowance import complaints, judge, needless
from auditor.static.scanning.findings import Placed, hit_order, make_finding
from auditor.static.suppress import MARK, Suppressions, read_suppressions
from auditor.static.syntax.source import SourceFile

if TYPE_CHECKING:
    from auditor.static.files.discovery import Discovery
    from auditor.static.scanning.demands import Bound

_FOREIGN = frozenset({"ci", "docs", "doc", "test", "tests", "testing"})
"""Folders whose files serve the project's own machinery, not its programs."""

HEAD_BYTES = 65_536
"""What is read of a document that is too large, to tell whether it is one that should have been looked at."""

Ignored = Callable[[str, Rule], bool]


class DocumentMatcher(Protocol):
    """What a matcher has besides, if its rules speak about documents."""

    documents: Collection[Kind]

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        """Whether a document may matter, from its bytes: most are never decoded."""

    def is_ours(self, rule: Rule, raw: bytes) -> bool:
        """Whether a document that cannot be read (or its beginning) is one that the rule should have looked at."""

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        """Yield every place in `document` where the rule holds; raise `ProjectError` where it is malformed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What came out of the documents of a project, in no order."""

    files: int = 0
    """Documents that a rule had a closer look at."""

    findings: list[Finding] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def survey_documents(found: Discovery, bound: Iterable[Bound], by_name: Mapping[str, Rule], ignored: Ignored) -> Survey:
    """Ask every rule that speaks about documents; `by_name` has all rules by id and name, for suppressions."""
    rules = [each for each in bound if each.demand.documents]
    survey = Survey()
    if not rules:
        return survey
    reader = _Reader(survey, rules, by_name, ignored, found)
    notebooks = (file for file in found.files if file.is_notebook)
    for source in sorted((*found.documents, *notebooks), key=lambda file: file.path):
        if not _is_foreign(source.path) and source.path not in found.test_paths:
            reader.look_at(source)
    return replace(survey, files=len(reader.looked_at - {entry.subject for entry in survey.skipped}))


def configurations(found: Discovery) -> Iterator[str]:
    """Paths of the YAML and JSON files that serve the project's own programs."""
    for path in (document.path for document in found.documents):
        if path.endswith((".yaml", ".yml", ".json")) and not _is_foreign(path) and path not in found.test_paths:
            yield path


def _is_foreign(path: str) -> bool:
    *folders, name = path.split("/")
    if name.startswith(".") and not name.startswith(".env"):
        return True
    return any(folder.startswith(".") or folder.lower() in _FOREIGN for folder in folders)


class _Reader:
    def __init__(
        self,
        survey: Survey,
        rules: Sequence[Bound],
        by_name: Mapping[str, Rule],
        ignored: Ignored,
        found: Discovery,
    ) -> None:
        self.looked_at = set(found.asked)
        """Those that a rule had a closer look at, and those that were asked for by name."""

        self._asked = frozenset(found.asked)
        self._survey = survey
        self._rules = rules
        self._by_name = by_name
        self._ignored = ignored
        self._references = References(found.root, found.files)

    def look_at(self, source: SourceFile) -> None:
        """Read one file, if any rule may speak about it."""
        kind = Kind.NOTEBOOK if source.is_notebook else document_kind(source.path.rpartition("/")[2])
        speaking = [each for each in self._rules if kind is not None and kind.value in each.demand.documents]
        if kind is None or not speaking:
            return
        asked = [(each.rule, cast("DocumentMatcher", each.matcher)) for each in speaking]
        was_read = source.is_read
        try:
            size = source.file.stat().st_size
            if size > MAX_BYTES and kind is not Kind.NOTEBOOK:
                self._too_large(source, size, asked)
                return
            raw = source.raw()
            asked = [(rule, matcher) for rule, matcher in asked if matcher.is_candidate(rule, kind, raw)]
            if asked or MARK.encode() in raw.lower():
                self._judge(Document(source, kind), asked)
        except (OSError, ProjectError):
            # Nothing tells that it is one of ours; a notebook that cannot be read is told by the engine.
            return
        finally:
            if not was_read:
                source.forget()

    def _too_large(self, source: SourceFile, size: int, asked: Iterable[tuple[Rule, DocumentMatcher]]) -> None:
        with source.file.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if any(matcher.is_ours(rule, head) for rule, matcher in asked):
            self._skip(source.path, f"too large: {size:,} bytes, the limit is {MAX_BYTES:,}")

    def _judge(self, document: Document, asked: Sequence[tuple[Rule, DocumentMatcher]]) -> None:
        comments = self._comments(document)
        unread = 0
        for rule, matcher in asked:
            counts: dict[str, int] = {}
            try:
                for hit in sorted(matcher.find_in(rule, document, self._references), key=hit_order):
                    self._add(rule, _placed(rule, hit, document, counts), comments)
            except ProjectError as error:
                unread += 1
                if matcher.is_ours(rule, document.raw) or document.path in self._asked:
                    self._skip(document.path, str(error))
        if unread < len(asked) and document.kind is not Kind.NOTEBOOK:
            self.looked_at.add(document.path)
        self._survey.remarks.extend(_remarks(document, comments, self._spoken_about(document.kind)))

    def _spoken_about(self, kind: Kind) -> list[Rule]:
        """Rules whose unused suppressions are ours to tell: in notebooks the engine tells those of all others."""
        return [each.rule for each in self._rules if kind.value in each.demand.documents]

    def _comments(self, document: Document) -> Suppressions:
        if MARK not in document.text.lower():
            return Suppressions(())
        from auditor.static.documents.comments import comments_alone  # few documents have a comment for us
        from auditor.static.documents.shell import commands

        lines = document.lines
        alone = "\n".join(comments_alone(lines, document.kind))
        joined = commands(lines) if document.kind in (*LAUNCHERS, Kind.NOTEBOOK) else {}
        return read_suppressions(alone, lines, self._by_name, joined)

    def _add(self, rule: Rule, placed: Placed, comments: Suppressions) -> None:
        is_ignored = self._ignored(placed.finding.location.path, rule)
        judged = judge(rule, placed, None if is_ignored else comments)
        if isinstance(judged, Suppressed):
            self._survey.suppressed.append(judged)
        else:
            self._survey.findings.append(judged)

    def _skip(self, path: str, reason: str) -> None:
        entry = Skipped(subject=path, reason=reason)
        if entry not in self._survey.skipped:
            self._survey.skipped.append(entry)


def _remarks(document: Document, comments: Suppressions, rules: Iterable[Rule]) -> Iterator[Remark]:
    wrong = () if document.kind is Kind.NOTEBOOK else complaints(comments)  # the engine tells those of notebooks
    told = [*wrong, *needless(comments, rules)]
    for line, text in sorted(told):
        cell, inside = document.places[line - 1] if document.kind is Kind.NOTEBOOK else (None, line)
        yield Remark(location=Location(path=document.path, line=inside, cell=cell), message=text)


def _placed(rule: Rule, hit: Hit, document: Document, counts: dict[str, int]) -> Placed:
    location = hit.location
    first = document.text_line(location)
    finding = make_finding(rule, hit, (document.lines[first - 1],), counts)
    return Placed(finding=finding, first=first, last=first + (location.end_line or location.line) - location.line)
