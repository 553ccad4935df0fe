"""What a whole program does somewhere: uses CUDA, switches determinism on, restores a state.

A rule may ask that a program does (`requires`) or does not do (`unless`) something, or be less sure where it does not
(`prefers`); all name entries of `rules/definitions.toml` or hold the same keys in place. `versions` asks for versions
of packages.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from weakref import WeakKeyDictionary

from auditor.model.lean import dataclass
from auditor.model.rule import Confidence
from auditor.ruleset.table import Table
from auditor.ruleset.versions import Bound, read_bounds
from auditor.static.evaluation.plainvalue import plain_value
from auditor.static.evaluation.ruledout import is_ruled_out
from auditor.static.execution.gradients import computes_gradients, may_train
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.files.pinned import fits
from auditor.static.project import Project
from auditor.static.scanning.callprerequisites import call_prerequisites
from auditor.static.scanning.conditions import CallCondition, read_call_condition
from auditor.static.scanning.prerequisites import Prerequisite
from auditor.static.scanning.programtraits import have
from auditor.static.syntax.nodeindex import nodes_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Trait:
    """Something that a file may hold; one of its alternatives is enough."""

    call: CallCondition | None = None
    strings: frozenset[str] = frozenset()
    """Constant strings."""

    contains: tuple[str, ...] = ()
    """Parts of constant strings."""

    attributes: frozenset[str] = frozenset()
    """Names of attributes that are assigned, whatever object they belong to."""

    targets: frozenset[str] = frozenset()
    """Attributes that are assigned a value (`value`, where it is given)."""

    value: object = None
    differs: object = None
    """What a target must not be known to get; None means that it may get anything."""

    imports: frozenset[str] = frozenset()
    """Modules or names that are imported, or something below them."""

    bases: frozenset[str] = frozenset()
    """Classes that a class of the file extends."""

    @cached_property
    def calls(self) -> tuple[Prerequisite, ...]:
        """What must be true of every file that holds the call; nothing where there is none."""
        return call_prerequisites(self.call) if self.call is not None else ()

    @cached_property
    def words(self) -> frozenset[str]:
        """Texts of which one stands in every file that holds the trait, unless the call or one of `contains` does."""
        imported = {name.rpartition(".")[2] for name in self.imports}
        written = {target.rpartition(".")[2] for target in self.targets}
        extended = {name.rpartition(".")[2] for name in self.bases}
        return frozenset(imported | written | extended | self.strings | self.attributes)

    def may_be_in(self, path: str, project: Project) -> bool:
        """Whether a file may hold it, as far as can be told without parsing it."""
        if self.calls and project.selection.can_hold(path, self.calls):
            return True
        if self.words and project.texts.hold(path, self.words):
            return True
        return project.texts.contain(path, self.contains)

    def is_in(self, module: ModuleFacts) -> bool:
        """Whether a file holds it."""
        if self.imports and next(module.imports_below(self.imports), None) is not None:
            return True
        if self.bases and any(not self.bases.isdisjoint(module.base_classes(each)) for each in _classes(module)):
            return True
        if self.targets and any(self._assigns(module)):
            return True
        if self.attributes and any(getattr(each.target, "attr", "") in self.attributes for each in module.assignments):
            return True
        if next(self.calls_in(module), None) is not None:
            return True
        if self.contains and any(part in text for text in _strings(module) for part in self.contains):
            return True
        return bool(self.strings) and not self.strings.isdisjoint(_strings(module))

    def calls_in(self, module: ModuleFacts) -> Iterator[Call]:
        """The calls of a file that the trait is about."""
        calls = self.call.calls(module) if self.call is not None else ()
        return (call for call in calls if not is_ruled_out(module, call.node))

    def _assigns(self, module: ModuleFacts) -> Iterable[bool]:
        for assignment in module.assignments:
            if assignment.name in self.targets and assignment.key is None:
                value = (plain_value if self.value is True else ModuleFacts.constant)(module, assignment.value)
                known = value.value if isinstance(value, Known) else None
                is_wanted = self.value is None or (isinstance(value, Known) and known == self.value)
                yield is_wanted and (self.differs is None or known != self.differs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCondition:
    """What the program around a place must do, and must not do, anywhere."""

    requires: tuple[tuple[Trait, ...], ...] = ()
    """Of each group one trait must be there."""

    unless: tuple[Trait, ...] = ()
    unless_any: tuple[Trait, ...] = ()
    """Silent everywhere as soon as one of the programs around the place does it: the others only evaluate."""

    prefers: tuple[tuple[Trait, ...], ...] = ()
    """Like `requires`, but without them the finding is only less sure."""

    versions: tuple[Bound, ...] = ()
    known_versions: bool = False
    """Silent unless the project's versions are known to fulfil all of `versions`."""

    trained: bool = False
    """Only programs that may compute gradients; one that uses a stored model has no backward pass.

    Who uses a file that no program reaches may train.
    """

    gradient: bool = False
    """The same, and such a file must not look as if it only used a model."""

    in_training: bool = False
    """Silent in programs that train nothing: they use a model as it is."""

    def __bool__(self) -> bool:
        of_traits = self.requires or self.unless or self.unless_any
        return bool(of_traits or self.versions or self.trained or self.gradient or self.in_training)

    def entry_points(self, module: ModuleFacts, project: Project) -> tuple[str, ...] | None:
        """The programs around `module` for which it holds; None where the rule asks nothing of programs.

        A file that no program reaches is judged with the files that it imports.
        """
        if not self:
            return None
        fit = fits(self.versions, project) if self.versions else True
        if fit is False or (fit is None and self.known_versions):
            return ()
        paths = _program_paths(module, project)
        if any(have(self.unless_any, path, project) for path in paths):
            return ()
        is_run = bool(project.programs.reaching(module.path))
        trains = self.gradient or (self.trained and is_run)
        return tuple(path for path in paths if self._holds(path, project, trains=trains))

    def weakens(self, module: ModuleFacts, project: Project) -> Confidence | None:
        """LOW where nothing in the programs around `module` does what the rule `prefers`, or a version is not known."""
        if any(not bound.at_least for bound in self.versions) and fits(self.versions, project) is None:
            return Confidence.LOW
        paths = _program_paths(module, project) if self.prefers else ()
        for group in self.prefers:
            if not any(have(group, path, project) for path in paths):
                return Confidence.LOW
        return None

    def _holds(self, path: str, project: Project, *, trains: bool) -> bool:
        if have(self.unless, path, project) or (trains and not computes_gradients(project, path)):
            return False
        if self.in_training and not may_train(project, path):
            return False
        return all(have(group, path, project, led=True) for group in self.requires)


def programs(
    module: ModuleFacts, project: Project, holding: frozenset[str] | None = None
) -> Iterable[tuple[str, tuple[ModuleFacts, ...]]]:
    """Yield path and files of every program that reaches `module`; the file itself where there is none.

    `holding`: texts of which one must stand in a file, others are left out.
    """
    for path in _program_paths(module, project):
        entry = project.module(path)
        if entry is not None:
            yield path, project.programs.modules_reached(entry, holding)


def program_files(module: ModuleFacts, project: Project) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield the path of every program that reaches `module`, as `programs` does, and the files of it, not parsed yet.

    For who asks only some of the files: all of a large program parsed at once are what a scan needs most memory for.
    """
    for path in _program_paths(module, project):
        if project.module(path) is not None:
            yield path, project.programs.paths_reached(path)


def _program_paths(module: ModuleFacts, project: Project) -> tuple[str, ...]:
    return project.programs.reaching(module.path) or (module.path,)


def read_program_condition(table: Table) -> ProgramCondition:
    """Read `requires` and `unless`: arrays of traits; `any` inside one holds alternatives.

    Names of `rules/definitions.toml` were replaced by such tables when the rule was loaded.
    """
    table.strings("unless_launched_with")  # for the engine, which sees to it when all findings are there
    return ProgramCondition(
        requires=tuple(_read_group(entry) for entry in table.tables("requires")),
        unless=tuple(trait for entry in table.tables("unless") for trait in _read_group(entry)),
        unless_any=tuple(trait for entry in table.tables("unless_any") for trait in _read_group(entry)),
        prefers=tuple(_read_group(entry) for entry in table.tables("prefers")),
        versions=read_bounds(table),
        known_versions=table.boolean("known_versions", False),
        trained=table.boolean("trained", False),
        gradient=table.boolean("gradient", False),
        in_training=table.boolean("in_training", False),
    )


def launched_variables(options: Mapping[str, object]) -> tuple[str, ...]:
    """`unless_launched_with` of a rule's options: a launcher that sets one of these variables answers the finding."""
    names = options.get("unless_launched_with", ())
    return tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()


def _read_group(entry: Table) -> tuple[Trait, ...]:
    if "any" not in entry:
        return (_read_trait(entry),)
    shared = entry.value("any")
    kept = _GROUPS.get(id(shared))
    if kept is None or kept[0] is not shared:
        if len(_GROUPS) >= _MAX_KEPT:
            _GROUPS.clear()
        kept = _GROUPS[id(shared)] = shared, tuple(_read_trait(alternative) for alternative in entry.tables("any"))
    entry.finish()
    return kept[1]


_GROUPS: dict[int, tuple[object, tuple[Trait, ...]]] = {}
"""Alternatives by the identity of their array: one definition stands in many rules, and is read and judged once."""

_MAX_KEPT = 1000


def _read_trait(entry: Table) -> Trait:
    has_call = "callee" in entry or "methods" in entry
    trait = Trait(
        call=read_call_condition(entry) if has_call else None,
        strings=frozenset(entry.strings("strings")),
        contains=entry.strings("contains"),
        attributes=frozenset(entry.strings("attributes")),
        targets=frozenset(entry.strings("targets")),
        value=entry.value("value"),
        differs=entry.value("differs"),
        imports=frozenset(entry.strings("imports")),
        bases=frozenset(entry.strings("bases")),
    )
    entry.finish()
    return trait


_TEXTS: WeakKeyDictionary[ModuleFacts, frozenset[str]] = WeakKeyDictionary()


def _classes(module: ModuleFacts) -> Iterator[ast.ClassDef]:
    return (node for node in module.index.functions if isinstance(node, ast.ClassDef))


def _strings(module: ModuleFacts) -> frozenset[str]:
    """Every constant string of a file."""
    if module not in _TEXTS:
        constants = (node.value for node in nodes_of(module, ast.Constant))
        _TEXTS[module] = frozenset(value for value in constants if isinstance(value, str))
    return _TEXTS[module]
