"""Which words and texts stand in which files: from their sketches where it was known beforehand what will be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.static.text.mentions import calls
from auditor.static.text.vocabulary import Vocabulary, words_of

if TYPE_CHECKING:
    from auditor.static.project import Project

_EXTENDED = lazy_pattern(rb"\bclass\s+\w+\s*[(\[]([^:]{0,500})")
"""What stands behind the name of a class."""

_ASKS = 3
"""Searches of one file from which on its words are kept: to list them takes as long as three or four of these."""

_MAX_WORDS_BYTES = 200_000
"""Longer lists of words are not kept: such files hold data."""


class Texts:
    """The bytes of a project's files, to be searched."""

    def __init__(self, project: Project, vocabulary: Vocabulary, needed: frozenset[str] | None) -> None:
        """`needed`: literals of which every file holds one that a rule can speak about; None: nothing in particular."""
        self._project = project
        self._vocabulary = vocabulary
        self._needed = needed
        self._needed_mask = vocabulary.mask(needed) if needed is not None else None
        self._found: dict[tuple[str, tuple[str, ...]], bool] = {}
        self._bases: dict[str, frozenset[bytes]] = {}
        """Words in what the classes of a file extend."""

        self._asks: dict[str, int] = {}
        self._words: dict[str, bytes | None] = {}
        """Each word of a file once, between blanks; None where they are not kept."""

    def are_relevant(self, path: str) -> bool:
        """Whether a file holds any word that a rule or a library knows; all do where there are no words."""
        if self._needed_mask is not None:
            return bool(self._project.literals(path) & self._needed_mask)
        return self._needed is None or self.hold(path, self._needed)

    def hold(self, path: str, literals: frozenset[str]) -> bool:
        """Whether one of the literals stands in a file: identifiers as words, other texts as they are."""
        mask = self._vocabulary.mask(literals)
        if mask is not None:
            return bool(self._project.literals(path) & mask)
        return self.contain(path, tuple(sorted(literals)))

    def contain(self, path: str, texts: tuple[str, ...]) -> bool:
        """Whether one of the texts stands anywhere in a file."""
        if not texts:
            return False
        key = (path, texts)
        found = self._found.get(key)
        if found is not None:
            return found
        words = self._words_of(path)
        if words is not None and all(is_word(text) for text in texts):
            return any(text.encode() in words for text in texts)
        try:
            source = self._project.source(path)
            found = self._found[key] = any(source.holds(text.encode()) for text in texts)
        except ProjectError:
            found = self._found[key] = False
        self._project.unread(path)
        return found

    def holding(self, paths: Iterable[str], literals: frozenset[str]) -> Iterator[str]:
        """Those of some files that `hold` one of the literals, in their order: for who asks thousands of them."""
        mask = self._vocabulary.mask(literals)
        if mask is not None:
            known = self._project.literals
            yield from (path for path in paths if known(path) & mask)
        elif len(literals) == 1:
            yield from self.containing(paths, *literals)
        else:
            texts = tuple(sorted(literals))
            yield from (path for path in paths if self.contain(path, texts))

    def containing(self, paths: Iterable[str], text: str) -> Iterator[str]:
        """Those of some files that `contain` a text, in their order."""
        kept, word, texts = self._words if is_word(text) else {}, text.encode(), (text,)
        for path in paths:
            words = kept.get(path)
            if self.contain(path, texts) if words is None else word in words:
                yield path

    def hold_call(self, path: str, name: str) -> bool:
        """Whether something that is written so, or ends so, may be called in a file."""
        key = (path, (name, "("))
        if key not in self._found:
            words = self._words.get(path)
            if words is not None and is_word(name) and b" %b " % name.encode() not in words:
                return False
            source = self._project.source(path)
            try:
                word = name.encode()
                may_call = source.is_notebook or not name.isascii()
                self._found[key] = may_call or (source.holds(word) and calls(source.code(), word))
            except ProjectError:
                self._found[key] = True  # whoever parses it tells why it cannot be
            self._project.unread(path)
        return self._found[key]

    def hold_subclass(self, path: str, name: str) -> bool:
        """Whether a class that names it among its bases may stand in a file."""
        bases = self._bases.get(path)
        if bases is None:
            source = self._project.source(path)
            try:
                found = b" ".join(_EXTENDED.findall(source.code())) if not source.is_notebook else b""
                bases = self._bases[path] = frozenset(words_of(found))
            except ProjectError:
                return True  # whoever parses it tells why it cannot be
            finally:
                self._project.unread(path)
        return name.encode() in bases or self._project.source(path).is_notebook

    def are_reached(self, path: str, words: tuple[bytes, ...]) -> bool:
        """Whether a file, or anything that its statements import, holds one of these words."""
        return self.within_reach(path, tuple(word.decode() for word in words))

    def within_reach(self, path: str, texts: tuple[str, ...]) -> bool:
        """Whether one of the texts stands in a file, or in anything that its statements import."""
        self._project.trace.note("reach", path)
        return any(self.contain(reached, texts) for reached in self._project.graph.reached_by_statements(path))

    def _words_of(self, path: str) -> bytes | None:
        """The words of a file that is searched again and again; a quarter of what it holds, which is not read again."""
        if path not in self._words:
            asks = self._asks[path] = self._asks.get(path, 0) + 1
            if asks <= _ASKS:
                return None
            del self._asks[path]
            self._words[path] = self._list_words(path)
        return self._words[path]

    def _list_words(self, path: str) -> bytes | None:
        source = self._project.source(path)
        if source.is_notebook:
            return None
        try:
            words = b" %b " % b" ".join(words_of(source.code()))
        except ProjectError:
            return None
        finally:
            self._project.unread(path)
        return words if len(words) <= _MAX_WORDS_BYTES else None


def is_word(text: str) -> bool:
    """Whether a text can only stand within one word, if anywhere."""
    return text.isascii() and text.replace("_", "a").isalnum()
