"""Bytes of a file ↔ the text that is worked on: line ends as one character each, no byte order mark.

What is not changed comes back byte for byte: encoding, byte order mark, each line's own line end.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from difflib import SequenceMatcher

from auditor.static.syntax.source import decoded, encoding_of

_LINE_END = re.compile(r"\r\n|\r|\n")


class FileText:
    """The text of a file that is no notebook. Raises `ProjectError` for bytes that are no text."""

    def __init__(self, raw: bytes) -> None:
        self._encoding = encoding_of(raw)
        self._mark = raw[:2]
        text = decoded(raw, self._encoding)
        self._original = text
        self.text = _LINE_END.sub("\n", text)
        """With `\\n` line ends."""

        self._ends = _LINE_END.findall(text)

    def bytes_of(self, text: str) -> bytes:
        """The bytes for a changed text. Raises `UnicodeEncodeError` for letters that the file's encoding lacks."""
        if text == self.text:
            return self._encoded(self._original)
        kinds = Counter(self._ends)
        if len(kinds) > 1:
            return self._encoded(self._with_own_ends(text))
        end = self._ends[0] if self._ends else "\n"
        return self._encoded(text if end == "\n" else text.replace("\n", end))

    def _with_own_ends(self, text: str) -> str:
        """Lines that were there keep their line end; a new one gets that of the line before it."""
        before, after = self.text.split("\n"), text.split("\n")
        ends: list[str | None] = [None] * len(after)
        for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            for number in range(block.size):
                if block.a + number < len(self._ends):
                    ends[block.b + number] = self._ends[block.a + number]
        last = self._ends[0]
        written = []
        for number, line in enumerate(after):
            last = ends[number] or last
            written.append(line if number == len(after) - 1 else line + last)
        return "".join(written)

    def _encoded(self, text: str) -> bytes:
        if self._encoding == "utf-16":
            return self._mark + text.encode("utf-16-be" if self._mark == codecs.BOM_UTF16_BE else "utf-16-le")
        return text.encode(self._encoding)
