"""What a scan found out about each file, as the plain values that are kept for the next one."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.annotations import Any
from auditor.ruleset.library import Library
from auditor.services.scan_store import dumped, loaded
from auditor.static.passes import Looked
from auditor.static.sketch import Sketch
from auditor.static.trace import Entry, Kept


def pack_parts(kept: Kept) -> object:
    """As values that `marshal` takes."""
    return (
        {path: _pack_sketch(sketch) for path, sketch in kept.sketches.items()},
        kept.edges,
        [(*place, _pack_entry(entry)) for place, entry in kept.entries.items()],
        kept.syntax,
        kept.read_files,
        kept.listed_folders,
        kept.lookups,
        kept.files,
        kept.tests,
        kept.scripts,
    )


def unpack_parts(plain: Any, libraries: Mapping[str, Library]) -> Kept | None:
    """What was packed; None for anything else."""
    try:
        sketches, edges, entries, syntax, read_files, listed_folders, lookups, files, tests, scripts = plain
        return Kept(
            sketches={path: Sketch(*values) for path, values in sketches.items()},
            edges=edges,
            entries={(name, item): _unpack_entry(libraries, *values) for name, item, values in entries},
            syntax=syntax,
            read_files=read_files,
            listed_folders=listed_folders,
            lookups=lookups,
            files=files,
            tests=tests,
            scripts=scripts,
        )
    except Exception:  # what is pickled inside can raise anything; it is as good as none
        return None


def _pack_sketch(sketch: Sketch) -> tuple[object, ...]:
    return (
        sketch.digest, sketch.literals, sketch.imports, sketch.has_guard, sketch.names_main, sketch.is_marked
    )  # fmt: skip


def _pack_entry(entry: Entry) -> tuple[object, ...]:
    return _pack_answer(entry), entry.asked, entry.parsed, entry.problems


def _pack_answer(entry: Entry) -> object:
    """Most answers are plain values; `b"…"` is what was pickled, `(True,)` a file in which nothing was found."""
    answer = entry.answer
    if entry.packed is not None:
        return entry.packed
    if isinstance(answer, bool) or answer == ():
        return answer
    return (answer.is_marked,) if isinstance(answer, Looked) and not answer.findings else dumped(answer)


def _unpack_entry(libraries: Mapping[str, Library], answer: Any, asked: Any, parsed: Any, problems: Any) -> Entry:
    if isinstance(answer, bytes):
        return Entry(loaded(answer, libraries), asked, parsed, problems, answer)
    is_plain = isinstance(answer, bool) or answer == ()
    return Entry(answer if is_plain else Looked((), *answer), asked, parsed, problems)
