"""Which rules can hold in which files, as far as bytes, imports and programs tell: nothing is parsed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.scanning.prerequisites import Prerequisite, calls_method, drawing
from auditor.static.text.mentions import Imported, Names, imported, last_parts, mentions
from auditor.static.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from auditor.static.project import Project

Masked = tuple[tuple[int, ...], Prerequisite]
"""A prerequisite with the bits of each group of its literals."""


class Selection:
    """Asked before a file is parsed for a rule, or a program is followed."""

    def __init__(self, project: Project, vocabulary: Vocabulary) -> None:
        self._project = project
        self._vocabulary = vocabulary
        self._draws = drawing(project.rng.libraries.values())
        self._drawing: dict[str, bool] = {}
        self._drawing_programs: frozenset[str] | None = None
        self._masked: dict[int, tuple[tuple[Prerequisite, ...], tuple[Masked, ...]]] = {}
        """By the identity of the prerequisites, which are kept with it."""

        self._looked_at: tuple[str, int] = "", 0
        """The last file that was asked about, with its words."""

        self._imported: tuple[str, Imported] | None = None
        """Of the last file that was asked about."""

    def can_hold(self, path: str, prerequisites: tuple[Prerequisite, ...]) -> bool:
        """Whether one of the things that a rule presupposes is true of a file."""
        if path != self._looked_at[0]:
            self._looked_at = path, self._project.literals(path)
        found = self._looked_at[1]
        known = self._masked.get(id(prerequisites))
        for masks, prerequisite in known[1] if known is not None else self._with_masks(prerequisites):
            for mask in masks:
                if not found & mask:
                    break
            else:
                if self._can_hold(path, prerequisite):
                    return True
        return False

    def _with_masks(self, prerequisites: tuple[Prerequisite, ...]) -> tuple[Masked, ...]:
        """Each with its literals as bits: nearly all that is asked is answered by these."""
        masked = tuple((tuple(self._masks(each)), each) for each in prerequisites)
        self._masked[id(prerequisites)] = prerequisites, masked
        return masked

    def _masks(self, prerequisite: Prerequisite) -> Iterator[int]:
        for literals in prerequisite.literals:
            mask = self._vocabulary.mask(literals)
            if mask is not None:
                yield mask

    def _can_hold(self, path: str, prerequisite: Prerequisite) -> bool:
        """Whether all is true that the known words do not tell."""
        for literals in prerequisite.literals:
            if self._vocabulary.mask(literals) is None and not self._project.texts.hold(path, literals):
                return False
        if prerequisite.packages and not self._imports_any(path, prerequisite.packages):
            return False
        if prerequisite.in_program and not self._project.programs.reaching(path):
            return False
        if prerequisite.unseeded and not self._is_reached_unseeded(path, prerequisite.unseeded):
            return False
        if prerequisite.methods and not self._calls_method(path, prerequisite.methods):
            return False
        return prerequisite.names is None or self._mentions(path, prerequisite.names)

    def can_draw(self, program: str) -> bool:
        """Whether anything that a program imports may draw from an RNG library."""
        if self._drawing_programs is not None:
            return program in self._drawing_programs
        return any(self.may_draw(path) for path in self._project.programs.followed(program))

    def may_draw(self, path: str) -> bool:
        """Whether a call in a file may draw from an RNG library, itself or in what it makes or imports by its name."""
        self._project.trace.note("content", path)
        if path not in self._drawing:
            graph = self._project.graph
            is_open = graph.is_making(path) or graph.is_computing(path)
            self._drawing[path] = is_open or self.can_hold(path, self._draws)
            self._project.unread(path)
        return self._drawing[path]

    def know_drawing(self, answers: Mapping[str, bool], programs: frozenset[str] | None = None) -> None:
        """Be told which files may draw, and which programs, where that is known."""
        self._drawing.update(answers)
        self._drawing_programs = programs

    def _imports_any(self, path: str, packages: frozenset[str]) -> bool:
        """Whether a file, or anything that it imports, imports one of these packages from outside the project."""
        self._project.trace.note("packages", path)
        found = self._project.graph.reach(path).packages
        return not found.isdisjoint(packages) or any(
            made in packages and maker in found for maker, made in self._project.rng.makers
        )

    def _is_reached_unseeded(self, path: str, libraries: frozenset[str]) -> bool:
        for program in self._project.programs.reaching(path):
            verdicts = self._project.programs.known_verdicts(program)
            if verdicts is None or any(verdict.is_open and verdict.library.id in libraries for verdict in verdicts):
                return True
        return False

    def _calls_method(self, path: str, methods: frozenset[str]) -> bool:
        mask = self._vocabulary.mask(methods)
        if mask is not None and not self._project.literals(path) & mask:
            return False
        try:
            return calls_method(self._project.source(path).code(), methods)
        except ProjectError:
            return False

    def _mentions(self, path: str, names: Names) -> bool:
        source = self._project.source(path)
        try:
            if source.is_notebook:
                return True
            words = self._vocabulary.standing(last_parts(names), self._project.literals(path))
            return mentions(source.code(), self._imported_by(path), names, words)
        except ProjectError:
            return False

    def _imported_by(self, path: str) -> Imported:
        if self._imported is None or self._imported[0] != path:
            project = self._project
            bound = imported(project.sketch(path), lambda dotted: project.find_module(dotted, path) is not None)
            self._imported = path, bound
        return self._imported[1]
