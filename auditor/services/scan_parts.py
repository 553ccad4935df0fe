"""What a scan found out about each file, as the plain values that are kept for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from auditor.model.annotations import Any
from auditor.ruleset.library import Library
from auditor.services.scan_store import dumped, loaded
from auditor.static.reuse.notes import Answered
from auditor.static.reuse.programfacts import ProgramFacts
from auditor.static.reuse.trace import Kept
from auditor.static.scanning.findings import Looked


def pack_parts(kept: Kept) -> object:
    """As values that `marshal` takes."""
    for answered in kept.answered.values():
        answered.pack(_pack_answer)
    return (
        kept.sketches,
        kept.digests,
        kept.literals,
        kept.import_words,
        kept.gists,
        kept.taking_options,
        kept.edges,
        {name: (answered.notes, answered.found, answered.numbered) for name, answered in kept.answered.items()},
        kept.syntax,
        tuple(kept.read_files),  # sets are sorted by what is written of each item
        tuple(kept.listed_folders),
        kept.lookups,
        tuple(kept.files),
        tuple(kept.tests),
        kept.scripts,
        _pack_facts(kept.facts),
        kept.moved_bytes,
        kept.configured,
    )


def unpack_parts(plain: Any, libraries: Mapping[str, Library]) -> Kept | None:
    """What was packed; None for anything else."""
    try:
        (
            sketches, digests, literals, import_words, gists, taking_options, edges, answered, syntax,
            read_files, listed_folders, lookups, files, tests, scripts, facts, moved_bytes, configured,
        ) = plain  # fmt: skip
        return Kept(
            sketches=sketches,
            digests=digests,
            literals=literals,
            import_words=import_words,
            gists=gists,
            taking_options=taking_options,
            edges=edges,
            answered={name: Answered(*values) for name, values in answered.items()},
            unpack=partial(_unpack_answer, libraries),
            pack=_pack_answer,
            syntax=syntax,
            read_files=frozenset(read_files),
            listed_folders=frozenset(listed_folders),
            lookups=lookups,
            files=frozenset(files),
            tests=frozenset(tests),
            scripts=scripts,
            facts=None if facts is None else ProgramFacts(**facts),
            moved_bytes=moved_bytes,
            configured=configured,
        )
    except (ValueError, TypeError, AttributeError):
        return None


def _pack_facts(facts: ProgramFacts | None) -> dict[str, object] | None:
    return None if facts is None else {name: getattr(facts, name) for name in ProgramFacts.__slots__}


def _pack_answer(answer: object) -> object:
    """Most answers are plain values; `b"…"` is what was pickled, `(True,)` a file in which nothing was found."""
    if isinstance(answer, bool) or answer == ():
        return answer
    return (answer.is_marked,) if isinstance(answer, Looked) and not answer.findings else dumped(answer)


def _unpack_answer(libraries: Mapping[str, Library], answer: Any) -> object:
    if isinstance(answer, bytes):
        try:
            return loaded(answer, libraries)
        except Exception:  # what is pickled can raise anything; it is as good as none
            return None
    if isinstance(answer, bool) or answer == ():
        return answer
    return _MARKED if answer[0] else _NOTHING


_MARKED, _NOTHING = Looked((), is_marked=True), Looked((), is_marked=False)
