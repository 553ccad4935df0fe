"""Which files are worth parsing: those that hold a word that some rule knows."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.lean import dataclass
from auditor.static.source import SourceFile


@dataclass(frozen=True, slots=True)
class Needles:
    """Words, and texts that are no words, of which one stands in every file that matters."""

    words: frozenset[str]
    texts: tuple[bytes, ...]

    def are_in(self, source: SourceFile) -> bool:
        """Whether a file holds any. Raises `ProjectError` where it cannot be read."""
        if not self.words.isdisjoint(source.words()):
            return True
        raw = source.raw() if self.texts else b""
        return any(text in raw for text in self.texts)


def needles(literals: Iterable[str]) -> Needles:
    """Tell words, which are looked up among a file's words, from texts, which are searched for."""
    words, texts = set(), set()
    for literal in literals:
        if literal.isidentifier() and literal.isascii():
            words.add(literal)
        else:
            texts.add(literal.encode())
    return Needles(frozenset(words), tuple(sorted(texts)))
