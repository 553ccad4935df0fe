"""Which words and texts stand in which files: from their sketches where it was known beforehand what will be asked."""

from __future__ import annotations

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.mentions import calls
from auditor.static.vocabulary import Vocabulary

if TYPE_CHECKING:
    from auditor.static.project import Project


class Texts:
    """The bytes of a project's files, to be searched."""

    def __init__(self, project: Project, vocabulary: Vocabulary, needed: frozenset[str] | None) -> None:
        """`needed`: literals of which every file holds one that a rule can speak about; None: nothing in particular."""
        self._project = project
        self._vocabulary = vocabulary
        self._needed = needed
        self._needed_mask = vocabulary.mask(needed) if needed is not None else None
        self._found: dict[tuple[str, tuple[str, ...]], bool] = {}

    def are_relevant(self, path: str) -> bool:
        """Whether a file holds any word that a rule or a library knows; all do where there are no words."""
        if self._needed_mask is not None:
            return bool(self._project.sketch(path).literals & self._needed_mask)
        return self._needed is None or self.hold(path, self._needed)

    def hold(self, path: str, literals: frozenset[str]) -> bool:
        """Whether one of the literals stands in a file: identifiers as words, other texts as they are."""
        mask = self._vocabulary.mask(literals)
        if mask is not None:
            return bool(self._project.sketch(path).literals & mask)
        return self.contain(path, tuple(sorted(literals)))

    def contain(self, path: str, texts: tuple[str, ...]) -> bool:
        """Whether one of the texts stands anywhere in a file."""
        if not texts:
            return False
        key = (path, texts)
        if key not in self._found:
            try:
                raw = self._project.source(path).raw()
                self._found[key] = any(text.encode() in raw for text in texts)
            except ProjectError:
                self._found[key] = False
            self._project.unread(path)
        return self._found[key]

    def hold_call(self, path: str, name: str) -> bool:
        """Whether something that is written so, or ends so, may be called in a file."""
        key = (path, (name, "("))
        if key not in self._found:
            source = self._project.source(path)
            try:
                self._found[key] = source.is_notebook or not name.isascii() or calls(source.raw(), name.encode())
            except ProjectError:
                self._found[key] = True  # whoever parses it tells why it cannot be
            self._project.unread(path)
        return self._found[key]

    def are_reached(self, path: str, words: tuple[bytes, ...]) -> bool:
        """Whether a file, or anything that it imports, holds one of these words."""
        self._project.trace.note("reach", path)
        texts = tuple(word.decode() for word in words)
        return any(self.contain(reached, texts) for reached in self._project.graph.reached(path))
