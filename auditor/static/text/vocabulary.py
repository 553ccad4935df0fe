"""The words and texts that anybody will look for in files, each with a bit of its own.

Which of them a file holds is one number then: keeping the words of a file would take more memory than the file.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.static.text.braces import SET_IN_BRACES, writes_set

_TO_BLANKS = bytes(byte if chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(128)) + b" " * 128


def words_of(raw: bytes) -> set[bytes]:
    """The ASCII identifiers and numbers that stand in some bytes."""
    return set(raw.translate(_TO_BLANKS).split())


class Vocabulary:
    """Fixed once it is made."""

    def __init__(self, literals: Iterable[str] = ()) -> None:
        """Identifiers are looked up among the words of a file, everything else is searched for as it stands.

        `SET_IN_BRACES` stands for a set that is written so.
        """
        known = sorted(set(literals))
        self._bits = {literal: 1 << number for number, literal in enumerate(known)}
        words = [literal for literal in known if literal.isidentifier() and literal.isascii()]
        self._words = {word.encode(): self._bits[word] for word in words}
        self._texts = [
            (text.encode(), self._bits[text])
            for text in known
            if text.encode() not in self._words and text != SET_IN_BRACES
        ]
        self._braces = self._bits.get(SET_IN_BRACES, 0)
        self._all_words = frozenset(self._words)
        self._masks: dict[frozenset[str], int] = {}
        self._by_words: dict[tuple[bytes, ...], tuple[tuple[bytes, int], ...]] = {}

    def look_over(self, raw: bytes) -> int:
        """What stands in a file, in strings and comments too."""
        found = 0
        for word in self._all_words.intersection(raw.translate(_TO_BLANKS).split()):
            found |= self._words[word]
        for text, bit in self._texts:
            if text in raw:
                found |= bit
        return found | self._braces if self._braces and writes_set(raw) else found

    def mask(self, literals: frozenset[str]) -> int | None:
        """The bits of some literals; None where one of them is not known here."""
        found = self._masks.get(literals)
        if found is None:
            if not literals <= self._bits.keys():
                return None
            found = 0
            for literal in literals:
                found |= self._bits[literal]
            self._masks[literals] = found
        return found

    def standing(self, words: tuple[bytes, ...], found: int) -> tuple[bytes, ...]:
        """Those of some words that stand in a file in which `found` was found, and those that are not known here."""
        bits = self._by_words.get(words)
        if bits is None:
            bits = self._by_words[words] = tuple(
                (word, self._words.get(word, -1) if word.decode() in self._bits else -1) for word in words
            )
        return tuple(word for word, bit in bits if found & bit or bit < 0)

    def __repr__(self) -> str:
        return f"Vocabulary({sorted(self._bits)})"
