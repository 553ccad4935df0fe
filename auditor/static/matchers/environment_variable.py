"""An environment variable that the program sets for itself: too late, or to a value that does harm."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Known, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.conditions import CallCondition, read_call_condition
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions

_SETTERS = {"os.environ.setdefault": ("key", 0, 1), "os.putenv": ("name", 0, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    names: frozenset[str]
    values: tuple[str, ...]
    after_import: frozenset[str]
    """Modules that read the variable while they are imported: only a later setting counts. Empty: every setting."""

    unless_here: CallCondition | None
    """A call in the same file that makes the setting count after all: the program starts itself anew."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    values = table.value("values")
    unless_here = table.table("unless_here")
    options = _Options(
        names=frozenset(table.strings("variables", required=True)),
        values=tuple(str(value) for value in values) if isinstance(values, list) else (),
        after_import=frozenset(table.strings("after_import")),
        unless_here=read_call_condition(unless_here) if unless_here else None,
        program=read_program_condition(table),
    )
    if unless_here:
        unless_here.finish()
    return options


class EnvironmentVariableMatcher(WithOptions[_Options]):
    """`kind = "environment-variable"`."""

    kind = "environment-variable"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return self._options.of(rule).names

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        if options.unless_here and next(options.unless_here.calls(module), None) is not None:
            return
        for node, name, value in _settings(module):
            if name not in options.names or (options.values and value not in options.values):
                continue
            earlier = _import_before(node, module, options.after_import)
            if options.after_import and earlier is None:
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points == ():
                return
            yield Hit(
                location=module.location(node),
                related=_related(module, earlier),
                entry_points=entry_points,
                confidence=options.program.weakens(module, project),
            )


def _related(module: ModuleFacts, earlier: ast.stmt | None) -> tuple[Related, ...]:
    if earlier is None:
        return ()
    return (Related(location=module.location(earlier), message="already imported here"),)


def _settings(module: ModuleFacts) -> Iterator[tuple[ast.stmt | ast.expr, str, str | None]]:
    """Every place where a variable is set: node, name, value where it is known."""
    for assignment in module.assignments:
        if assignment.key is not None and assignment.name == "os.environ":
            yield assignment.node, assignment.key, _text(module, assignment.value)
        elif isinstance(assignment.node, ast.AugAssign) and module.resolve(assignment.target) == "os.environ":
            for name, written in _items(module, assignment.value):
                yield assignment.node, name, written
    for call in module.calls_to({"os.environ.update"}):
        for part in call.node.args[:1]:
            for name, written in _items(module, part):
                yield call.node, name, written
        for word in call.node.keywords:
            if word.arg is not None:
                yield call.node, word.arg, _text(module, word.value)
    for call in module.calls_to(_SETTERS):
        keyword, key, value = _SETTERS[call.callee or ""]
        set_there = _text(module, call.argument(keyword, key))
        if set_there is not None:
            yield call.node, set_there, _text(module, call.argument("value", value))


def _items(module: ModuleFacts, node: ast.expr) -> Iterator[tuple[str, str | None]]:
    """Keys and values of a display of a dictionary, as far as the keys are known."""
    display = module.origin(node)
    if isinstance(display, ast.Dict):
        for key, value in zip(display.keys, display.values, strict=True):
            name = _text(module, key)
            if name is not None:
                yield name, _text(module, value)


def _text(module: ModuleFacts, node: ast.expr | None) -> str | None:
    known = module.constant(node)
    return known.value if isinstance(known, Known) and isinstance(known.value, str) else None


def _import_before(node: ast.stmt | ast.expr, module: ModuleFacts, names: frozenset[str]) -> ast.stmt | None:
    """An import at module level, before `node` in the same file, of one of the modules or something below it."""
    for entry in module.imports_below(names):
        if entry.function is None and entry.node.lineno < node.lineno:
            return entry.node
    return None


MATCHER = EnvironmentVariableMatcher(_read)
