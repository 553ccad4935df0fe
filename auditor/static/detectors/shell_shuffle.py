"""A script that shuffles or samples data with the shell's own randomness: `shuf train.txt`, `sort -R`, awk's `srand()`.

A matcher cannot say it: the same commands pick free ports and machines, which decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.detector import DocumentDetector
from auditor.static.documents.kinds import Kind
from auditor.static.documents.span import Span
from auditor.static.matcher import Hit

if TYPE_CHECKING:
    from auditor.static.documents.document import Document
    from auditor.static.documents.references import References

_SHUFFLE = lazy_pattern(r"(?<![\w./-])(?P<what>g?shuf)(?=\s|\)|`|$)(?P<rest>[^|;&]*)")
_SORT = lazy_pattern(
    r"(?<![\w./-])(?P<what>sort\s(?:[^|;&]*\s)?(?:-[a-zA-Z]*R[a-zA-Z]*|--random-sort))(?=\s|\)|`|$)(?P<rest>[^|;&]*)"
)
_AWK = lazy_pattern(r"\b[gmn]?awk\b.*(?P<what>\bsrand\(\s*\))(?P<rest>)")
_PORT = lazy_pattern(r"port\w*(?:=|\s)\s*[\"']?(?:\$\(|`)", re.IGNORECASE)
_NUMBERS = lazy_pattern(r"\s(?:-i|--input-range|-e|--echo)\b")


def _read(table: Table) -> None:
    """No options."""


class ShellShuffleDetector(DocumentDetector[None]):
    """`kind = "shell-shuffle"`."""

    kind = "shell-shuffle"
    documents = frozenset({Kind.SHELL, Kind.MAKEFILE, Kind.DOCKERFILE})

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        return b"shuf" in raw or b"srand" in raw or b"sort" in raw

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        from auditor.static.documents.shell import code_lines

        for number, code in code_lines(document):
            for pattern in (_SHUFFLE, _SORT, _AWK):
                for match in pattern.finditer(code):
                    if _PORT.search(code, 0, match.start()):
                        continue
                    if "--random-source" in match["what"] + match["rest"] or _NUMBERS.search(match["rest"]):
                        continue
                    start = match.start("what")
                    word = "shuf" if pattern is _SHUFFLE else "sort -R" if pattern is _SORT else "srand()"
                    span = Span(number, start + 1, number, match.end("what") + 1)
                    yield Hit(
                        location=document.location(span),
                        message=f"`{word}` gives another order in each run: the data that the script makes are others",
                    )


DETECTOR = ShellShuffleDetector(_read)
