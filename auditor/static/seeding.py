"""Per program and RNG library: is everything that is drawn seeded, in time, in every run, with the same value?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from auditor.static.entrypoints import EntryPoint
from auditor.static.ledger import DrawRecord, Ledger
from auditor.static.library_verdict import LibraryVerdict, Seed, SeedStatus, SeedValue
from auditor.static.rngstate import Level, Rank
from auditor.static.walk import Walk

if TYPE_CHECKING:
    from auditor.static.project import Project

MAX_DRAWS = 50
"""Draws that a verdict lists."""

_STATUS = {
    Rank.ENTROPY: SeedStatus.ENTROPY,
    Rank.NONE: SeedStatus.NONE,
    Rank.MAYBE: SeedStatus.CONDITIONAL,
    Rank.SEEDED: SeedStatus.SEEDED,
}
_ORDER = (
    SeedStatus.UNSEEDED,
    SeedStatus.ENTROPY,
    SeedStatus.NONE,
    SeedStatus.TOO_LATE,
    SeedStatus.CONDITIONAL,
    SeedStatus.SEEDED,
)
"""The worst first."""


def judge(project: Project, entry: EntryPoint) -> tuple[LibraryVerdict, ...]:
    """One verdict per library that the program draws from, by the library's id."""
    ledgers = [_followed(project, entry, None)] if entry.is_script else []
    ledgers.extend(_followed(project, entry, function) for function in entry.functions)
    verdicts = []
    for library in sorted(project.rng.libraries):
        records = [record for ledger in ledgers for record in ledger.records if record.library == library]
        seeds = [seed for ledger in ledgers for (name, _, _), seed in ledger.seeds.items() if name == library]
        if records:
            certain = not any(ledger.truncated for ledger in ledgers)
            verdicts.append(_verdict(project, entry, library, records, seeds, certain=certain))
    return tuple(verdicts)


def _followed(project: Project, entry: EntryPoint, function: str | None) -> Ledger:
    """Follow the program from its first statement to its end."""
    walk = Walk(project)
    frame = walk.run_module(entry.path, is_main=function is None)
    if frame is not None and function is not None:
        walk.calls.call_by_name(function, frame)
    walk.ledger.happen(walk.ledger.state.pending)
    return walk.ledger


def _verdict(
    project: Project,
    entry: EntryPoint,
    library: str,
    records: Sequence[DrawRecord],
    seeds: Sequence[Seed],
    *,
    certain: bool,
) -> LibraryVerdict:
    statuses = [_status(record) for record in records]
    status = min(statuses, key=_ORDER.index)
    resting = [record for record, each in zip(records, statuses, strict=True) if each is status]
    levels = {level for record in resting for level in record.levels if level.rank is Rank.MAYBE}
    counting = [seed for seed in seeds if seed.value in (SeedValue.FIXED, SeedValue.GIVEN)]
    return LibraryVerdict(
        entry_point=entry.path,
        library=project.rng.libraries[library],
        status=status,
        draws=tuple(record.draw for record in resting[:MAX_DRAWS]),
        draw_count=len(resting),
        seeds=tuple(seeds),
        first_draw=records[0].draw,
        first_seed=next(iter(counting or seeds), None),
        condition=_condition(levels) if status is SeedStatus.CONDITIONAL else None,
        certain=certain and all(record.certain for record in resting),
    )


def _status(record: DrawRecord) -> SeedStatus:
    """The worst that was seen at this draw."""
    worst = min((level.rank for level in record.levels), default=Rank.SEEDED)
    if worst is Rank.UNSEEDED:
        follows = record.followed_by
        if follows is None:
            return SeedStatus.UNSEEDED
        return SeedStatus.TOO_LATE if follows is Rank.SEEDED else _STATUS[follows]
    return _STATUS[worst]


def _condition(levels: Iterable[Level]) -> str | None:
    return min((level.condition for level in levels if level.condition), default=None)
