"""What is known of all programs together, so that a scan after an edit need not find it out again.

Which files they reach, how much of that is followed and with which others each is followed takes following the imports
of all of them. It is the same where the programs are the same, every file imports what it imported, and no size of a
file has come to the other side of a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from auditor.model.lean import dataclass, replace

MAX_MOVED_BYTES = 500_000
"""By how much comments that come and go may change the sizes of files, all in all, while what was found out is used.

Whoever compares a size with a limit tells where it is as close to it as that.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFacts:
    """Of the programs of one scan."""

    programs: tuple[tuple[str, bool, tuple[str, ...]], ...]
    """Path, whether it is a script, functions that are called."""

    reaching: Mapping[str, tuple[str, ...]]
    """The programs that import a file, directly or not, or are it."""

    partly: Mapping[str, frozenset[str]]
    """What is followed for a program that imports more than that."""

    near: frozenset[str]
    """These programs, and those that import nearly too much."""

    followed: tuple[str, ...]
    """All that is followed for any program, sorted."""

    drawing_files: frozenset[str]
    """Those of them that may draw."""

    drawing: frozenset[str]
    """Programs that may draw."""

    groups: tuple[tuple[str, ...], ...]
    """These, as they are followed together."""

    sizes: Mapping[str, int]
    """Of the files that are followed, and of those that would have been, had there been room."""

    close: frozenset[str]
    """Files of which each byte may decide what else there was room for."""

    room_bytes: int
    """What sizes of other files may differ by in all before anything is followed otherwise."""

    def with_sizes(
        self,
        changed: Iterable[str],
        size_bytes: Callable[[str], int],
        followed: Callable[[str], frozenset[str]],
    ) -> ProgramFacts | None:
        """The same after the sizes of some files changed; None where that may decide otherwise.

        `followed`: what would be followed for a program now.
        """
        known = self.sizes
        sizes = {path: size for path in changed if path in known and (size := size_bytes(path)) != known[path]}
        if not sizes:
            return self
        room = self.room_bytes - sum(abs(size - known[path]) for path, size in sizes.items())
        if room < 0:
            return None
        counts = not self.close.isdisjoint(sizes)
        if counts and any(followed(program) != before for program, before in self.partly.items()):
            return None
        return replace(self, sizes={**known, **sizes}, room_bytes=room)


def room(size_bytes: int, limit_bytes: int) -> int:
    """By how much a size may change and still be on the same side of a limit."""
    return limit_bytes - size_bytes if size_bytes <= limit_bytes else size_bytes - limit_bytes - 1


def is_close(size_bytes: int, limit_bytes: int) -> bool:
    """Whether comments may bring a size to the other side of a limit."""
    return abs(size_bytes - limit_bytes) <= MAX_MOVED_BYTES
