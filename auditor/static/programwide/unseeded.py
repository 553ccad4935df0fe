"""Programs in which one call draws from a library that they do not seed as they should."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from auditor.model.lean import replace
from auditor.static.facts import Call, ModuleFacts
from auditor.static.programwide.unapplied import is_handed_out_in_vain
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import LibraryVerdict, SeedStatus, place_of

_NOT_SEEDED = "is not seeded"
_WORDS = {
    SeedStatus.CONDITIONAL: "is seeded under a condition only",
    SeedStatus.TOO_LATE: "is seeded too late",
    SeedStatus.NONE: "gets another seed in each run",
    SeedStatus.ENTROPY: "gets another seed in each run",
}


def unseeded_programs(
    call: Call, module: ModuleFacts, project: Project, library: str, *, deferred: bool
) -> tuple[str, ...]:
    """Paths of those programs; `deferred`: what the call returns draws later, so a seed that follows it is in time."""
    found: list[str] = []
    for path in project.programs.reaching(module.path):
        entry = project.module(path)
        verdicts = project.programs.verdicts(entry) if entry else ()
        is_told = any(_falls_back(verdict, call, module, library, deferred=deferred) for verdict in verdicts)
        if is_told and not (deferred and is_handed_out_in_vain(module, call.node, path)):
            found.append(path)
    return tuple(found)


def _falls_back(verdict: LibraryVerdict, call: Call, module: ModuleFacts, library: str, *, deferred: bool) -> bool:
    if verdict.library.id != library or verdict.status is SeedStatus.SEEDED:
        return False
    if deferred and verdict.status is SeedStatus.TOO_LATE:
        return False
    if verdict.unlisted and not verdict.certain:
        return True
    place = place_of(module.location(call.node))
    return place in verdict.unlisted or any(place_of(draw.location) == place for draw in verdict.draws)


def on_handed_objects(callees: Collection[str], module: ModuleFacts, project: Project) -> list[Call]:
    """Calls of methods of what functions are handed, `frame.sample()`, which a program was followed to."""
    methods = sorted({name.rpartition(".")[2] for name in callees} & project.rng.object_methods)
    calls = [call for method in methods for call in module.call_index.written(method) if call.callee is None]
    if not calls:
        return []
    reached = filter(None, map(project.module, project.programs.reaching(module.path)))
    drawn = {
        (place_of(draw.location), draw.callee.rpartition(".")[2]): draw.callee
        for entry in reached
        for verdict in project.programs.verdicts(entry)
        for draw in verdict.draws
        if draw.callee in callees
    }
    found = ((call, drawn.get((place_of(module.location(call.node)), call.method or ""))) for call in calls)
    return [_known_as(call, callee) for call, callee in found if callee is not None]


def _known_as(call: Call, callee: str) -> Call:
    return replace(call, resolve=lambda _: callee)


def worded(text: str, programs: Iterable[str], project: Project, library: str) -> str:
    """A message that says "is not seeded", put as it is where all of `programs` have some seed for the library."""
    found = {
        verdict.status
        for path in programs
        if (entry := project.module(path)) is not None
        for verdict in project.programs.verdicts(entry)
        if verdict.library.id == library
    }
    words = {_WORDS.get(status, _NOT_SEEDED) for status in found}
    return text.replace(_NOT_SEEDED, words.pop()) if len(words) == 1 else text
