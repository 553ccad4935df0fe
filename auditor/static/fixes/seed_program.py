"""`kind = "seed-program"`: seed a library in every program that draws from it, before its first draw."""

from __future__ import annotations

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.program import Seeding, seed_program
from auditor.static.programwide.olderrelease import seeded_by
from auditor.static.project import Project
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

RANKS = "every process of a distributed run draws the same numbers; add the rank to the seed where they have to differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    library: str
    call: str
    unless: frozenset[str]
    """Calls of programs in which the seed has to be set at a place of its own."""

    because: str


def _read(table: Table) -> _Options:
    unless = frozenset(table.strings("unless"))
    return _Options(
        library=table.string("library"),
        call=table.string("call"),
        unless=unless,
        because=table.string("because") if unless else "",
    )


class SeedProgramFix(WithFixOptions[_Options]):
    """`library`: its id in `rules/libraries`; `call`: what seeds it, where the program has no seeder of its own.

    `unless`: programs that call one of these are left to people, `because` of what is said there.
    """

    kind = "seed-program"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        if not isinstance(target, ModuleFacts):
            return Refusal(reason="the place is no Python source")
        options = self._options.of(rule)
        if options.unless and _calls(finding, project, options.unless):
            return Refusal(reason=options.because)
        library, call = _blamed(finding, project, options)
        return seeded(finding, rule, target, project, library, call)


def _calls(finding: Finding, project: Project, names: frozenset[str]) -> bool:
    """Whether a program of a finding calls one of these, or a file that it imports."""
    words = frozenset(name.rpartition(".")[2] for name in names)
    programs = [module for path in finding.entry_points if (module := project.module(path)) is not None]
    return any(
        each.calls_to(names) for program in programs for each in project.programs.modules_reached(program, words)
    )


def _blamed(finding: Finding, project: Project, options: _Options) -> tuple[str, str]:
    """What to seed, and with what: where loader workers seed the library, the one that they take their seeds from.

    An older release of the library may have nothing else to seed it with than what its own advice says.
    """
    for path in finding.entry_points:
        module = project.module(path)
        for verdict in project.programs.verdicts(module) if module is not None else ():
            source = project.rng.libraries.get(verdict.library.worker_seeded_by or "")
            if verdict.library.id == options.library and verdict.is_left_to_workers and source is not None:
                return source.id, source.advice.partition("(")[0]
            older = seeded_by(verdict, project) if verdict.library.id == options.library else None
            if older is not None:
                return options.library, older.partition("(")[0]
    return options.library, options.call


def seeded(
    finding: Finding, rule: Rule, target: ModuleFacts, project: Project, library: str, call: str
) -> Proposal | Refusal:
    """Seed a library in the programs that a finding names."""
    changes: list[Change] = []
    titles: list[str] = []
    ranks = False
    for path in finding.entry_points or (target.path,):
        module = project.module(path)
        if module is None:
            continue
        found = seed_program(module, project, library, call, finding.location)
        if isinstance(found, Seeding):
            changes.extend(found.changes)
            titles.append(found.title)
            ranks = ranks or found.is_distributed
        else:
            return Refusal(reason=found)
    if not changes:
        return Refusal(reason="no program of the project leads here, and only a program knows when it begins")
    safe = applicability(rule)
    return Proposal(
        title=titles[0],
        applicability=Applicability.UNSAFE if ranks and safe is Applicability.SAFE else safe,
        changes=tuple(dict.fromkeys(changes)),
        effect=RANKS if ranks else effect(rule),
    )


FIX = SeedProgramFix(_read)
