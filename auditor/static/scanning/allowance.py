"""Findings, apart from those that a comment or the settings allow, and what is wrong with such comments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Finding, Remark, Suppressed
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.static.scanning.findings import Placed
from auditor.static.suppress import Suppressions, read_suppressions

if TYPE_CHECKING:
    from auditor.static.project import Project
    from auditor.static.syntax.places import Places


class Allowance:
    """Sorts the findings of one scan; the files are read as text, not parsed."""

    def __init__(self, project: Project, by_name: Mapping[str, Rule], ignored: Callable[[str, Rule], bool]) -> None:
        self.findings: list[Finding] = []
        self.suppressed: list[Suppressed] = []
        self._project = project
        self._by_name = by_name
        self._ignored = ignored
        self._comments: dict[str, tuple[Suppressions, Places | None]] = {}

    def look_at(self, path: str) -> Suppressions:
        """The suppressions of a file, read once; a comment that nothing needs is told later."""
        if path not in self._comments:
            self._comments[path] = self._read(path)
        return self._comments[path][0]

    def add(self, rule: Rule, placed: Placed) -> None:
        path = placed.finding.location.path
        is_ignored = self._ignored(path, rule)
        comments = None if is_ignored else self.look_at(path)
        judged = judge(rule, placed, comments)
        if isinstance(judged, Suppressed):
            self.suppressed.append(judged)
        else:
            self.findings.append(judged)

    def remarks(self, active: Sequence[Rule]) -> Iterator[Remark]:
        """What is wrong with suppressions, by file and line."""
        for path in sorted(self._comments):
            comments, places = self._comments[path]
            for line, text in sorted([*complaints(comments), *needless(comments, active)]):
                cell, inside = places.place(line) if places is not None else (None, line)
                yield Remark(location=Location(path=path, line=inside, cell=cell), message=text)

    def _read(self, path: str) -> tuple[Suppressions, Places | None]:
        source = self._project.source(path)
        try:
            text = source.text() if self._project.sketch(path).is_marked else ""
        except ProjectError:
            text = ""
        source.forget()
        lines = text.split("\n")
        places = None
        if source.is_notebook:
            from auditor.static.syntax.places import Places

            places = Places(path, tuple(lines), source.places)
        return read_suppressions(text, lines, self._by_name), places


def judge(rule: Rule, placed: Placed, comments: Suppressions | None) -> Finding | Suppressed:
    """A finding, or why it is allowed; `comments`: those of its file, None where the settings ignore the rule there."""
    finding = placed.finding
    if comments is None:
        return Suppressed(finding=finding, reason="ignored for this file in the settings", in_source=False)
    allowed = comments.allows(rule, placed.first, placed.last)
    if allowed is None:
        return finding
    if allowed.reason:
        return Suppressed(finding=finding, reason=allowed.reason)
    return replace(finding, advice=f"{finding.advice} (the comment that allows it does not count: add `because …`)")


def complaints(comments: Suppressions) -> Iterator[tuple[int, str]]:
    """What is wrong with the comments of a file, by line."""
    for entry in comments.entries:
        yield from ((entry.line, f"this suppression is wrong: {text}") for text in entry.complaints)


def needless(comments: Suppressions, active: Iterable[Rule]) -> Iterator[tuple[int, str]]:
    """Comments that allow what none of the active rules finds, by line."""
    for line, name in comments.unused(active):
        yield line, f"nothing to allow: {name} finds nothing here; remove the comment"
