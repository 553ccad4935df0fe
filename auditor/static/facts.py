"""One parsed file, with everything a matcher may ask about it.

Built in one walk (`scopes.py`); names and values are resolved when asked for and remembered. Nothing here knows a rule.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property, partial

from auditor.model.annotations import TYPE_CHECKING, cast
from auditor.model.location import Location
from auditor.static.evaluation.written import Written
from auditor.static.names import Names
from auditor.static.resolution import constants
from auditor.static.resolution.members import bases
from auditor.static.resolution.receivers import Receivers
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value
from auditor.static.syntax.bindings import FUNCTIONS, Comprehension, Function, every_argument
from auditor.static.syntax.callindex import CallIndex
from auditor.static.syntax.elements import UNKNOWN, Assignment, Call, Import, Known, Loop, Unknown, attribute_set
from auditor.static.syntax.lookup import Lookup
from auditor.static.syntax.nodes import walk
from auditor.static.syntax.places import Places
from auditor.static.syntax.scopes import calls_in
from auditor.static.text.commandgroups import PREPARING, REGISTERING, registration
from auditor.static.text.layout import code_lines

if TYPE_CHECKING:
    from auditor.static.project import Project
    from auditor.static.resolution.library_verdict import SeedValue
    from auditor.static.syntax.source import SourceFile
    from auditor.static.syntax.trees import Tree

__all__ = ["UNKNOWN", "Assignment", "Call", "Function", "Import", "Known", "Loop", "ModuleFacts", "Unknown"]

MAX_KEPT_BASES = 500_000
"""Names of bases that are remembered for the classes of one file: thousands that extend each other have millions."""


class ModuleFacts:
    """One parsed file; everything a matcher may ask about it."""

    def __init__(self, source: SourceFile, tree: Tree, project: Project) -> None:
        self.path = source.path
        """Relative to the project's root, with `/`."""

        self.name = module_name(source.path)
        """Dotted name inside the project, from its path: `src.pkg.train`."""

        self._text = tree.text
        self.tree = tree.tree
        self.project = project
        self.is_notebook = source.is_notebook
        self.index = tree.index
        self.lookup = Lookup(tree.index)
        self.names = Names(self)
        self._calls: dict[int, Call] = {}
        self._identifiers: dict[ast.expr, frozenset[str]] = {}
        self._calls_in: dict[ast.expr, tuple[ast.Call | Comprehension, ...]] = {}
        self._items_asked: dict[ast.expr, tuple[ast.expr, ...]] = {}
        self._base_classes: dict[ast.ClassDef, tuple[str, ...]] = {}
        self._kept_bases = 0
        self._executed_by: dict[ast.Import | ast.ImportFrom, tuple[tuple[str, ...], Location]] = {}
        self._cells = source.places if source.is_notebook else None

    # -- what there is --------------------------------------------------------------------------------------------

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Source lines without line ends; index 0 is line 1. For a notebook: all code cells, one after the other."""
        return tuple(self._text.split("\n"))

    @cached_property
    def _places(self) -> Places:
        return Places(self.path, self.lines, self._cells, partial(code_lines, self.lines, self.tree))

    @cached_property
    def written(self) -> Written:
        """What the text says about conditions and functions."""
        return Written(self.text)

    @property
    def is_test(self) -> bool:
        return self.project.is_test(self.path)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call, in source order."""
        found = [self._call(number) for number in range(len(self.index.calls))]
        return tuple(sorted(found, key=lambda call: (call.node.lineno, call.node.col_offset)))

    def _call(self, number: int) -> Call:
        """A call by its place in the index; of most calls nobody asks more than how they are written."""
        made = self._calls.get(number)
        if made is None:
            node, function, in_loop = self.index.calls[number]
            called = node.func
            made = self._calls[number] = Call(
                node=node,
                resolve=self.resolve,
                method=called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None),
                receiver=called.value if isinstance(called, ast.Attribute) else None,
                function=function,
                in_loop=in_loop,
            )
        return made

    @cached_property
    def call_index(self) -> CallIndex:
        """The calls by what is written."""
        return CallIndex(self.index, self._call)

    def calls_to(self, names: Collection[str]) -> tuple[Call, ...]:
        """Calls whose callee is one of `names`, in source order."""
        return tuple(self.call_index.candidates(names, (), ()))

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        """Every target of an assignment, in source order; `a.x, b.y = 1, 2` is taken apart, other unpacking is not."""
        return tuple(
            Assignment(
                node=cast("ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr", node),
                target=each,
                resolve=self.resolve,
                key=_key(each),
                value=given,
                function=function,
            )
            for node, target, value, function in self.index.assignments
            for each, given in _apart(target, value)
        )

    @cached_property
    def receivers(self) -> Receivers:
        """Calls of methods and assigned attributes by what they belong to."""
        return Receivers(self.calls, self.assignments)

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """Every `for`, also those of comprehensions, in source order."""
        return tuple(
            Loop(
                node=cast("ast.For | ast.AsyncFor | ast.comprehension", node),
                iterable=iterable,
                owner=cast("ast.For | ast.AsyncFor | ast.ListComp | ast.SetComp | ast.DictComp", owner),
                function=function,
            )
            for node, iterable, owner, function in self.index.loops
        )

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every name bound by an import, in source order."""
        return tuple(found for node, function in self.index.imports for found in self._imports(node, function))

    def imports_below(self, names: Collection[str]) -> Iterator[Import]:
        """Those of `imports` whose target is one of these fully qualified names or something below it."""
        packages = frozenset(name.partition(".")[0] for name in names)
        below = tuple(f"{name}." for name in names)
        for node, function in self.index.imports:
            for entry in self._imports(node, function, packages):
                if f"{entry.target}.".startswith(below):
                    yield entry

    def _imports(
        self, node: ast.Import | ast.ImportFrom, function: Function | None, packages: frozenset[str] | None = None
    ) -> list[Import]:
        """`packages`: where only what is in these is asked for, the others may be left out."""
        found = []
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                value: Value = self.names.module_named(alias.name)
            else:
                name = alias.asname or alias.name
                origin = self.names.origin_of(node)
                if packages is not None and not self._may_lead(origin, alias.name, packages):
                    continue
                value = origin if alias.name == "*" else self.names.attribute(origin, alias.name)
            target = self._dotted(value)
            if target is not None:
                found.append(Import(node=node, name=name, target=target, function=function))
        return found

    def _may_lead(self, origin: Value, name: str, packages: frozenset[str]) -> bool:
        """Whether what is imported may stand for something in these packages; to know it, the project is parsed."""
        if not isinstance(origin, ModuleRef):
            return True
        return name != "*" and self.project.may_lead(origin.path, name, packages)

    # -- what things are ------------------------------------------------------------------------------------------

    def resolve(self, node: ast.expr) -> str | None:
        """Fully qualified name that an expression stands for, as `Call.callee`; None where it cannot be told."""
        return self._dotted(self.names.value(node))

    def _dotted(self, value: Value) -> str | None:
        if isinstance(value, External):
            return value.name
        if isinstance(value, ModuleRef):
            return f".{module_name(value.path)}"
        if isinstance(value, FunctionRef):
            inner = value.module.names.wrapped(value)
            if inner is not value:
                return self._dotted(inner)
        if isinstance(value, FunctionRef | ClassRef):
            return f".{value.module.name}.{value.module.index.functions[value.node]}"
        return None

    def base_classes(self, node: ast.ClassDef) -> tuple[str, ...]:
        """Fully qualified names of all known bases, the project's own resolved to theirs: `torch.nn.Module`."""
        known = self._base_classes.get(node)
        if known is not None:
            return known
        found: dict[str, None] = {}
        pending: list[ClassRef] = [ClassRef(self, node)]
        seen: set[ast.ClassDef] = set()
        while pending:
            cls = pending.pop(0)
            if cls.node in seen:
                continue
            seen.add(cls.node)
            for base in bases(cls):
                name = self._dotted(base)
                if name is not None:
                    found[name] = None
                if isinstance(base, ClassRef):
                    pending.append(base)
        names = tuple(found)
        # In the middle of another question parameters may be bound, and steps left out.
        if not self.project.question.active and self._kept_bases < MAX_KEPT_BASES:
            self._base_classes[node] = names
            self._kept_bases += len(names)
        return names

    def origin(self, node: ast.expr) -> ast.expr:
        """Follow names to the expression that was assigned to them, where there is exactly one in this file."""
        for _ in range(constants.MAX_DEPTH):
            if not isinstance(node, ast.Name):
                return node
            found = constants.assigned(self, node)
            if found is None or found[0] is not self:
                return node
            node = found[1]
        return node

    def constant(self, node: ast.expr | None) -> Known | Unknown:
        """Value of a literal, or of names and simple arithmetic that lead to literals; None (no node) is Unknown.

        Lists, tuples and sets come as tuples.
        """
        return constants.constant(self, node)

    def seed_value(self, node: ast.expr) -> SeedValue:
        """What is known of a seed: FIXED, GIVEN (configuration, parameter), NONE (by default), ENTROPY."""
        from auditor.static.resolution.seedvalue import static_seed_value

        return static_seed_value(self, node)

    # -- where things stand ---------------------------------------------------------------------------------------

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self.index.parents.get(node)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that hold `node`, the innermost first."""
        parents = self.index.parents
        parent = parents.get(node)
        while parent is not None:
            yield parent
            parent = parents.get(parent)

    def enclosing_function(self, node: ast.AST) -> Function | None:
        """The innermost function whose body holds `node`; decorators and defaults are outside."""
        child, parent = node, self.index.parents.get(node)
        while parent is not None:
            if isinstance(parent, FUNCTIONS) and _in_body(parent, child):
                return parent
            child, parent = parent, self.index.parents.get(parent)
        return None

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The innermost class that holds `node`."""
        return next((each for each in self.around(node) if isinstance(each, ast.ClassDef)), None)

    def function_of_parameter(self, node: ast.arg) -> Function:
        return cast("Function", self.index.parents[self.index.parents[node]])

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds `node`."""
        current: ast.AST | None = node
        while current is not None and not isinstance(current, ast.stmt):
            current = self.index.parents.get(current)
        if current is None:
            raise ValueError("the module itself stands in no statement")
        return current

    def qualified_name(self, node: Function | ast.ClassDef) -> str:
        """`Trainer.fit`, as in `__qualname__` without `<locals>`."""
        return self.index.functions[node]

    def text(self, node: ast.AST) -> str:
        """Source text of a node; lines after the first keep their indentation."""
        return self._places.text(node)

    def location(self, node: ast.AST) -> Location:
        """Place of a node; for a function or class only its first line."""
        function = self.enclosing_function(node)
        return self._places.location(node, self.index.functions[function] if function else None)

    def place(self, line: int) -> tuple[int | None, int]:
        """Cell and line in the cell for a line of the text; (None, line) outside notebooks."""
        return self._places.place(line)

    def text_line(self, location: Location) -> int:
        """The line of the text, from 1, where a location of this file begins; the inverse of `place`."""
        return self._places.text_line(location)

    # -- for following programs ------------------------------------------------------------------------------------

    def calls_in(self, node: ast.expr) -> tuple[ast.Call | Comprehension, ...]:
        """See `scopes.calls_in`."""
        found = self._calls_in.get(node)
        if found is None:
            found = self._calls_in[node] = tuple(calls_in(node))
        return found

    @cached_property
    def choices(self) -> Mapping[ast.AST, tuple[ast.IfExp, ast.expr]]:
        """Calls that stand in an arm of a conditional expression, with the outermost one and the arm."""
        found: dict[ast.AST, tuple[ast.IfExp, ast.expr]] = {}
        nested = set(self.index.nodes[ast.IfExp])
        for node in self.index.nodes[ast.IfExp]:
            if isinstance(node, ast.IfExp) and self.index.parents.get(node) not in nested:
                for arm in (node.body, node.orelse):
                    for call in self.calls_in(arm):
                        found.setdefault(call, (node, arm))
        return found

    def items_asked_in(self, node: ast.expr) -> tuple[ast.expr, ...]:
        """What is asked for items by brackets in an expression, outermost first: names, attributes and calls."""
        found = self._items_asked.get(node)
        if found is None:
            found = self._items_asked[node] = tuple(
                part.value
                for part in walk(node)
                if isinstance(part, ast.Subscript)
                and isinstance(part.ctx, ast.Load)
                and isinstance(part.value, ast.Name | ast.Attribute | ast.Call)
            )
        return found

    def executed_by(self, node: ast.Import | ast.ImportFrom) -> tuple[tuple[str, ...], Location]:
        """The modules that an import statement executes, in order, and where it stands."""
        found = self._executed_by.get(node)
        if found is None:
            targets = self.project.targets_of(node, self.path)
            found = self._executed_by[node] = targets, self.location(node)
        return found

    @cached_property
    def top_imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        """The import statements that importing this file executes, or may."""
        return tuple(node for node, function in self.index.imports if function is None and not self._is_for_types(node))

    def _is_for_types(self, node: ast.AST) -> bool:
        """Under `if TYPE_CHECKING:`."""
        tests = (each.test for each in self.around(node) if isinstance(each, ast.If))
        return any(self.resolve(test) == "typing.TYPE_CHECKING" for test in tests)

    def identifiers_in(self, node: ast.expr) -> frozenset[str]:
        """Names and attributes in an expression."""
        found = self._identifiers.get(node)
        if found is None:
            parts = [part for part in walk(node) if isinstance(part, ast.Name | ast.Attribute)]
            names = frozenset(part.id if isinstance(part, ast.Name) else part.attr for part in parts)
            found = self._identifiers[node] = names
        return found

    def commands(self, group: Value) -> list[FunctionRef | Instance]:
        """What `@group.command()`, `group.add_command(…)` and their like in this file add; groups are among them."""
        return self._registered[0].get(group, [])

    def preparations(self, group: Value) -> list[FunctionRef | Instance]:
        """What `@app.callback()` in this file makes the group call before each of its commands."""
        return self._registered[1].get(group, [])

    @cached_property
    def _registered(self) -> tuple[dict[Value, list[FunctionRef | Instance]], ...]:
        """By group: its commands, and what is called before each of them."""
        commands: dict[Value, list[FunctionRef | Instance]] = {}
        before: dict[Value, list[FunctionRef | Instance]] = {}
        for node in self.index.functions:
            for decorator in getattr(node, "decorator_list", ()):
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if isinstance(called, ast.Attribute) and called.attr in REGISTERING:
                    group = self.names.value(called.value)
                    if isinstance(group, FunctionRef | Instance) and not isinstance(node, ast.ClassDef):
                        kept = before if called.attr == PREPARING else commands
                        kept.setdefault(group, []).append(FunctionRef(self, node))
        for call, _, _ in self.index.calls:
            registered = registration(call)
            if registered is not None:
                group, command = self.names.value(registered[0]), self.names.value(registered[1])
                if isinstance(group, FunctionRef | Instance) and isinstance(command, FunctionRef | Instance):
                    commands.setdefault(group, []).append(command)
        return commands, before

    def close(self) -> None:
        """Let go of what was resolved; it refers to itself, and no garbage collector need find that out."""
        self.names.close()
        vars(self).clear()

    # -- for name resolution --------------------------------------------------------------------------------------

    def self_attributes(self, cls: ast.ClassDef) -> dict[str, list[ast.expr]]:
        """What the methods of a class assign to attributes of their first parameter."""
        return self._self_attributes.get(cls, {})

    @cached_property
    def _self_attributes(self) -> dict[ast.ClassDef, dict[str, list[ast.expr]]]:
        found: dict[ast.ClassDef, dict[str, list[ast.expr]]] = {}
        for _, target, value, function in self.index.assignments:
            if not (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)) or function is None:
                continue
            owner = self.index.parents.get(function)
            first = every_argument(function.args)[:1]
            if isinstance(owner, ast.ClassDef) and first and first[0].arg == target.value.id:
                found.setdefault(owner, {}).setdefault(target.attr, []).append(value)
        for call in (*self.call_index.written("setattr"), *self.call_index.written("__setattr__")):
            stored = attribute_set(call.node)
            function = self.enclosing_function(call.node)
            owner = self.index.parents.get(function) if function is not None else None
            if stored is not None and isinstance(owner, ast.ClassDef) and function is not None:
                holder, name, value = stored
                if holder.id in {each.arg for each in every_argument(function.args)[:1]}:
                    found.setdefault(owner, {}).setdefault(name, []).append(value)
        return found

    def returns(self, function: Function) -> list[ast.expr]:
        """What the `return` statements of a function give."""
        return self._returns.get(function, [])

    @cached_property
    def _returns(self) -> dict[Function, list[ast.expr]]:
        found: dict[Function, list[ast.expr]] = {}
        for node in self.index.returns:
            function = self.enclosing_function(node)
            if function is not None and node.value is not None:
                found.setdefault(function, []).append(node.value)
        return found


def module_name(path: str) -> str:
    """`src/pkg/mod.py` → `src.pkg.mod`; a package goes by its folder."""
    stem = path.rpartition(".")[0] if path.endswith((".py", ".ipynb")) else path.rstrip("/")
    return stem.removesuffix("/__init__").replace("/", ".")


def _apart(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Targets with what they get: one pair each where both sides are written out, else the one that there is."""
    if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        stars = any(isinstance(each, ast.Starred) for each in (*target.elts, *value.elts))
        if len(target.elts) == len(value.elts) and not stars:
            return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _key(target: ast.expr) -> str | None:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return target.slice.value if isinstance(target.slice.value, str) else None
    return None


def _in_body(function: Function, child: ast.AST) -> bool:
    return child is function.body if isinstance(function, ast.Lambda) else child in function.body
