"""Which programs are followed together: those that share modules, as long as all of them fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

MAX_GROUP_BYTES = 3_500_000
"""Source of one group; parsed it takes some 45 times as much memory."""

MAX_GROUP = 64
"""Programs of one group: small enough that several processes have something to do."""


def grouped(
    programs: Iterable[str],
    reached: Callable[[str], Iterable[str]],
    size_bytes: Callable[[str], int],
    compared: Callable[[int, int], object] = lambda size_bytes, limit_bytes: None,
) -> tuple[tuple[str, ...], ...]:
    """Put neighbours together while what they reach fits; order is kept, a single program may be larger.

    `compared` is told each size that was held against the limit.
    """
    groups: list[tuple[str, ...]] = []
    current: list[str] = []
    union: set[str] = set()
    total = 0
    for program in programs:
        more = set(reached(program)) - union
        size = sum(size_bytes(path) for path in more)
        if current:
            compared(total + size, MAX_GROUP_BYTES)
        if current and (total + size > MAX_GROUP_BYTES or len(current) >= MAX_GROUP):
            groups.append(tuple(current))
            current, union, total = [], set(), 0
            more = set(reached(program))
            size = sum(size_bytes(path) for path in more)
        current.append(program)
        union |= more
        total += size
    if current:
        groups.append(tuple(current))
    return tuple(groups)
