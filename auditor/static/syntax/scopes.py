"""Who binds which name where: one walk over a file's tree, without looking at what the bound things are.

Also collects, in the same walk, the nodes that facts are made of. Resolution is `names.py`'s.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from auditor.static.syntax.bindings import (
    Binding,
    BindingKind,
    Branch,
    Comprehension,
    Function,
    Position,
    Scope,
    every_argument,
)
from auditor.static.syntax.pairs import pairs_of

VISITORS = {
    "AnnAssign": "_ann_assign",
    "Assign": "_assign",
    "AsyncFor": "_for",
    "AsyncFunctionDef": "_function_def",
    "AsyncWith": "_with",
    "Attribute": "_attribute",
    "AugAssign": "_aug_assign",
    "Call": "_call",
    "ClassDef": "_class_def",
    "Constant": "_constant",
    "DictComp": "_comprehension",
    "ExceptHandler": "_except_handler",
    "Expr": "_indexed",
    "For": "_for",
    "FunctionDef": "_function_def",
    "GeneratorExp": "_comprehension",
    "Global": "_global",
    "If": "_if",
    "IfExp": "_indexed",
    "Import": "_import",
    "ImportFrom": "_import_from",
    "Lambda": "_lambda",
    "ListComp": "_comprehension",
    "Match": "_match",
    "MatchAs": "_match_as",
    "MatchMapping": "_match_mapping",
    "MatchStar": "_match_star",
    "Name": "_name",
    "NamedExpr": "_named_expr",
    "Nonlocal": "_nonlocal",
    "Return": "_return",
    "Set": "_indexed",
    "SetComp": "_comprehension",
    "Subscript": "_indexed",
    "Try": "_try",
    "TryStar": "_try",
    "While": "_while",
    "With": "_with",
}
"""Methods of `ScopeIndex` by the kind of node; other nodes just have children."""


INDEXED = (ast.Constant, ast.Expr, ast.IfExp, ast.Set, ast.SetComp, ast.Subscript)

_LEAVES = frozenset({"annotation_comment", "ctx", "op", "ops", "type_comment", "type_ignores"})
"""Fields without nodes that anybody asks for."""

_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}
_FULL: dict[type[ast.AST], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ast.BinOp: (("left", "right"), ()),
    ast.BoolOp: ((), ("values",)),
    ast.Compare: (("left",), ("comparators",)),
    ast.Expr: (("value",), ()),
    ast.List: ((), ("elts",)),
    ast.Starred: (("value",), ()),
    ast.Subscript: (("value", "slice"), ()),
    ast.Tuple: ((), ("elts",)),
    ast.UnaryOp: (("operand",), ()),
    ast.keyword: (("value",), ()),
}
"""Fields that always hold one node, and fields that hold a list of nothing but nodes; in the order of the text."""

_NAMING = (ast.Name, ast.Attribute, ast.Call, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Await)


class _Visitors(dict[type[ast.AST], "Callable[..., None]"]):
    """The method for each kind of node, looked up when the first one is met: a walk asks a million times."""

    def __init__(self, index: ScopeIndex) -> None:
        super().__init__()
        self._index = index

    def __missing__(self, kind: type[ast.AST]) -> Callable[..., None]:
        found: Callable[..., None] = getattr(self._index, VISITORS.get(kind.__name__, "_children"))
        self[kind] = found
        return found


class ScopeIndex:
    """The scopes of one file and the nodes that matter, each list in source order."""

    def __init__(self, tree: ast.Module) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        """Scope in which a `Name` is looked up; for a scope's own node, that scope."""

        self.calls: list[tuple[ast.Call, Function | None, bool]] = []
        self.assignments: list[tuple[ast.stmt | ast.NamedExpr, ast.expr, ast.expr, Function | None]] = []
        self.loops: list[tuple[ast.AST, ast.expr, ast.AST, Function | None]] = []
        self.imports: list[tuple[ast.Import | ast.ImportFrom, Function | None]] = []
        self.returns: list[ast.Return] = []
        self.functions: dict[Function | ast.ClassDef, str] = {}
        """Qualified names, as `__qualname__` without `<locals>`."""

        self.words: dict[Function | ast.ClassDef, set[str]] = {}
        """Every identifier in a function or class, its decorators and what is nested in it included."""

        self.aliases: set[str] = set()
        """Names that imports give to what has another one."""

        self.named: list[tuple[str, ast.expr]] = []
        """Names and attributes that get a value which may be a function, with that value."""

        self.nodes: dict[type[ast.AST], list[ast.AST]] = {kind: [] for kind in INDEXED}
        """See `nodeindex`."""

        self._words: set[str] = set()
        self._visitors = _Visitors(self)
        self.root = Scope("module", tree, None)
        self.scopes[tree] = self.root
        self._scope = self.root
        self._function: Function | None = None
        self._loop = False
        self._branch: Branch = ()
        self._qualname = ""
        self._compounds = 0
        self._visit_all(tree.body, tree)
        self._visitors = _Visitors(self)  # the methods that were met refer back to this

    # -- walking --------------------------------------------------------------------------------------------------

    def _visit_all(self, nodes: Iterable[ast.AST], parent: ast.AST) -> None:
        parents, visitors = self.parents, self._visitors
        for node in nodes:
            parents[node] = parent
            visitors[node.__class__](node)

    def _visit_one(self, node: ast.AST | None, parent: ast.AST) -> None:
        if node is not None:
            self.parents[node] = parent
            self._visitors[node.__class__](node)

    def _children(self, node: ast.AST) -> None:
        parents, visitors = self.parents, self._visitors
        kind = node.__class__
        full = _FULL.get(kind)
        if full is not None:
            for name in full[0]:
                value = getattr(node, name)
                parents[value] = node
                visitors[value.__class__](value)
            for name in full[1]:
                for item in getattr(node, name):
                    parents[item] = node
                    visitors[item.__class__](item)
            return
        fields = _FIELDS.get(kind)
        if fields is None:
            fields = _FIELDS[kind] = tuple(name for name in node._fields if name not in _LEAVES)
        for name in fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        parents[item] = node
                        visitors[item.__class__](item)
            elif isinstance(value, ast.AST):
                parents[value] = node
                visitors[value.__class__](value)

    def _constant(self, node: ast.Constant) -> None:
        """Nothing below it."""
        self.nodes[ast.Constant].append(node)

    def _indexed(self, node: ast.AST) -> None:
        self.nodes[node.__class__].append(node)
        self._children(node)

    def _name(self, node: ast.Name) -> None:
        self.scopes[node] = self._scope
        self._words.add(node.id)
        if node.ctx.__class__ is ast.Del:
            self._bind(node.id, BindingKind.OPAQUE, node, _end(node))

    def _attribute(self, node: ast.Attribute) -> None:
        value = node.value
        words = self._words
        words.add(node.attr)
        self.parents[value] = node
        if value.__class__ is ast.Name:  # `self.x`, the most common of all, is worth saving a call
            self.scopes[value] = self._scope
            words.add(value.id)
        else:
            self._visitors[value.__class__](value)

    def _call(self, node: ast.Call) -> None:
        self.calls.append((node, self._function, self._loop))
        parents, visitors = self.parents, self._visitors
        called = node.func
        parents[called] = node
        visitors[called.__class__](called)
        for part in node.args:
            parents[part] = node
            visitors[part.__class__](part)
        for keyword in node.keywords:
            value = keyword.value
            parents[keyword] = node
            parents[value] = keyword
            visitors[value.__class__](value)

    def _return(self, node: ast.Return) -> None:
        self.returns.append(node)
        self._visit_one(node.value, node)

    def _arm(self, number: int, arm: int, nodes: Iterable[ast.AST], parent: ast.AST, loop: bool = False) -> None:
        branch, in_loop = self._branch, self._loop
        self._branch = (*branch, (number, arm))
        self._loop = in_loop or loop
        self._visit_all(nodes, parent)
        self._branch, self._loop = branch, in_loop

    def _compound(self) -> int:
        self._compounds += 1
        return self._compounds

    # -- statements -----------------------------------------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        number = self._compound()
        self._visit_one(node.test, node)
        self._arm(number, 0, node.body, node)
        self._arm(number, 1, node.orelse, node)

    def _try(self, node: ast.Try) -> None:
        number = self._compound()
        self._arm(number, 0, node.body, node)
        for arm, handler in enumerate(node.handlers, 1):
            self._arm(number, arm, [handler], node)
        self._arm(number, 0, node.orelse, node)
        self._visit_all(node.finalbody, node)

    def _except_handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, BindingKind.OPAQUE, node, _start(node))
        self._children(node)

    def _while(self, node: ast.While) -> None:
        number = self._compound()
        loop, self._loop = self._loop, True
        self._visit_one(node.test, node)
        self._loop = loop
        self._arm(number, 0, node.body, node, loop=True)
        self._arm(number, 2, node.orelse, node)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        number = self._compound()
        self.loops.append((node, node.iter, node, self._function))
        self._visit_one(node.iter, node)
        self._bind_target(node.target, BindingKind.ELEMENT, node, node.iter)
        self._visit_one(node.target, node)
        self._arm(number, 0, node.body, node, loop=True)
        self._arm(number, 2, node.orelse, node)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.parents[item] = node
            self._visit_one(item.context_expr, item)
            if item.optional_vars is not None:
                self._bind_target(item.optional_vars, BindingKind.CONTEXT, node, item.context_expr)
                self._visit_one(item.optional_vars, item)
        self._visit_all(node.body, node)

    def _match(self, node: ast.Match) -> None:
        number = self._compound()
        self._visit_one(node.subject, node)
        for arm, case in enumerate(node.cases):
            self._arm(number, arm, [case], node)

    def _match_as(self, node: ast.MatchAs) -> None:
        if node.name:
            self._bind(node.name, BindingKind.OPAQUE, node, _start(node))
        self._children(node)

    def _match_star(self, node: ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name, BindingKind.OPAQUE, node, _start(node))

    def _match_mapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest, BindingKind.OPAQUE, node, _start(node))
        self._children(node)

    # -- bindings -------------------------------------------------------------------------------------------------

    def _import(self, node: ast.Import) -> None:
        self.imports.append((node, self._function))
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._alias(alias)
            self._bind(name, BindingKind.IMPORT, node, _end(node), alias=alias)

    def _import_from(self, node: ast.ImportFrom) -> None:
        self.imports.append((node, self._function))
        for alias in node.names:
            self._words.add(alias.name)
            if alias.name == "*":
                self._scope.stars.append(node)
            else:
                self._alias(alias)
                self._bind(alias.asname or alias.name, BindingKind.FROM_IMPORT, node, _end(node), alias=alias)

    def _alias(self, alias: ast.alias) -> None:
        if alias.asname is not None and alias.asname != alias.name.rpartition(".")[2]:
            self.aliases.add(alias.asname)

    def _assign(self, node: ast.Assign) -> None:
        self._visit_one(node.value, node)
        for target in node.targets:
            self._assigned(node, target, node.value)

    def _ann_assign(self, node: ast.AnnAssign) -> None:
        self._visit_one(node.annotation, node)
        self._visit_one(node.value, node)
        if node.value is not None:
            self._assigned(node, node.target, node.value)
        else:
            self._visit_one(node.target, node)

    def _aug_assign(self, node: ast.AugAssign) -> None:
        self._visit_one(node.value, node)
        self.assignments.append((node, node.target, node.value, self._function))
        if isinstance(node.target, ast.Name):
            self._bind(node.target.id, BindingKind.OPAQUE, node, _end(node))
        self._visit_one(node.target, node)

    def _named_expr(self, node: ast.NamedExpr) -> None:
        self._visit_one(node.value, node)
        scope = self._scope
        while self._scope.kind == "comprehension" and self._scope.parent is not None:
            self._scope = self._scope.parent
        self._bind_target(node.target, BindingKind.VALUE, node, node.value)
        self._scope = scope
        self.assignments.append((node, node.target, node.value, self._function))
        self._visit_one(node.target, node)

    def _assigned(self, node: ast.Assign | ast.AnnAssign, target: ast.expr, value: ast.expr) -> None:
        self.assignments.append((node, target, value, self._function))
        if isinstance(target, ast.Attribute) and isinstance(value, _NAMING):
            self.named.append((target.attr, value))
        for part, given in pairs_of(target, value):
            if isinstance(part, ast.Attribute):  # `self.rate, self.seed = rate, seed` stores each as by itself
                self.assignments.append((node, part, given, self._function))
                self.named += [(part.attr, given)] if isinstance(given, _NAMING) else []
        self._bind_target(target, BindingKind.VALUE, node, value)
        self._visit_one(target, node)

    def _bind_target(self, target: ast.expr, kind: BindingKind, node: ast.AST, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            position = _end(value) if value is not None else _end(target)
            self._bind(target.id, kind, node, max(position, _end(target)), value)
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, BindingKind.OPAQUE, node, None)
        elif isinstance(target, ast.Tuple | ast.List):
            self._bind_items(target, kind, node, value)

    def _bind_items(
        self, target: ast.Tuple | ast.List, kind: BindingKind, node: ast.AST, value: ast.expr | None
    ) -> None:
        paired = pairs_of(target, value) if kind is BindingKind.VALUE else []
        for item, given in paired:
            self._bind_target(item, BindingKind.VALUE, node, given)
        for item in () if paired else target.elts:
            self._bind_target(item, BindingKind.OPAQUE, node, None)

    def _bind(
        self,
        name: str,
        kind: BindingKind,
        node: ast.AST,
        position: Position,
        value: ast.expr | None = None,
        alias: ast.alias | None = None,
    ) -> None:
        if kind is BindingKind.VALUE and isinstance(value, _NAMING):
            self.named.append((name, value))
        scope = self._scope
        elsewhere = scope.elsewhere.get(name)
        branch = self._branch
        if elsewhere == "global":
            scope, branch = scope.module(), ()
        elif elsewhere == "nonlocal" and scope.parent is not None:
            scope, branch = scope.parent, ()
        scope.bindings.setdefault(name, []).append(Binding(kind, node, position, branch, value, alias))

    def _global(self, node: ast.Global) -> None:
        for name in node.names:
            self._scope.elsewhere[name] = "global"

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            self._scope.elsewhere[name] = "nonlocal"

    # -- scopes ---------------------------------------------------------------------------------------------------

    def _function_def(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        words, self._words = self._words, set()
        self._visit_all(node.decorator_list, node)
        self._visit_one(node.returns, node)
        self._visit_signature(node)
        self._bind(node.name, BindingKind.DEFINITION, node, _start(node))
        self._inside("function", node, node.name, node.body)
        self.words[node] = self._words
        words |= self._words  # in place: those of a module grow with each of its functions
        self._words = words

    def _lambda(self, node: ast.Lambda) -> None:
        self._visit_signature(node)
        self._inside("function", node, "<lambda>", [node.body])

    def _class_def(self, node: ast.ClassDef) -> None:
        words, self._words = self._words, set()
        for part in (node.decorator_list, node.bases, node.keywords):
            self._visit_all(part, node)
        self._bind(node.name, BindingKind.DEFINITION, node, _start(node))
        self._inside("class", node, node.name, node.body)
        self.words[node] = self._words
        words |= self._words  # in place: those of a module grow with each of its functions
        self._words = words

    def _visit_signature(self, node: Function) -> None:
        arguments = node.args
        self.parents[arguments] = node
        self._visit_all([default for default in (*arguments.defaults, *arguments.kw_defaults) if default], arguments)
        for argument in every_argument(arguments):
            self.parents[argument] = arguments
            self._visit_one(argument.annotation, argument)

    def _inside(self, kind: str, node: Function | ast.ClassDef, name: str, body: Iterable[ast.AST]) -> None:
        kept = (self._scope, self._function, self._loop, self._branch, self._qualname)
        self._scope = Scope(kind, node, self._scope)
        self.scopes[node] = self._scope
        self._qualname = f"{self._qualname}.{name}" if self._qualname else name
        self.functions[node] = self._qualname
        self._branch = ()
        if not isinstance(node, ast.ClassDef):
            self._function, self._loop = node, False
            for argument in every_argument(node.args):
                self._bind(argument.arg, BindingKind.PARAMETER, argument, _start(node))
        self._visit_all(body, node)
        self._scope, self._function, self._loop, self._branch, self._qualname = kept

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        if isinstance(node, ast.SetComp):
            self.nodes[ast.SetComp].append(node)
        first = node.generators[0]
        self._visit_one(first.iter, first)
        outer, loop = self._scope, self._loop
        self._scope, self._loop = Scope("comprehension", node, outer), True
        self.scopes[node] = self._scope
        for clause in node.generators:
            self.parents[clause] = node
            self.loops.append((clause, clause.iter, node, self._function))
            if clause is not first:
                self._visit_one(clause.iter, clause)
            self._bind_target(clause.target, BindingKind.ELEMENT, clause, clause.iter)
            self._visit_one(clause.target, clause)
            self._visit_all(clause.ifs, clause)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._visit_all(results, node)
        self._scope, self._loop = outer, loop


def _start(node: ast.AST) -> Position:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _end(node: ast.AST) -> Position:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


def calls_in(node: ast.expr) -> Iterator[ast.Call | Comprehension]:
    """The calls of an expression, arguments before the call, and its comprehensions; bodies of lambdas are left out."""
    if isinstance(node, ast.Constant | ast.Name | ast.Lambda):
        return
    if isinstance(node, Comprehension):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from calls_in(child)
        elif isinstance(child, ast.keyword):
            yield from calls_in(child.value)
    if isinstance(node, ast.Call):
        yield node
