"""Which programs are followed together: those that share modules, as long as all of them fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import islice

from auditor.static.programfacts import room

MAX_GROUP_BYTES = 3_500_000
"""Source of one group; parsed it takes some 45 times as much memory."""

MAX_GROUP = 64
"""Programs of one group: small enough that several processes have something to do."""

_MORE, _LESS = 5, 4
"""A group may be that many fourths of its largest program, which alone takes nearly as much memory."""


MAX_OPEN = 8
"""Groups, those begun last, that may take a program in: each is asked for each program."""


class _Group:
    """Programs that are followed together."""

    def __init__(self) -> None:
        self.programs: list[str] = []
        self.files: set[str] = set()
        self.size_bytes = 0
        self.largest_bytes = 0
        """What the largest program has alone."""


def grouped(
    programs: Iterable[str],
    reached: Callable[[str], Collection[str]],
    size_bytes: Callable[[str], int],
    decided: Callable[[int], object] = lambda room_bytes: None,
) -> tuple[tuple[str, ...], ...]:
    """Put those together that share most files, else neighbours, while what they reach fits.

    A single program may be larger. `decided` is told, for each choice, by how many bytes sizes may differ in all
    before it would be another one.
    """
    groups: list[_Group] = []
    for program in programs:
        own = reached(program)
        alone = sum(map(size_bytes, own))
        left = islice((group for group in reversed(groups) if len(group.programs) < MAX_GROUP), MAX_OPEN)
        for group in sorted(left, key=lambda each: -len(each.files.intersection(own))):
            together = group.size_bytes + sum(map(size_bytes, (path for path in own if path not in group.files)))
            if _fits(together, max(group.largest_bytes, alone), decided):
                break
        else:
            group, together = _Group(), alone
            groups.append(group)
        group.programs.append(program)
        group.files.update(own)
        group.size_bytes, group.largest_bytes = together, max(group.largest_bytes, alone)
    return tuple(tuple(group.programs) for group in groups)


def _fits(together: int, largest: int, decided: Callable[[int], object]) -> bool:
    """Whether a group may be that large, of which one program alone is that large."""
    decided(room(together, MAX_GROUP_BYTES))
    if together <= MAX_GROUP_BYTES:
        return True
    # A byte more of one file counts on both sides.
    decided(room(_LESS * together, _MORE * largest) // (_LESS + _MORE))
    return _LESS * together <= _MORE * largest
