"""Rules × facts → findings: which files are worth parsing, what is asked of them, in which order it is told."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from auditor.model.finding import Finding, Remark, Skipped, Suppressed
from auditor.model.lean import dataclass, field
from auditor.model.rule import Rule
from auditor.ruleset import Ruleset
from auditor.static.documents.launched import without_launched
from auditor.static.documents.survey import configurations, survey_documents
from auditor.static.execution.knowledge import RngIndex
from auditor.static.files.discovery import Discovery
from auditor.static.files.discovery import find_files as find_files  # what the engine analyses, so it is asked for here
from auditor.static.matcher import as_first_in_program
from auditor.static.programwide.programs import FOLLOWED_PARTLY
from auditor.static.project import Project
from auditor.static.reuse.trace import Kept
from auditor.static.scanning.allowance import Allowance
from auditor.static.scanning.demands import Bound, Demands, demands_of
from auditor.static.scanning.findings import Placed, finding_order, place_candidates, place_findings, unique
from auditor.static.scanning.firsts import beyond, first_of_programs
from auditor.static.scanning.passes import Passes
from auditor.static.scanning.stackroom import with_room
from auditor.static.scanning.syntaxcheck import check_syntax
from auditor.static.scanning.workers import available
from auditor.static.text.vocabulary import Vocabulary

PARTLY = ("left out, syntax errors: cell", "nested too deeply for ", FOLLOWED_PARTLY)
"""How complaints begin about files of which the rest was analysed."""

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
    remarks: tuple[Remark, ...]
    """On suppressions that do not count or are not needed."""

    read_files: tuple[str, ...] = ()
    """Files that were read besides those that were asked for; relative to the root, like all paths here."""

    listed_folders: tuple[str, ...] = ()
    """Folders in which imports were looked up; those that do not exist too."""

    kept: Kept = field(default_factory=Kept, repr=False, compare=False)
    """For the next scan."""

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks as sentences."""
        if not self.remarks:
            return ()
        from auditor.static.syntax.places import in_words  # loads the parser

        return tuple(f"{in_words(remark.location)}: {remark.message}" for remark in self.remarks)


class Engine:
    """One set of rules, checked and ready."""

    def __init__(self, ruleset: Ruleset, rules: Sequence[Rule], demands: Demands | None = None) -> None:
        """`rules`: those that are asked for, of `ruleset`; `demands`: of these and perhaps more rules, where known.

        Raises `RuleError` for options that a matcher refuses, unless `demands` tells that none does.
        """
        self._ruleset = ruleset
        self._demands = demands or demands_of(rules, ruleset.libraries.values())
        self._bound = [Bound(rule, self._demands.of[rule.id]) for rule in sorted(rules, key=lambda rule: rule.id)]
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
        listed: Mapping[str, frozenset[str]] | None = None,
    ) -> Analysis:
        """Look at every file that was found. `ignored(path, rule)`: the settings allow that rule in that file.

        `processes`: how many may work on it (None: as many as there are cores, where that is safe and worth it); the
        result does not depend on it. `earlier`: what a scan with the same rules, settings and metadata left;
        `unchanged`: the files whose contents are as they were then; `listed`: what stands in folders, as far as known.
        """
        # Trees and tables live to the end of their pass; looking for garbage among them takes a fifth of the time.
        enabled = gc.isenabled()
        gc.disable()
        try:
            project = self.project(found)
            if earlier is not None:
                project.know_kept(earlier, frozenset(unchanged), listed or {})
            return with_room(lambda: self._analyse(project, found, ignored, step, cancelled, processes, earlier))
        finally:
            if enabled:
                gc.enable()

    def _analyse(
        self,
        project: Project,
        found: Discovery,
        ignored: Callable[[str, Rule], bool],
        step: Callable[[int, str], None],
        cancelled: Callable[[], bool],
        processes: int | None,
        earlier: Kept | None,
    ) -> Analysis:
        if processes is None:
            size = sum(file.size_bytes for file in found.files) if available() > 1 else 0
            processes = available() if size >= MIN_SHARED_BYTES else 1
        project.allowed.ignored = ignored
        passes = Passes(project, processes, step, cancelled, earlier)
        passes.sketch()
        passes.find_programs()
        if any(bound.scope == "entry-point" for bound in self._bound):
            passes.judge_programs()
        allowance = Allowance(project, self._by_name, ignored)
        rules = {bound.rule.id: bound.rule for bound in self._bound}
        paths = list(self._paths(project))
        candidates: dict[str, dict[str, list[Placed]]] = {}
        for path, looked in zip(paths, passes.look(paths, self._findings), strict=False):
            if looked.is_marked:
                allowance.look_at(path)
            for placed in looked.findings:
                if placed.is_candidate:
                    candidates.setdefault(placed.finding.rule_id, {}).setdefault(path, []).append(placed)
                else:
                    allowance.add(rules[placed.finding.rule_id], placed)
        for placed in self._firsts(passes, project, paths, candidates):
            allowance.add(rules[placed.finding.rule_id], placed)
        checked = {path: text for path, text in earlier.syntax.items() if project.is_as_before(path)} if earlier else {}
        passes.kept.syntax.update(check_syntax(project, passes.parsed | set(passes.problems), checked, processes))
        project.keep(passes.kept)
        survey = survey_documents(found, self._bound, self._by_name, ignored)
        problems = {**project.problems, **passes.problems}
        skipped = [
            *survey.skipped,
            *found.skipped,
            *(Skipped(subject=path, reason=text) for path, text in problems.items()),
        ]
        findings = [*self._unanswered(allowance.findings, found), *survey.findings]
        suppressed = [*allowance.suppressed, *survey.suppressed]
        return Analysis(
            files=len(found.files) - sum(not text.startswith(PARTLY) for text in problems.values()) + survey.files,
            entry_points=tuple(project.programs.entry_points),
            findings=tuple(sorted(unique(findings), key=finding_order)),
            suppressed=tuple(sorted(suppressed, key=lambda entry: finding_order(entry.finding))),
            skipped=tuple(sorted(skipped, key=lambda entry: (entry.subject, entry.reason))),
            remarks=(
                *allowance.remarks([each.rule for each in self._bound if each.scope != "document"]),
                *survey.remarks,
            ),
            read_files=tuple(sorted(passes.kept.read_files | project.read_files)),
            listed_folders=tuple(sorted(passes.kept.listed_folders | project.listed_folders)),
            kept=passes.kept,
        )

    def _unanswered(self, findings: Collection[Finding], found: Discovery) -> Iterable[Finding]:
        """Those that no launcher of the project answers (`launched`)."""
        asked = {bound.rule.id: bound.demand.variables for bound in self._bound if bound.demand.variables}
        return without_launched(findings, asked, found.documents) if asked else findings

    def project(self, found: Discovery) -> Project:
        """The project, ready to be asked."""
        demands = [bound.demand for bound in self._bound]
        everything = any(demand.prerequisites is None and demand.scope == "module" for demand in demands)
        literals = self._rng.tokens.union(*[demand.literals for demand in demands])
        return Project(
            found.root,
            found.files,
            self._rng,
            test_paths=found.test_paths,
            needed=None if everything else literals,
            vocabulary=Vocabulary(self._demands.words),
            known_names=frozenset().union(*[demand.names for demand in demands]),
            documents=configurations(found),
            reflection=self._ruleset.reflection,
            networks=self._ruleset.networks,
        )

    def _paths(self, project: Project) -> Iterator[str]:
        """The files that have to be parsed: those with a word that a rule knows, and the programs."""
        programs = project.programs.entry_points
        for path in sorted(project.files):
            if path in programs or (project.texts.are_relevant(path) and not project.is_test(path)):
                yield path

    def _findings(self, path: str, project: Project, rules: Sequence[Bound] | None = None) -> Iterator[Placed]:
        """What the rules (None: all) find in a file; it is parsed for the first of them that may find something."""
        for bound in self._bound if rules is None else rules:
            module = project.module(path) if self._may_hold(bound, path, project) else None
            if module is None:
                continue
            try:
                chosen = as_first_in_program(bound.matcher)
                hits = list((chosen.candidates if chosen else bound.matcher.find)(bound.rule, module, project))
            except RecursionError:
                project.problems[module.path] = f"nested too deeply for {bound.rule.id}"
                continue
            place = place_candidates if chosen else place_findings
            yield from place(bound.rule, bound.scope, hits, module, project)
        project.unread(path)

    def _firsts(
        self,
        passes: Passes,
        project: Project,
        paths: Sequence[str],
        candidates: Mapping[str, dict[str, list[Placed]]],
    ) -> Iterator[Placed]:
        """Of the candidates in the files at `paths`, by rule and file, those that are the first of a program."""
        if not candidates:
            return
        bound = [each for each in self._bound if each.demand.is_first]
        others = beyond(project, paths)
        find = partial(self._findings, rules=bound)
        for path, looked in zip(others, passes.look_beyond(others, find), strict=False):
            for placed in looked:
                candidates.get(placed.finding.rule_id, {}).setdefault(path, []).append(placed)
        told = frozenset(paths)
        broken = {path for path, text in passes.problems.items() if not text.startswith(FOLLOWED_PARTLY)}
        fine = passes.parsed.difference(broken)
        for each in bound:
            found = candidates.get(each.rule.id, {})
            for placed in first_of_programs(project, found, each.matcher.literals(each.rule), fine.__contains__):
                if placed.finding.location.path in told:
                    yield placed
        passes.parsed |= project.parsed

    def _may_hold(self, bound: Bound, path: str, project: Project) -> bool:
        """Whether a rule may find something in a file, as far as can be told without parsing it."""
        if bound.scope == "document":
            return False
        if bound.scope == "entry-point":
            return project.programs.draws(path)
        asked = bound.demand.prerequisites
        return asked is None or project.selection.can_hold(path, asked)
