"""Which process of one run is which of the other, where their places in the process tree are a matter of chance.

A place counts the children of a process in the order in which they start. Threads that start programs, a shell that
starts them in the background, and sets that are walked through give another order in every run. So siblings are paired
by what they are (rank, command line), then by what they did, and only then by place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.dynamic.sharing import results

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace, RunTraces

Array = np.ndarray[Any, Any]

_MANY = 64
"""More siblings of one kind than this are paired by their places: each is held against each."""

_PREFIX_ROWS = 1 << 16
"""Rows that are held against each other to see how long two processes did the same."""


def matched(reference: RunTraces, candidate: RunTraces) -> RunTraces:
    """Return the candidate with its processes under the names of their counterparts; itself where these are the same.

    A process without a counterpart keeps its name, or gets one that nobody has.
    """
    names = counterparts(reference, candidate)
    if all(name == other for name, other in names.items()):
        return candidate
    taken = {*reference.processes, *names.values()}
    for name in candidate.processes:
        if name not in names:
            names[name] = free = name if name not in taken else _free(name, taken)
            taken.add(free)
    return candidate.renamed(names)


def counterparts(reference: RunTraces, candidate: RunTraces) -> dict[str, str]:
    """The candidate's names of processes → those of the reference, for all that have a counterpart."""
    families = _families(reference), _families(candidate)
    found: dict[str, str] = {}
    pending: list[tuple[str, str]] = [("", "")]
    while pending:
        parents = pending.pop()
        sides = [
            {name: run.processes[name] for name in family.get(parent, ())}
            for run, family, parent in zip((reference, candidate), families, parents, strict=True)
        ]
        for one, other in _pairs(sides[0], sides[1], parents):
            found[other] = one
            pending.append((one, other))
    return found


def _families(run: RunTraces) -> dict[str, list[str]]:
    """Name of a process → names of its children; of "" → those whose parents left no trace."""
    by_place: dict[str, list[str]] = {}
    for name in run.processes:
        by_place.setdefault(_place(name), []).append(name)
    children: dict[str, list[str]] = {}
    for name, trace in run.processes.items():
        place = _place(name)
        while "." in place:
            place = place.rpartition(".")[0]
            if place in by_place:
                break
        else:
            place = ""
        parents = by_place.get(place, [""])
        own = [each for each in parents if each and run.processes[each].header["pid"] == trace.header["parent_pid"]]
        children.setdefault((own or parents)[0], []).append(name)
    return children


def _pairs(
    reference: Mapping[str, ProcessTrace], candidate: Mapping[str, ProcessTrace], parents: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    """Pair the children of one process with those of its counterpart."""
    groups: dict[tuple[object, ...], tuple[list[str], list[str]]] = {}
    for side, traces in enumerate((reference, candidate)):
        for name, trace in traces.items():
            groups.setdefault(_who(name, trace, parents[side]), ([], []))[side].append(name)
    left: tuple[list[str], list[str]] = ([], [])
    for ones, others in groups.values():
        for one, other in _by_contents(ones, others, reference, candidate):
            yield one, other
            ones.remove(one)
            others.remove(other)
        left[0].extend(ones)
        left[1].extend(others)
    labels = {_label(name, parents[1]): name for name in left[1]}  # another command line: a folder's name, a port
    for one in left[0]:
        other = labels.get(_label(one, parents[0]), "")
        if other:
            yield one, other


def _by_contents(
    ones: list[str], others: list[str], reference: Mapping[str, ProcessTrace], candidate: Mapping[str, ProcessTrace]
) -> list[tuple[str, str]]:
    """Pair processes of one kind: those that did the same, then those that did the same for longest."""
    if len(ones) == len(others) == 1:
        return [(ones[0], others[0])]
    if not ones or not others or max(len(ones), len(others)) > _MANY:
        return [(one, one) for one in ones if one in others]
    mine = {name: results(reference[name], _PREFIX_ROWS, helpers_of_main_thread=False) for name in ones}
    theirs = {name: results(candidate[name], _PREFIX_ROWS, helpers_of_main_thread=False) for name in others}
    ranked = sorted(
        (-_likeness(a, b), one != other, ones.index(one), others.index(other))
        for one, a in mine.items()
        for other, b in theirs.items()
    )
    found: dict[str, str] = {}
    for _, _, i, j in ranked:
        if ones[i] not in found and others[j] not in found.values():
            found[ones[i]] = others[j]
    return list(found.items())


def _likeness(reference: Array, candidate: Array) -> float:
    """How many events two processes have in common from their start on; infinite if that is all."""
    if np.array_equal(reference, candidate):
        return float("inf")
    count = min(len(reference), len(candidate))
    unequal = np.flatnonzero(reference[:count] != candidate[:count])
    return int(unequal[0]) if len(unequal) else count


def _who(name: str, trace: ProcessTrace, parent: str) -> tuple[object, ...]:
    """What a process is, whenever it was started: its rank, how it was started, and its command line.

    Those that multiprocessing starts have handles in theirs.
    """
    kind = re.sub(r"\d+", "", _label(name, parent).partition("~")[0])
    argv = () if ".s" in kind or ".f" in kind else tuple(trace.header["argv"][1:])
    return name.partition("-")[0], kind, argv


def _label(name: str, parent: str) -> str:
    """Where a process stands below its parent: `.x2`."""
    place = name.partition("-")[2]
    above = _place(parent) if parent else ""
    return place[len(above) :]


def _place(name: str) -> str:
    return name.partition("-")[2].partition("~")[0]


def _free(name: str, taken: set[str]) -> str:
    base, number = name.partition("~")[0], 2
    while f"{base}~{number}" in taken:
        number += 1
    return f"{base}~{number}"
