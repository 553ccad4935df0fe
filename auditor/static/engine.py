"""Rules × facts → findings: which files are worth parsing, what is asked of them, in which order it is told."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from auditor.errors import ProjectError, RuleError
from auditor.model.finding import Finding, Skipped, Suppressed
from auditor.model.lean import dataclass, field
from auditor.model.rule import Rule
from auditor.ruleset import Ruleset
from auditor.static.allowance import Allowance
from auditor.static.discovery import Discovery
from auditor.static.discovery import find_files as find_files  # what the engine analyses, so it is asked for here
from auditor.static.documents.survey import survey_documents
from auditor.static.findings import Placed, finding_order, place_findings, unique
from auditor.static.knowledge import RngIndex
from auditor.static.matcher import Matcher, find_matcher, registry
from auditor.static.passes import Passes
from auditor.static.prerequisites import Prerequisite, drawing, prerequisites
from auditor.static.project import Project
from auditor.static.source import SourceFile
from auditor.static.trace import Kept
from auditor.static.vocabulary import Vocabulary
from auditor.static.workers import available

MAX_CHECKED_BYTES = 2_000_000
"""Files in which no rule can hold are parsed just to tell syntax errors, as long as there are no more bytes of them."""

MIN_SHARED_BYTES = 1_000_000
"""Source from which on more than one process is worth its start."""


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

    read_files: tuple[str, ...] = ()
    """Files that were read besides those that were asked for; relative to the root, like all paths here."""

    listed_folders: tuple[str, ...] = ()
    """Folders in which imports were looked up; those that do not exist too."""

    kept: Kept = field(default_factory=Kept, repr=False, compare=False)
    """For the next scan."""


@dataclass(frozen=True)
class _Bound:
    """A rule with the matcher that it names and what must be true of a file for it (None: nothing in particular)."""

    rule: Rule
    matcher: Matcher
    prerequisites: tuple[Prerequisite, ...] | None

    @cached_property
    def literals(self) -> frozenset[str]:
        """One of these stands in every file in which the rule can hold; empty where that cannot be said."""
        asked = [each.literals[0] if each.literals else each.methods for each in self.prerequisites or ()]
        return frozenset().union(*asked) if all(asked) else frozenset()


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
        processes: int | None = None,
        earlier: Kept | None = None,
        unchanged: Collection[str] = (),
    ) -> Analysis:
        """Look at every file that was found. `ignored(path, rule)`: the settings allow that rule in that file.

        `processes`: how many may work on it (None: as many as there are cores, where that is safe and worth it); the
        result does not depend on it. `earlier`: what a scan of the same files, rules and settings left, in whose
        folders the same names stand; `unchanged`: the files whose contents are as they were then.
        """
        # Trees and tables live to the end of their pass; looking for garbage among them takes a fifth of the time.
        enabled = gc.isenabled()
        gc.disable()
        try:
            return self._analyse(found, ignored, step, cancelled, processes, earlier, frozenset(unchanged))
        finally:
            if enabled:
                gc.enable()

    def _analyse(
        self,
        found: Discovery,
        ignored: Callable[[str, Rule], bool],
        step: Callable[[int, str], None],
        cancelled: Callable[[], bool],
        processes: int | None,
        earlier: Kept | None,
        unchanged: frozenset[str],
    ) -> Analysis:
        project = self.project(found)
        if earlier is not None:
            project.know_kept(earlier, unchanged)
        if processes is None:
            size = sum(file.size_bytes for file in found.files) if available() > 1 else 0
            processes = available() if size >= MIN_SHARED_BYTES else 1
        passes = Passes(project, processes, step, cancelled, earlier)
        passes.sketch()
        passes.find_programs()
        if any(bound.matcher.scope == "entry-point" for bound in self._bound):
            passes.judge_programs()
        allowance = Allowance(project, self._by_name, ignored)
        rules = {bound.rule.id: bound.rule for bound in self._bound}
        paths = list(self._paths(project))
        for path, looked in zip(paths, passes.look(paths, self._findings), strict=False):
            if looked.is_marked:
                allowance.look_at(path)
            for placed in looked.findings:
                allowance.add(rules[placed.finding.rule_id], placed)
        checked = {path: text for path, text in earlier.syntax.items() if path in unchanged} if earlier else {}
        passes.kept.syntax.update(_check_syntax(project, passes.parsed | set(passes.problems), checked))
        project.keep(passes.kept)
        survey = survey_documents(found, [(bound.rule, bound.matcher) for bound in self._bound], self._by_name, ignored)
        problems = {**project.problems, **passes.problems}
        skipped = [
            *survey.skipped,
            *found.skipped,
            *(Skipped(subject=path, reason=text) for path, text in problems.items()),
        ]
        findings = [*allowance.findings, *survey.findings]
        suppressed = [*allowance.suppressed, *survey.suppressed]
        return Analysis(
            files=len(found.files) + survey.files,
            entry_points=tuple(project.entry_points),
            findings=tuple(sorted(unique(findings), key=finding_order)),
            suppressed=tuple(sorted(suppressed, key=lambda entry: finding_order(entry.finding))),
            skipped=tuple(sorted(skipped, key=lambda entry: (entry.subject, entry.reason))),
            notes=(
                *allowance.notes([each.rule for each in self._bound if each.matcher.scope != "document"]),
                *survey.notes,
            ),
            read_files=tuple(sorted(passes.kept.read_files | project.read_files)),
            listed_folders=tuple(sorted(passes.kept.listed_folders | project.listed_folders)),
            kept=passes.kept,
        )

    def project(self, found: Discovery) -> Project:
        """The project, ready to be asked."""
        literals = set(self._rng.tokens)
        words: set[str] = set()
        for bound in self._bound:
            literals |= bound.matcher.literals(bound.rule) or frozenset()
            for prerequisite in bound.prerequisites or ():
                words |= prerequisite.methods.union(*prerequisite.literals)
            words |= set(_words(bound.rule.match.options))
        for prerequisite in drawing(self._rng.libraries.values()):
            words |= prerequisite.methods.union(*prerequisite.literals)
        everything = any(bound.prerequisites is None and bound.matcher.scope == "module" for bound in self._bound)
        return Project(
            found.root,
            found.files,
            self._rng,
            test_paths=found.test_paths,
            needed=None if everything else frozenset(literals),
            vocabulary=Vocabulary(literals | words),
            known_names=frozenset(_names([bound.rule.match.options for bound in self._bound], set())),
        )

    def _paths(self, project: Project) -> Iterator[str]:
        """The files that have to be parsed: those with a word that a rule knows, and the programs."""
        for path in sorted(project.files):
            if path in project.entry_points or (project.texts.are_relevant(path) and not project.is_test(path)):
                yield path

    def _findings(self, path: str, project: Project) -> Iterator[Placed]:
        """What the rules find in a file; it is parsed for the first of them that may find something."""
        for bound in self._bound:
            module = project.module(path) if self._may_hold(bound, path, project) else None
            if module is None:
                continue
            try:
                hits = list(bound.matcher.find(bound.rule, module, project))
            except RecursionError:
                project.problems[module.path] = f"nested too deeply for {bound.rule.id}"
                continue
            yield from place_findings(bound.rule, bound.matcher.scope, hits, module, project)

    def _may_hold(self, bound: _Bound, path: str, project: Project) -> bool:
        """Whether a rule may find something in a file, as far as can be told without parsing it."""
        if bound.matcher.scope == "document":
            return False
        if bound.matcher.scope == "entry-point":
            return project.draws(path)
        return bound.prerequisites is None or any(
            project.selection.can_hold(path, each) for each in bound.prerequisites
        )


def _bind(rule: Rule) -> _Bound:
    matcher = find_matcher(rule.match.kind)
    if matcher is None:
        known = ", ".join(sorted(registry()))
        raise RuleError(f"{rule.path}: match.kind: there is no `{rule.match.kind}`; known are {known}")
    matcher.validate(rule.match.options, f"{rule.path}: match")
    return _Bound(rule, matcher, prerequisites(matcher, rule))


def _words(value: object) -> Iterator[str]:
    """Every identifier in a rule's options, and the last part of every dotted name."""
    if isinstance(value, str):
        last = value.rpartition(".")[2]
        if last.isidentifier() and last.isascii():
            yield last
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _words(key)
            yield from _words(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _words(inner)


def _names(value: object, seen: set[int]) -> Iterator[str]:
    """Every dotted name in rules' options; what several rules share is looked at once."""
    if isinstance(value, str):
        if "." in value:
            yield value
    elif isinstance(value, Mapping | Iterable) and id(value) not in seen:
        seen.add(id(value))
        inner = [*value, *value.values()] if isinstance(value, Mapping) else value
        for each in inner:
            yield from _names(each, seen)


def _check_syntax(project: Project, known: Collection[str], checked: Mapping[str, str | None]) -> dict[str, str | None]:
    """Parse what no rule needed, so that files that are no Python are told in small projects too.

    `known`: files that were parsed; `checked`: what is wrong with files that were looked at like this before. Returns
    the same for all files that were looked at.
    """
    budget = MAX_CHECKED_BYTES
    found: dict[str, str | None] = {}
    for path in sorted(project.files):
        if path in known:
            continue
        source = project.source(path)
        budget -= source.stored_bytes
        if budget < 0:
            break
        found[path] = checked[path] if path in checked else _complaint(source)
        text = found[path]
        if text is not None:
            project.problems[path] = text
        source.forget()
    return found


def _complaint(source: SourceFile) -> str | None:
    try:
        source.parse(source.text())
    except ProjectError as error:
        return str(error)
    return None
