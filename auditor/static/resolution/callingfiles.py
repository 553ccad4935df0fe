"""In which files of the programs around a place something of a name may be called: one answer for all programs.

Hundreds of programs reach the same thousands of files; each of these is asked for a name once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import compress

from auditor.model.annotations import TYPE_CHECKING, cast
from auditor.static.files.importgraph import Reach
from auditor.static.reuse.programfacts import is_close, room
from auditor.static.reuse.trace import digest

if TYPE_CHECKING:
    from auditor.static.project import Project

Files = int
"""Some files of the project, each as the bit of its number."""

Found = tuple[tuple[str, ...], tuple[str, ...]]
"""The files in which a name stands, and those of them in which something of that name may be called, or extended."""

MAX_CHANGED = 100
"""Files that are searched again for names of an earlier scan; where more changed it is found out anew who calls."""

_EXTENDING, _HANDED = "extending\0", "handed\0"
"""What stands before the digest of the starts in a question about subclasses, and in one about who hands a name on."""

_DIGITS = bytes.maketrans(b"01", b"\0\1")


class CallingFiles:
    """Asked for the callers of a function."""

    def __init__(self, project: Project, limit: int) -> None:
        """`limit`: bytes of source that are followed for one program (`Programs.followed`)."""
        self._project = project
        self._limit = limit
        self._paths: list[str] = []
        self._sizes: list[int] = []
        self._numbers: dict[str, int] = {}
        self._reaches: dict[Reach, Files] = {}
        self._near: dict[str, Files] = {}
        self._asked: dict[str, tuple[Files, Files]] = {}
        """Of each name the files that were searched for it, and those in which it stands."""

        self._digests: dict[tuple[str, ...], str] = {}
        self._found: dict[str, Found] = {}
        """What was found for questions that answers rest on."""

    def of(self, starts: Iterable[str], name: str, *, is_handed: bool = False) -> tuple[str, ...]:
        """The files that any of the `starts` reaches and that may call `name`, sorted; of too many those near to it.

        `is_handed`: those that may hand it to something that calls it. A start that cannot be parsed counts for
        nothing.
        """
        return self._using(starts, name, _HANDED if is_handed else "")

    def extending(self, starts: Iterable[str], name: str) -> tuple[str, ...]:
        """The same of files with a class that extends something called `name`."""
        return self._using(starts, name, _EXTENDING)

    def _using(self, starts: Iterable[str], name: str, way: str) -> tuple[str, ...]:
        reached: dict[str, Files] = {}
        for start in starts:
            self._project.trace.note("reached", start)
            reached[start] = self._of_reach(self._project.graph.reach(start))
        every = 0
        for files in reached.values():
            every |= files
        holding = self._holding(name, every)
        is_small = self._is_small(holding)
        found = 0
        for start, files in reached.items():
            here = files & holding
            if not here & ~found:
                continue
            if not is_small and not self._is_small(here):
                here &= self._of_near(start)
            if here & ~found and self._project.module(start) is not None:
                found |= here
        holds = self._holds(way)
        using = tuple(path for path in sorted(self._named(found)) if holds(path, name))
        for path in using:
            self._project.trace.share("content", path)
        if is_small:
            question = f"{name}\0{way}{self._told_by(tuple(reached))}"
            self._found[question] = tuple(sorted(self._named(holding))), using
            self._project.trace.note("calling", question)
        else:
            for start in reached:
                self._project.trace.note("reach", start)
        return using

    def _holds(self, way: str) -> Callable[[str, str], bool]:
        texts = self._project.texts
        if way == _HANDED:
            from auditor.static.resolution.handed import HANDING  # works on trees

            return lambda path, name: texts.contain(path, HANDING)
        return texts.hold_subclass if way == _EXTENDING else texts.hold_call

    def found(self, question: str) -> Found | None:
        """What was found for a question that was put to the trace; None for one that only an earlier scan put.

        Programs that are not followed again rest on such questions: the next scan finds them out anew.
        """
        return self._found.get(question)

    def are_as_before(self, question: str, found: object, changed: Collection[str]) -> bool:
        """Whether the same would be found, where only these files may say something else, and imports lead alike."""
        if len(changed) > MAX_CHANGED or found is None:
            return False
        name, _, asked = question.partition("\0")
        holding, using = cast("Found", found)
        texts, literals = self._project.texts, frozenset({name})
        uses = self._holds(next((way for way in (_EXTENDING, _HANDED) if asked.startswith(way)), ""))
        for path in changed:
            holds = texts.hold(path, literals)
            if holds != (path in holding) or (holds and uses(path, name) != (path in using)):
                return False
        return sum(self._project.source(path).size_bytes for path in holding) <= self._limit

    def _told_by(self, starts: tuple[str, ...]) -> str:
        found = self._digests.get(starts)
        if found is None:
            found = self._digests[starts] = digest(starts).hex()
        return found

    def _holding(self, name: str, files: Files) -> Files:
        """Those of some files in which a name stands."""
        searched, found = self._asked.get(name, (0, 0))
        texts, literals = self._project.texts, frozenset({name})
        found |= self._numbered(texts.holding(self._named(files & ~searched), literals))
        self._asked[name] = searched | files, found
        return files & found

    def _of_reach(self, reach: Reach) -> Files:
        found = self._reaches.get(reach)
        if found is None:
            found = self._reaches[reach] = self._numbered(reach.files)
        return found

    def _of_near(self, start: str) -> Files:
        near = self._project.programs.followed(start)
        found = self._near.get(start)
        if found is None:
            found = self._near[start] = self._numbered(near)
        return found

    # -- files and their numbers ----------------------------------------------------------------------------------

    def _numbered(self, paths: Iterable[str]) -> Files:
        marks = bytearray()
        for path in paths:
            number = self._numbers.get(path)
            if number is None:
                number = self._numbers[path] = len(self._paths)
                self._paths.append(path)
                self._sizes.append(self._project.source(path).size_bytes)
            if number >> 3 >= len(marks):
                marks.extend(bytes((number >> 3) + 1 - len(marks)))
            marks[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(marks, "little")

    def _named(self, files: Files) -> Iterable[str]:
        return compress(self._paths, _digits(files))

    def _is_small(self, files: Files) -> bool:
        size_bytes = sum(compress(self._sizes, _digits(files)))
        if is_close(size_bytes, self._limit):
            self._project.trace.note("room", str(room(size_bytes, self._limit)))
        return size_bytes <= self._limit


def _digits(files: Files) -> bytes:
    """1 or 0 for each number from 0 on, as far as there are any."""
    return bin(files)[:1:-1].encode().translate(_DIGITS)
