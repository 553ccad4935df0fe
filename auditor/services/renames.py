"""Entries of a baseline for files that have another name now: a baseline holds no text by which git would know them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from pathlib import Path, PurePosixPath

from auditor.model.known import KnownFinding
from auditor.model.lean import replace

SHARE = 0.5
"""How many of a file's entries must be found in one other file."""

_COMMON = 50
"""What is found in more files than this tells nothing of which is which; only those of the same name are compared."""

_Trait = tuple[str, str, str]


def with_renames(before: Sequence[KnownFinding], now: Sequence[KnownFinding], root: Path) -> tuple[KnownFinding, ...]:
    """The entries, those of files that are gone under the name of the new file in which the same is found now.

    A file is new where no entry names it. What is found there and was in no entry stays new.
    """
    known = {path for entry in before for path in (entry.path, *entry.programs)}
    gone = {path for path in known if not os.path.exists(root / path)}
    if not gone:
        return tuple(before)
    come = {path for entry in now for path in (entry.path, *entry.programs)} - known
    names = _pairs(_traits(before, gone), _traits(now, come))
    if not names:
        return tuple(before)
    keys = {entry.key for entry in before}
    free: dict[tuple[str, ...], list[KnownFinding]] = {}
    for entry in now:
        if entry.key not in keys:
            free.setdefault(_identity(entry, {}), []).append(entry)
    return tuple(_followed(entry, names, free) for entry in before)


def _followed(
    entry: KnownFinding, names: dict[str, str], free: dict[tuple[str, ...], list[KnownFinding]]
) -> KnownFinding:
    if names.keys().isdisjoint((entry.path, *entry.programs)):
        return entry
    same = free.get(_identity(entry, names))
    return replace(same.pop(0), reason=entry.reason) if same else entry


def _identity(entry: KnownFinding, names: dict[str, str]) -> tuple[str, ...]:
    programs = [names.get(path, path) for path in entry.programs]
    return (entry.rule_id, names.get(entry.path, entry.path), entry.source, *programs)


def _traits(entries: Iterable[KnownFinding], files: Set[str]) -> dict[str, Counter[_Trait]]:
    """By file what is found in it, and what it reaches as a program elsewhere."""
    found: dict[str, Counter[_Trait]] = {}
    for entry in entries:
        for path in {entry.path, *entry.programs} & files:
            elsewhere = entry.path if entry.path != path else ""
            found.setdefault(path, Counter())[entry.rule_id, entry.source, elsewhere] += 1
    return found


def _pairs(old: dict[str, Counter[_Trait]], new: dict[str, Counter[_Trait]]) -> dict[str, str]:
    """Name then → name now, the pairs that have most in common first."""
    holders: dict[_Trait, list[str]] = {}
    for path in sorted(new):
        for trait in new[path]:
            holders.setdefault(trait, []).append(path)
    likely = []
    for path in sorted(old):
        shared: Counter[str] = Counter()
        for trait, count in old[path].items():
            for other in _comparable(path, holders.get(trait, [])):
                shared[other] += min(count, new[other][trait])
        likely += [(-count, _name(path) != _name(other), path, other) for other, count in shared.items()]
    names: dict[str, str] = {}
    taken: set[str] = set()
    for negative, _, path, other in sorted(likely):
        if -negative >= SHARE * old[path].total() and path not in names and other not in taken:
            names[path] = other
            taken.add(other)
    return names


def _comparable(path: str, others: Sequence[str]) -> Sequence[str]:
    return others if len(others) <= _COMMON else [other for other in others if _name(other) == _name(path)]


def _name(path: str) -> str:
    return PurePosixPath(path).name
