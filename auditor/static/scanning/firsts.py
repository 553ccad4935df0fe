"""Of the places that files tell for a rule, the first one of each program: for what is true of the program as a whole.

Each file is asked on its own, with the other rules; asked for while one file was looked at, all files of all programs
had to be parsed then, in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from auditor.model.lean import replace
from auditor.static.project import Project
from auditor.static.scanning.findings import Placed
from auditor.static.scanning.identity import finding_key, identity, source_text

Candidates = Mapping[str, Sequence[Placed]]
"""By the file in which they stand, in source order."""


def beyond(project: Project, looked_at: Iterable[str]) -> list[str]:
    """Files that programs import and whose findings nobody tells: tests, what lies outside. They may hold the first."""
    known = frozenset(looked_at)
    reached = project.programs.reached - known
    return sorted(path for path in reached if project.texts.are_relevant(path))


def first_of_programs(
    project: Project, candidates: Candidates, literals: frozenset[str] | None, is_parsed: Callable[[str], bool]
) -> Iterator[Placed]:
    """The candidates of one rule that come first in some program, each with these programs.

    First in its own file, then in those that it imports, which hold one of the `literals`, by their path. `is_parsed`:
    whether a program is known to be proper Python; of others nothing is said.
    """
    programs: dict[tuple[str, int, int], list[str]] = {}
    found: dict[tuple[str, int, int], Placed] = {}
    for program in project.programs.entry_points:
        first = _first(project, candidates, literals, program)
        if first is not None and (is_parsed(program) or project.module(program) is not None):
            location = first.finding.location
            place = location.path, location.line, location.column
            found.setdefault(place, first)
            programs.setdefault(place, []).append(program)
    counts: dict[str, int] = {}
    for place in sorted(found):
        yield _with_programs(found[place], programs[place], counts)


def _first(project: Project, candidates: Candidates, literals: frozenset[str] | None, program: str) -> Placed | None:
    own = _of(candidates, program, program)
    if own is not None:
        return own
    others: dict[str, Placed] = {}
    for path in candidates:
        placed = _of(candidates, path, program)
        if placed is None or program not in project.programs.reaching(path):
            continue
        if literals is None or project.texts.hold(path, literals):
            others[path] = placed
    if not others:
        return None
    first = min(others)
    if not project.programs.is_followed(first, program) and project.programs.reaches_much(program, literals):
        first = min((path for path in others if project.programs.is_followed(path, program)), default="")
    return others.get(first)


def _of(candidates: Candidates, path: str, program: str) -> Placed | None:
    return next((each for each in candidates.get(path, ()) if program in each.finding.entry_points), None)


def _with_programs(placed: Placed, programs: Iterable[str], counts: dict[str, int]) -> Placed:
    finding = placed.finding
    what = identity(finding.rule_id, finding.location.path, source_text(finding.source_lines), ())
    counts[what] = counts.get(what, 0) + 1
    finding = replace(finding, entry_points=tuple(sorted(programs)), key=finding_key(what, counts[what]))
    return replace(placed, finding=finding, is_candidate=False)
