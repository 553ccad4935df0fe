"""From groups of calls to the report: judge each, put together what belongs to one place, sort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from auditor.dynamic.circumstances import Judgement, judge_call
from auditor.model.profile import Holding, OperatorProfile, OperatorUse
from auditor.model.run import Ending, RunRecord
from auditor.ruleset import OperatorFact, Operators
from auditor.runs.operatorcalls import CallGroup, OperatorCalls

_ORDER = (Holding.HOLDS, Holding.UNKNOWN, Holding.FAILS)
_NO_OPERATORS = ("profiler::", "prim::")
"""What torch dispatches like an operator and computes nothing."""

_Place = tuple[object, ...]


def profile_of(calls: OperatorCalls, operators: Operators, run: RunRecord, *, interrupted: bool) -> OperatorProfile:
    """Judge every group against the list."""
    total_ns = sum(group.time_ns or 0 for group in calls.groups) if calls.wall_ns is not None else None
    by_place: dict[_Place, list[tuple[CallGroup, Judgement]]] = {}
    entries: dict[_Place, OperatorFact] = {}
    off_list: Counter[str] = Counter()
    listed: set[str] = set()
    for group in calls.groups:
        if group.operator.startswith(_NO_OPERATORS):
            continue
        entry = operators.find(group.operator, group.device) if group.device else None
        if entry is None:
            off_list[group.operator] += group.calls
            continue
        listed.add(group.operator)
        place = (group.operator, group.device, group.phase, group.site, group.module, group.backward_site)
        by_place.setdefault(place, []).append((group, judge_call(entry.when, group.facts)))
        entries[place] = entry
    uses = [_use(members, entries[place], total_ns) for place, members in by_place.items()]
    return OperatorProfile(
        uses=tuple(sorted(uses, key=_rank)),
        operators=len(listed | off_list.keys()),
        calls=sum(use.calls for use in uses) + sum(off_list.values()),
        listed=len(listed),
        off_list=dict(sorted(off_list.items())),
        entries=_entries(operators),
        time_s=None if total_ns is None else total_ns / 1e9,
        wall_s=None if calls.wall_ns is None else calls.wall_ns / 1e9,
        notes_s=None if calls.notes_ns is None else calls.notes_ns / 1e9,
        complete=_is_complete(run, calls),
        interrupted=interrupted,
        remarks=_remarks(run, calls),
    )


def _use(members: Sequence[tuple[CallGroup, Judgement]], entry: OperatorFact, total_ns: int | None) -> OperatorUse:
    """One place: the worst answer counts, with the reasons of those of its calls that are most."""
    first = members[0][0]
    holding = min((judgement.holding for _, judgement in members), key=_ORDER.index)
    same = [(group, judgement) for group, judgement in members if judgement.holding is holding]
    _, told = max(same, key=lambda each: (each[0].calls, each[1].reasons))
    time_ns = sum(group.time_ns or 0 for group, _ in members)
    return OperatorUse(
        operator=first.operator,
        device=first.device,
        phase=first.phase,
        site=first.site,
        backward_site=first.backward_site,
        module=first.module,
        calls=sum(group.calls for group, _ in members),
        time_s=None if total_ns is None else time_ns / 1e9,
        share=None if total_ns is None else time_ns / total_ns if total_ns else 0.0,
        holding=holding,
        holding_calls=sum(group.calls for group, _ in same),
        reasons=told.reasons,
        condition=entry.condition,
        cause=entry.cause,
        references=entry.references,
    )


def _rank(use: OperatorUse) -> tuple[object, ...]:
    place = (use.site.path, use.site.line) if use.site is not None else ("", 0)
    return (
        _ORDER.index(use.holding),
        -(use.share or 0.0),
        -use.calls,
        place,
        use.operator,
        use.module,
        use.phase.value,
    )


def _entries(operators: Operators) -> Mapping[str, int]:
    names: dict[str, set[str]] = {}
    for entry in operators:
        names.setdefault(entry.device, set()).update(entry.operators)
    return {device: len(found) for device, found in sorted(names.items())}


def _is_complete(run: RunRecord, calls: OperatorCalls) -> bool:
    """The program came to its end, all processes told, and the probe lost no call (`profile <operator>: …`)."""
    ended = run.status.ending in (Ending.FINISHED, Ending.STOPPED)
    if any(problem.startswith("profile ") for problem in _problem_texts(run)):
        return False
    return ended and not calls.missing and bool(run.processes) and all(process.complete for process in run.processes)


def _remarks(run: RunRecord, calls: OperatorCalls) -> tuple[str, ...]:
    """What keeps the profile from being the whole."""
    found: list[str] = []
    if calls.missing:
        found.append(f"no profile of {', '.join(calls.missing)}: ended before it could write one")
    found += [f"process {each.name} ended without saying so" for each in run.processes if not each.complete]
    found += _problems(run)
    found += run.notes
    return tuple(dict.fromkeys(found))


def _problem_texts(run: RunRecord) -> Iterable[str]:
    return (problem for process in run.processes for problem in process.problems)


def _problems(run: RunRecord) -> Iterable[str]:
    return (f"{process.name}: {problem}" for process in run.processes for problem in process.problems)
