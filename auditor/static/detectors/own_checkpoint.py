"""A file that the program writes, and reads in the next run only because it is there.

A matcher cannot say it: the same file has to be saved and loaded, and the load has to depend on nothing but its
existence.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import programs
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.nodes import walk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    save: frozenset[str]
    load: frozenset[str]
    exists: frozenset[str]


def _read(table: Table) -> _Options:
    return _Options(
        save=frozenset(table.strings("save", required=True)),
        load=frozenset(table.strings("load", required=True)),
        exists=frozenset(table.strings("exists", required=True)),
    )


class OwnCheckpointDetector(WithOptions[_Options]):
    """`kind = "own-checkpoint"`."""

    kind = "own-checkpoint"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).load)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        options = self._options.of(rule)
        tests = frozenset(name.rpartition(".")[2] for name in options.exists)
        return (naming(options.load, tests, called=True),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        # What one condition makes a program read is one cause, in however many files it is.
        told: dict[tuple[ast.expr, str], tuple[Location, list[Related]]] = {}
        for call in module.calls_to(options.load):
            names = _file_names(module, call.node.args[0]) if call.node.args else frozenset()
            if not names or not _loads_a_model(module, call):
                continue
            test = _only_test(module, call, options)
            if test is None or _is_written_before(module, call, names, options):
                continue
            location = module.location(call.node)
            for path, modules in programs(module, project):
                saved = _saved_at(modules, names, options)
                if saved is None:
                    continue
                if (test, path) in told:
                    also = Related(location=location, message="read where the same condition holds")
                    told[test, path][1].append(also)
                else:
                    place = Related(location=saved[0].location(saved[1]), message="written here")
                    told[test, path] = location, [place]
                break
        for (_, path), (location, related) in told.items():
            yield Hit(location=location, related=tuple(related), entry_points=(path,))


def _loads_a_model(module: ModuleFacts, call: Call) -> bool:
    """Whether what is read goes into a model, directly or by a name for it; other files that are read may be caches."""
    scope: ast.AST = call.function or module.tree
    restores = any(isinstance(each, ast.Attribute) and each.attr == "load_state_dict" for each in walk(scope))
    statement = module.statement(call.node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    words = " ".join(ast.unparse(target).lower() for target in targets)
    return restores or any(word in words for word in ("model", "net", "agent", "policy", "estimator", "classifier"))


def _file_names(module: ModuleFacts, node: ast.expr) -> frozenset[str]:
    """The constant texts in a path that name a file: `last.pt` in `FOLDER / "last.pt"`."""
    return frozenset(text.rpartition("/")[2] for text in _texts(module, node, 0) if "." in text.rpartition("/")[2][1:])


def _texts(module: ModuleFacts, node: ast.expr, depth: int) -> Iterator[str]:
    if depth > 4:
        return
    for each in walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
        elif isinstance(each, ast.Name):
            origin = module.origin(each)
            if origin is not each:
                yield from _texts(module, origin, depth + 1)


def _only_test(module: ModuleFacts, call: Call, options: _Options) -> ast.expr | None:
    """The test of an enclosing `if exists(…):`, or an earlier `if not exists(…): return`; None where others count."""
    tests = list(_enclosing_tests(module, call.node))
    if tests:
        asked = all(_asks_for_existence(module, test, options) is holds for test, holds in tests)
        return tests[0][0] if asked else None
    body = getattr(call.function, "body", None)
    if not isinstance(body, list):
        return None
    early = [
        statement.test
        for statement in body
        if isinstance(statement, ast.If) and isinstance(statement.body[-1], ast.Return) and _is_before(statement, call)
    ]
    return early[0] if len(early) == 1 and _asks_for_existence(module, early[0], options) is False else None


def _is_before(statement: ast.stmt, call: Call) -> bool:
    return (statement.end_lineno or statement.lineno) < call.node.lineno


def _enclosing_tests(module: ModuleFacts, node: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """The conditions on which a node is reached inside its function, and whether they hold; the main guard is none."""
    child, parent = node, module.parent(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        inside = isinstance(parent, ast.If) and child in parent.body
        if (isinstance(parent, ast.If) and inside and "__name__" not in ast.dump(parent.test)) or (
            isinstance(parent, ast.If | ast.IfExp | ast.While)
            and not inside
            and child is not getattr(parent, "test", None)
        ):
            yield parent.test, inside or (isinstance(parent, ast.IfExp | ast.While) and child is not parent.orelse)
        child, parent = parent, module.parent(parent)


def _asks_for_existence(module: ModuleFacts, test: ast.expr, options: _Options) -> bool | None:
    """True where a condition holds if a file is there, False where it holds if it is not; None of other conditions."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _asks_for_existence(module, test.operand, options)
        return None if inner is None else not inner
    if not isinstance(test, ast.Call):
        return None
    name = module.resolve(test.func)
    last = {each.rpartition(".")[2] for each in options.exists}
    asks = name in options.exists if name is not None else getattr(test.func, "attr", None) in last
    return True if asks else None


def _is_written_before(module: ModuleFacts, load: Call, names: frozenset[str], options: _Options) -> bool:
    """Whether the same function, or the same top level, saves the file above: what is read there is of this run."""
    return any(
        save.function is load.function
        and _is_above(save.node, load.node)
        and _is_executed(module, save.node, load.node)
        and any(not names.isdisjoint(_file_names(module, argument)) for argument in save.node.args)
        for save in module.calls_to(options.save)
    )


def _is_executed(module: ModuleFacts, save: ast.Call, load: ast.Call) -> bool:
    """Whether what saves is executed where what loads is, but for a condition in a loop: `if loss < best`."""
    around = set(module.around(load))
    is_asked = False
    for holder in module.around(save):
        if holder in around:
            break
        if isinstance(holder, ast.ExceptHandler):
            return False
        is_asked = isinstance(holder, ast.If) or (is_asked and not isinstance(holder, ast.For | ast.While))
    return not is_asked


def _is_above(one: ast.Call, other: ast.Call) -> bool:
    return (one.end_lineno or one.lineno) < other.lineno


def _saved_at(
    modules: tuple[ModuleFacts, ...], names: frozenset[str], options: _Options
) -> tuple[ModuleFacts, ast.Call] | None:
    for module in modules:
        for call in module.calls_to(options.save):
            for argument in call.node.args:
                if not names.isdisjoint(_file_names(module, argument)):
                    return module, call.node
    return None


DETECTOR = OwnCheckpointDetector(_read)
