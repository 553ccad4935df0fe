"""A setting in a configuration file: `seed: null`, `cudnn_benchmark: true`, in files that are known to be read so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.kinds import CONFIGURATIONS, LAUNCHERS, Kind
from auditor.static.files.pinned import fits
from auditor.static.matcher import Hit, Scope
from auditor.static.scanning.ruleoptions import WithOptions

if TYPE_CHECKING:
    from auditor.static.documents.dialects import Readers
    from auditor.static.documents.document import Document
    from auditor.static.documents.references import References
    from auditor.static.documents.settings import Candidates, Setting
    from auditor.static.documents.span import Span
    from auditor.static.documents.tree import Entry, Node
    from auditor.static.facts import ModuleFacts  # a scan after an edit reads documents, and perhaps no Python
    from auditor.static.project import Project

_WORDS = {None: "null", True: "true", False: "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    settings: tuple[Setting, ...]
    modules: frozenset[str]
    """Words of which one stands in every Python module that may be such a configuration; none: no module is."""

    candidates: Candidates


def _read(table: Table) -> _Options:
    from auditor.static.documents.settings import Candidates, read_setting

    settings = tuple(read_setting(entry) for entry in table.tables("setting"))
    if not settings:
        raise table.complain("setting", "expected one table or more")
    return _Options(settings=settings, modules=frozenset(table.strings("modules")), candidates=Candidates(settings))


class SettingMatcher(WithOptions[_Options]):
    """`kind = "setting"`."""

    kind = "setting"
    scope: Scope = "module"
    documents = CONFIGURATIONS | LAUNCHERS

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return self._options.of(rule).modules

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        """For configurations that are Python modules."""
        from auditor.static.documents.python_tree import read_python

        options = self._options.of(rule)
        root = None if module.is_notebook or not options.modules else read_python(module.tree)
        if root is not None:
            if any(setting.comment is not None for setting in options.settings):
                project.trace.note("layout", module.path)
            settings = [each for each in options.settings if fits(each.versions, project)]
            for hit, span in _hits(settings, root, Kind.PYTHON, module.lines, frozenset(), frozenset):
                yield hit(_python_location(module, span))

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        """Whether a file may hold such a setting, from its bytes."""
        candidates = self._options.of(rule).candidates
        return candidates.are_passed(raw) if kind in LAUNCHERS else candidates.are_in(raw)

    def is_ours(self, rule: Rule, raw: bytes) -> bool:
        from auditor.static.documents.settings import is_ours

        return is_ours(self._options.of(rule).settings, raw)

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        """For files of data. Raises `ProjectError` where one is malformed."""
        from auditor.static.documents.configuration import read_configuration

        settings = [each for each in self._options.of(rule).settings if references.fit(each.versions)]
        if document.kind in LAUNCHERS:
            yield from _passed(settings, document)
            return

        def readers() -> frozenset[str]:
            return references.readers(document.path)

        groups = frozenset({document.name.partition(".")[0], document.folder.rpartition("/")[2]})
        for root in read_configuration(document):
            for hit, span in _hits(settings, root, document.kind, document.lines, groups, readers):
                yield hit(document.location(span))


def _passed(settings: Iterable[Setting], document: Document) -> Iterator[Hit]:
    from auditor.static.documents.settings import passed_settings

    for setting in settings:
        for name, span, value in passed_settings(setting, document):
            yield _Made(name.lstrip("+"), value, setting)(document.location(span))


def _hits(
    settings: Iterable[Setting],
    root: Node,
    kind: Kind,
    lines: tuple[str, ...],
    groups: frozenset[str],
    readers: Readers,
) -> Iterator[tuple[_Made, Span]]:
    from auditor.static.documents.settings import found_settings

    told: set[Span] = set()
    for setting in settings:
        for path, entry, value in found_settings(setting, root, kind, groups, readers):
            # `${seed}` stands for a value that was told where it is written.
            if not told.isdisjoint((entry.span, value.span)) or not _is_meant(setting, entry, lines):
                continue
            told.update((entry.span, value.span))
            yield _Made(path, value.value, setting), entry.span


@dataclass(frozen=True, slots=True)
class _Made:
    """A hit that waits for its location."""

    path: str
    value: object
    setting: Setting

    def __call__(self, location: Location) -> Hit:
        shown = _WORDS[self.value] if self.value is None or isinstance(self.value, bool) else str(self.value)
        return Hit(
            location=location,
            message=f"`{self.path}` is `{shown}`: {self.setting.because}",
            severity=self.setting.severity,
            confidence=self.setting.confidence,
        )


def _is_meant(setting: Setting, entry: Entry, lines: tuple[str, ...]) -> bool:
    """Whether a comment says what the value is asked to mean, where that is asked."""
    if setting.comment is None:
        return True
    line = entry.key_span.line
    above = lines[line - 2].strip() if line > 1 else ""
    beside = lines[line - 1].partition("#")[2]
    return bool(setting.comment.search(beside) or (above.startswith("#") and setting.comment.search(above)))


def _python_location(module: ModuleFacts, span: Span) -> Location:
    return Location(
        path=module.path,
        line=span.line,
        column=_column(module.lines[span.line - 1], span.column),
        end_line=span.end_line,
        end_column=_column(module.lines[span.end_line - 1], span.end_column),
    )


def _column(line: str, column: int) -> int:
    """The column in characters of one in bytes."""
    return len(line.encode()[: column - 1].decode("utf-8", "replace")) + 1


MATCHER = SettingMatcher(_read)
