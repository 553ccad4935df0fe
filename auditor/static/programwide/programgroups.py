"""Which programs are followed together: those that share modules, as long as all of them fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auditor.static.reuse.programfacts import room

MAX_GROUP_BYTES = 3_500_000
"""Source of one group; parsed it takes some 45 times as much memory."""

MAX_GROUP = 64
"""Programs of one group: small enough that several processes have something to do."""

_MORE, _LESS = 5, 4
"""A group may be that many fourths of its largest program, which alone takes nearly as much memory."""


def grouped(
    programs: Iterable[str],
    reached: Callable[[str], Iterable[str]],
    size_bytes: Callable[[str], int],
    decided: Callable[[int], object] = lambda room_bytes: None,
) -> tuple[tuple[str, ...], ...]:
    """Put neighbours together while what they reach fits; order is kept, a single program may be larger.

    `decided` is told, for each choice, by how many bytes sizes may differ in all before it would be another one.
    """
    groups: list[tuple[str, ...]] = []
    current: list[str] = []
    union: set[str] = set()
    total = largest = 0
    for program in programs:
        own = set(reached(program))
        alone = sum(map(size_bytes, own))
        more = own - union
        together = total + sum(map(size_bytes, more))
        if current and (len(current) >= MAX_GROUP or not _fits(together, max(largest, alone), decided)):
            groups.append(tuple(current))
            current, union, more, largest, together = [], set(), own, 0, alone
        current.append(program)
        union |= more
        total, largest = together, max(largest, alone)
    if current:
        groups.append(tuple(current))
    return tuple(groups)


def _fits(together: int, largest: int, decided: Callable[[int], object]) -> bool:
    """Whether a group may be that large, of which one program alone is that large."""
    decided(room(together, MAX_GROUP_BYTES))
    if together <= MAX_GROUP_BYTES:
        return True
    # A byte more of one file counts on both sides.
    decided(room(_LESS * together, _MORE * largest) // (_LESS + _MORE))
    return _LESS * together <= _MORE * largest
