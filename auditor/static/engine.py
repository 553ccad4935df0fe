"""Rules × facts → findings: which files are worth parsing, what is asked of them, in which order it is told."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.errors import ProjectError, RuleError
from auditor.model.finding import Finding, Skipped, Suppressed
from auditor.model.rule import Rule, Severity
from auditor.ruleset import Ruleset
from auditor.static.discovery import Discovery
from auditor.static.documents.survey import survey_documents
from auditor.static.facts import ModuleFacts
from auditor.static.identity import finding_key, identity, source_text
from auditor.static.knowledge import RngIndex
from auditor.static.matcher import Hit, Matcher, registry
from auditor.static.needles import Needles, needles
from auditor.static.project import Project
from auditor.static.suppress import Suppressions, read_suppressions

MAX_SOURCE_LINES = 12
"""Source lines kept with a finding."""

MAX_CHECKED_BYTES = 8_000_000
"""Files in which no rule can hold are parsed just to tell syntax errors, as long as there are no more bytes of them."""

COLLECTED_AFTER = 400
"""Files after which forgotten ones are collected: their tables refer to each other, and collection is off otherwise."""

IGNORED = "ignored for this file in the settings"

_SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What came out of one analysis, everything sorted."""

    files: int
    entry_points: tuple[str, ...]
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    """Sentences about suppressions that do not count or are not needed."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """A rule with the matcher that it names and what a file must hold for it (None: nothing in particular)."""

    rule: Rule
    matcher: Matcher
    needles: Needles | None


class Engine:
    """One set of rules, checked and ready."""

    def __init__(self, ruleset: Ruleset, rules: Sequence[Rule]) -> None:
        """`rules`: those that are asked for, of `ruleset`. Raises `RuleError` for options that its matcher refuses."""
        self._ruleset = ruleset
        self._bound = [_bind(rule) for rule in sorted(rules, key=lambda rule: rule.id)]
        self._by_name = {key: rule for rule in ruleset.rules for key in (rule.id, rule.name)}
        self._rng = RngIndex(ruleset)

    def analyse(
        self,
        found: Discovery,
        *,
        ignored: Callable[[str, Rule], bool] = lambda path, rule: False,
        step: Callable[[int, str], None] = lambda done, path: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Analysis:
        """Look at every file that was found. `ignored(path, rule)`: the settings allow that rule in that file."""
        # Trees and tables live to the end of the scan; looking for garbage among them takes a fifth of its time.
        enabled = gc.isenabled()
        gc.disable()
        try:
            return self._analyse(found, ignored, step, cancelled)
        finally:
            if enabled:
                gc.enable()

    def _analyse(
        self,
        found: Discovery,
        ignored: Callable[[str, Rule], bool],
        step: Callable[[int, str], None],
        cancelled: Callable[[], bool],
    ) -> Analysis:
        project = self.project(found)
        sorter = _Sorter(project, self._by_name, ignored)
        for number, path in enumerate(self._paths(project)):
            if cancelled():
                break
            step(number, path)
            module = project.module(path)
            if module is None:
                continue
            sorter.comments(module)
            for rule, finding in self._findings(module, project):
                sorter.add(rule, finding)
            if not sorter.comments(module).entries:
                project.forget(path)
            if number % COLLECTED_AFTER == COLLECTED_AFTER - 1:
                gc.collect()
        _check_syntax(project)
        survey = survey_documents(found, [(bound.rule, bound.matcher) for bound in self._bound], self._by_name, ignored)
        sorter.findings += survey.findings
        sorter.suppressed += survey.suppressed
        skipped = [
            *survey.skipped,
            *found.skipped,
            *(Skipped(subject=path, reason=text) for path, text in project.problems.items()),
        ]
        return Analysis(
            files=len(found.files) + survey.files,
            entry_points=tuple(project.entry_points),
            findings=tuple(sorted(_unique(sorter.findings), key=finding_order)),
            suppressed=tuple(sorted(sorter.suppressed, key=lambda entry: finding_order(entry.finding))),
            skipped=tuple(sorted(skipped, key=lambda entry: (entry.subject, entry.reason))),
            notes=(
                *sorter.notes([each.rule for each in self._bound if each.matcher.scope != "document"]),
                *survey.notes,
            ),
        )

    def project(self, found: Discovery) -> Project:
        """The project, ready to be asked."""
        literals = set(self._rng.tokens)
        for bound in self._bound:
            literals |= bound.matcher.literals(bound.rule) or frozenset()
        everything = any(bound.needles is None and bound.matcher.scope == "module" for bound in self._bound)
        return Project(
            found.root,
            found.files,
            self._rng,
            test_paths=found.test_paths,
            needed=None if everything else needles(literals),
            vocabulary=needles(literals).words,
            known_names=frozenset(name for bound in self._bound for name in _names(bound.rule.match.options)),
        )

    def _paths(self, project: Project) -> Iterator[str]:
        """The files that have to be parsed: those with a word that a rule knows, and the programs."""
        for path in sorted(project.files):
            if path in project.entry_points or (project.is_relevant(path) and not project.is_test(path)):
                yield path

    def _findings(self, module: ModuleFacts, project: Project) -> Iterator[tuple[Rule, Finding]]:
        source = project.source(module.path)
        for bound in self._bound:
            if bound.matcher.scope == "document":
                continue
            if bound.matcher.scope == "entry-point":
                if not module.is_entry_point:
                    continue
            elif bound.needles is not None and not bound.needles.are_in(source):
                continue
            try:
                hits = list(bound.matcher.find(bound.rule, module, project))
            except RecursionError:
                project.problems[module.path] = f"nested too deeply for {bound.rule.id}"
                continue
            counts: dict[str, int] = {}
            for hit in sorted(hits, key=_hit_order):
                yield bound.rule, _finding(bound, hit, module, project, counts)


def find_files(
    root: Path, paths: Sequence[Path], exclude: Sequence[str], cancelled: Callable[[], bool] | None = None
) -> Discovery:
    """Walk `paths`, which lie in `root`."""
    found = Discovery(root, exclude, cancelled)
    found.add(paths)
    return found


def _bind(rule: Rule) -> _Bound:
    matchers = registry()
    matcher = matchers.get(rule.match.kind)
    if matcher is None:
        known = ", ".join(sorted(matchers))
        raise RuleError(f"{rule.path}: match.kind: there is no `{rule.match.kind}`; known are {known}")
    matcher.validate(rule.match.options, f"{rule.path}: match")
    literals = matcher.literals(rule)
    return _Bound(rule, matcher, None if literals is None else needles(literals))


def _names(value: object) -> Iterator[str]:
    """Every dotted name in a rule's options."""
    if isinstance(value, str):
        if "." in value:
            yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _names(key)
            yield from _names(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _names(inner)


def _finding(bound: _Bound, hit: Hit, module: ModuleFacts, project: Project, counts: dict[str, int]) -> Finding:
    rule, location = bound.rule, hit.location
    place = project.module(location.path) if location.path != module.path else module
    place = place or module
    first = place.text_line(location)
    last = first + (location.end_line or location.line) - location.line
    lines = place.lines[first - 1 : min(last, first - 1 + MAX_SOURCE_LINES)]
    entry_points = project.entry_points_reaching(module) if hit.entry_points is None else hit.entry_points
    # Only what is judged for each program by itself is another finding in another program.
    own = (hit.entry_points or ()) if bound.matcher.scope == "entry-point" else ()
    what = identity(rule.id, location.path, source_text(lines), own)
    counts[what] = counts.get(what, 0) + 1
    return Finding(
        rule_id=rule.id,
        severity=hit.severity or rule.severity,
        confidence=hit.confidence or rule.confidence,
        message=hit.message or rule.title,
        advice=hit.advice or rule.fix.summary,
        location=location,
        related=hit.related,
        entry_points=tuple(sorted(entry_points)),
        key=finding_key(what, counts[what]),
        source_lines=tuple(lines),
    )


class _Sorter:
    """Findings, and those that a comment or the settings allow."""

    def __init__(self, project: Project, by_name: Mapping[str, Rule], ignored: Callable[[str, Rule], bool]) -> None:
        self.findings: list[Finding] = []
        self.suppressed: list[Suppressed] = []
        self._project = project
        self._by_name = by_name
        self._ignored = ignored
        self._comments: dict[str, Suppressions] = {}

    def comments(self, module: ModuleFacts) -> Suppressions:
        """The suppressions of a file, read once."""
        found = self._comments.get(module.path)
        if found is None:
            found = read_suppressions("\n".join(module.lines), module.lines, self._by_name)
            self._comments[module.path] = found
        return found

    def add(self, rule: Rule, finding: Finding) -> None:
        location = finding.location
        module = self._project.module(location.path)
        if self._ignored(location.path, rule):
            self.suppressed.append(Suppressed(finding=finding, reason=IGNORED, in_source=False))
            return
        allowed = None
        if module is not None:
            first = module.text_line(location)
            last = first + (location.end_line or location.line) - location.line
            allowed = self.comments(module).allows(rule, first, last)
        if allowed is None:
            self.findings.append(finding)
        elif allowed.reason:
            self.suppressed.append(Suppressed(finding=finding, reason=allowed.reason))
        else:
            advice = f"{finding.advice} (the comment that allows it does not count: add `because …`)"
            self.findings.append(replace(finding, advice=advice))

    def notes(self, active: Sequence[Rule]) -> Iterator[str]:
        """What is wrong with suppressions, by file and line."""
        for path in sorted(self._comments):
            module, comments = self._project.module(path), self._comments[path]
            told = [
                *(
                    (entry.line, f"this suppression is wrong: {text}")
                    for entry in comments.entries
                    for text in entry.complaints
                ),
                *(
                    (line, f"nothing to allow: {name} finds nothing here; remove the comment")
                    for line, name in comments.unused(active)
                ),
            ]
            if module is None:
                continue
            for line, text in sorted(told):
                cell, inside = module.place(line)
                yield f"{path}:{inside}: {text}" if cell is None else f"{path}: cell {cell}:{inside}: {text}"


def _check_syntax(project: Project) -> None:
    """Parse what no rule needed, so that files that are no Python are told in small projects too."""
    budget = MAX_CHECKED_BYTES
    for path in sorted(project.files):
        if path in project.problems or project.was_parsed(path):
            continue
        source = project.source(path)
        try:
            budget -= len(source.raw())
            if budget < 0:
                return
            source.parse(source.text())
        except ProjectError as error:
            project.problems[path] = str(error)


def _unique(findings: Iterable[Finding]) -> Iterator[Finding]:
    seen: set[tuple[object, ...]] = set()
    for finding in findings:
        identity = (finding.rule_id, finding.location, finding.message, finding.entry_points)
        if identity not in seen:
            seen.add(identity)
            yield finding


def _hit_order(hit: Hit) -> tuple[str, int, int, int, str]:
    location = hit.location
    return location.path, location.cell or 0, location.line, location.column, hit.message or ""


def finding_order(finding: Finding) -> tuple[int, str, int, int, int, str, str]:
    """The order of reports: the worst first, then by place."""
    location = finding.location
    rank = _SEVERITIES.index(finding.severity)
    return rank, location.path, location.cell or 0, location.line, location.column, finding.rule_id, finding.message
