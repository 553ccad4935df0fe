"""Formatted strings as Python 3.12 reads them, written so that older ones can: `f"{row["name"]}"`.

We parse with the Python that runs us. What is rewritten keeps its length and its lines, so that places stay where they
are: the quotes of an inner string are exchanged, and what then still stands in the way becomes `_`.
"""

from __future__ import annotations

from auditor.model.pattern import lazy_pattern

_START = lazy_pattern(r"(?:\b([A-Za-z]{0,2}))?(\"\"\"|'''|\"|')")
_PREFIXES = frozenset({"", "b", "br", "f", "fr", "r", "rb", "rf", "t", "tr", "rt", "u"})
_OPEN = "([{"
_CLOSE = ")]}"
_SIMPLE = ("'", '"')


def with_exchanged_quotes(text: str) -> str:
    """The same text where no string inside a field of a formatted string has the quotes of that one, or a backslash."""
    return _Rewriter(text).rewritten()


class _Rewriter:
    """One text, read from its first character to the last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._written = list(text)
        self._at = 0

    def rewritten(self) -> str:
        """The whole text; as it was where a string does not end."""
        while self._at < len(self._text):
            self._step(())
        return "".join(self._written)

    def _step(self, around: tuple[str, ...]) -> None:
        """Go over a comment, a string, or one character; `around`: the quotes of the formatted strings around it."""
        character = self._text[self._at]
        if character == "#" and not around:
            end = self._text.find("\n", self._at)
            self._at = end if end >= 0 else len(self._text)
            return
        start = _START.match(self._text, self._at)
        prefix = (start[1] or "").lower() if start is not None else ""
        if start is None or prefix not in _PREFIXES or self._is_in_word():
            self._at += 1
            return
        self._string(start.start(), start[2], prefix, around)

    def _is_in_word(self) -> bool:
        before = self._text[self._at - 1 : self._at]
        return (before.isalnum() or before == "_") and self._text[self._at].isalnum()

    def _string(self, start: int, quotes: str, prefix: str, around: tuple[str, ...]) -> None:
        """Go over one string literal, to behind its end."""
        begin = self._at = self._text.index(quotes, start) + len(quotes)
        is_formatted = "f" in prefix or "t" in prefix
        inside = (*around, quotes)
        while self._at < len(self._text) and not self._text.startswith(quotes, self._at):
            if self._text[self._at] == "\\":
                self._at += 2
            elif is_formatted and self._text[self._at] == "{":
                self._field(inside)
            else:
                self._at += 1
        end = self._at
        self._at = min(end + len(quotes), len(self._text))
        if around and self._text.startswith(quotes, end):
            self._exchange(start, begin, end, quotes, around)

    def _field(self, inside: tuple[str, ...]) -> None:
        """Go over `{{`, or over a field with its format."""
        if self._text.startswith("{{", self._at):
            self._at += 2
            return
        self._at += 1
        depth = 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if depth == 0 and character == "}":
                self._at += 1
                return
            if depth == 0 and character == ":":
                self._format(inside)
                continue
            depth += (character in _OPEN) - (character in _CLOSE)
            if character == "\n" and len(inside[-1]) == 1:
                return  # a field over several lines cannot be written on one of them
            self._step(inside)

    def _format(self, inside: tuple[str, ...]) -> None:
        """Go over what follows the colon of a field, to its closing brace."""
        while self._at < len(self._text) and self._text[self._at] not in "}\n":
            if self._text[self._at] == "{":
                self._field(inside)
            else:
                self._at += 1

    def _exchange(self, start: int, begin: int, end: int, quotes: str, around: tuple[str, ...]) -> None:
        """Give an inner string quotes that none around it has, and take out what may not stand in a field."""
        free = [each for each in _SIMPLE if all(each != other[0] or len(other) > 1 for other in around)]
        fitting = [each for each in free if each == quotes] or free
        if len(quotes) > 1 or not fitting:
            self._written[start : self._at] = ["_" if each != "\n" else each for each in self._text[start : self._at]]
            return
        self._written[begin - 1] = self._written[end] = fitting[0]
        for place in range(begin, end):
            if self._written[place] == "\\" or (
                self._written[place] in _SIMPLE and self._is_open(place, around, fitting[0])
            ):
                self._written[place] = "_"

    def _is_open(self, place: int, around: tuple[str, ...], own: str) -> bool:
        """Whether a quote would end the string that it stands in, or one around that."""
        quote = self._written[place]
        return quote == own or any(other == quote for other in around)
