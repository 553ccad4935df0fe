"""What a function gives a call that says what it wants: `build("fixed")` out of a table, `build(train=False)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import every_argument
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

Wanted = Mapping[str, str | bool | None]
"""The texts and switches that a call gives, or leaves as they are by default, by parameter."""

_NONE: Wanted = {}

MAX_RETURNS = 100
"""Ways out of one function that are told apart."""

MAX_NESTED = 100

_OWN = frozenset({"self", "cls"})
_LEAVING = frozenset({"classmethod", "staticmethod"})
"""Decorators that hand on what a call gives."""
"""Conditions one in the other."""


def wanted_by(call: ast.Call, function: FunctionRef) -> Wanted:
    """The texts and switches that a call gives parameters which the function leaves as they are."""
    node = function.node
    if isinstance(node, ast.Lambda) or not (node.args.args or node.args.kwonlyargs or node.args.posonlyargs):
        return _NONE
    if any(isinstance(part, ast.Starred) for part in call.args) or any(word.arg is None for word in call.keywords):
        return _NONE
    ordered = [*node.args.posonlyargs, *node.args.args]
    given = {} if node.decorator_list or _may_be_overridden(call, function) else _defaults(node.args)
    given.update(zip([argument.arg for argument in ordered][int(function.bound) :], call.args, strict=False))
    given.update({word.arg: word.value for word in call.keywords if word.arg is not None})
    bindings = function.module.index.scopes[node].bindings
    own = {argument.arg for argument in every_argument(node.args)}
    constants = {name: value for name, value in given.items() if name in own and isinstance(value, ast.Constant)}
    kinds = str if _is_wrapped(node) else (str, bool, type(None))
    return {
        name: value.value
        for name, value in constants.items()
        if isinstance(value.value, kinds) and len(bindings.get(name, ())) == 1
    }


def _defaults(parameters: ast.arguments) -> dict[str, ast.expr]:
    ordered = [*parameters.posonlyargs, *parameters.args]
    usual = dict(zip(reversed(ordered), reversed(parameters.defaults), strict=False))
    usual.update(
        {each: value for each, value in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True) if value}
    )
    return {argument.arg: value for argument, value in usual.items()}


def _may_be_overridden(call: ast.Call, function: FunctionRef) -> bool:
    """Whether another method may be called, with other defaults: `self.build()` in a class that is extended."""
    func = call.func
    return function.owner is not None and isinstance(func, ast.Attribute) and getattr(func.value, "id", "") in _OWN


def _is_wrapped(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator may give the function other switches than the call does."""
    return any(getattr(each, "id", "") not in _LEAVING for each in node.decorator_list)


def returned_to(wanted: Wanted, function: FunctionRef) -> Sequence[ast.expr]:
    """What a function may return to such a call."""
    if isinstance(function.node, ast.Lambda):
        return [function.node.body]
    returns = function.module.returns(function.node)
    if not wanted or not 1 < len(returns) <= MAX_RETURNS:
        return returns
    reached = {id(node) for node in _reached(function.node.body, wanted, MAX_NESTED)[0]}
    return [each for each in returns if id(function.module.parent(each)) in reached]


def keyed(module: ModuleFacts, called: ast.expr, wanted: Wanted) -> ast.Subscript | None:
    """`TABLE["fixed"]` for `TABLE[name]` and `TABLE.get(name)`, also under another name that it was given."""
    source = module.origin(called)
    if isinstance(source, ast.Subscript):
        table, key = source.value, source.slice
    elif isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute) and source.func.attr == "get":
        table, key = source.func.value, source.args[0] if source.args else source
    else:
        return None
    text = wanted.get(key.id) if isinstance(key, ast.Name) else None
    if not isinstance(text, str):
        return None
    made = ast.Subscript(value=table, slice=ast.copy_location(ast.Constant(text), key), ctx=ast.Load())
    return ast.copy_location(made, source)


def _reached(block: Sequence[ast.stmt], wanted: Wanted, steps: int) -> tuple[list[ast.Return], bool]:
    """The `return`s of a block that such a call may come to, and whether it may come past the block.

    `steps`: arms one in the other that are told apart; an `elif` is one more.
    """
    found: list[ast.Return] = []
    for statement in block:
        if isinstance(statement, ast.Return | ast.Raise):
            found += [statement] if isinstance(statement, ast.Return) else []
            return found, False
        arms = list(_arms(statement, wanted)) if steps else []
        if not arms:
            found += [each for each in walk(statement) if isinstance(each, ast.Return)]
            continue
        ends = [_reached(arm, wanted, steps - 1) for arm in arms]
        found += [each for inner, _ in ends for each in inner]
        if not any(falls for _, falls in ends):
            return found, False
    return found, True


def _arms(statement: ast.stmt, wanted: Wanted) -> Iterator[Sequence[ast.stmt]]:
    """The arms of an `if` or a `match` that may be taken; none of anything else."""
    if isinstance(statement, ast.If):
        outcome = _outcome(statement.test, wanted)
        yield from [statement.body] if outcome is not False else []
        yield from [statement.orelse] if outcome is not True else []
    elif isinstance(statement, ast.Match):
        wants = wanted.get(statement.subject.id) if isinstance(statement.subject, ast.Name) else None
        subject = wants if isinstance(wants, str) else None
        for case in statement.cases:
            fits = _fits(case.pattern, subject) if subject is not None else None
            if fits is False:
                continue
            yield case.body
            if fits and case.guard is None:
                return
        yield []


def _outcome(test: ast.expr, wanted: Wanted) -> bool | None:
    """Whether `name == "fixed"`, `name in ("fixed", "own")` or `train` holds; None where that is not known."""
    if isinstance(test, ast.Name):
        return bool(wanted[test.id]) if test.id in wanted else None
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _outcome(test.operand, wanted)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        decides = isinstance(test.op, ast.Or)
        parts = [_outcome(part, wanted) for part in test.values]
        return decides if decides in parts else None if None in parts else not decides
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.left, ast.Name):
        return None
    return _compared(wanted[test.left.id], test) if test.left.id in wanted else None


def _compared(value: str | bool | None, test: ast.Compare) -> bool | None:
    operator, other = test.ops[0], test.comparators[0]
    if isinstance(operator, ast.Eq | ast.NotEq) and isinstance(other, ast.Constant):
        return (value == other.value) is isinstance(operator, ast.Eq)
    if isinstance(operator, ast.Is | ast.IsNot) and isinstance(other, ast.Constant):
        return (value is other.value) is isinstance(operator, ast.Is)
    if isinstance(operator, ast.In | ast.NotIn) and isinstance(other, ast.Tuple | ast.List | ast.Set):
        values = [each.value for each in other.elts if isinstance(each, ast.Constant)]
        return (value in values) is isinstance(operator, ast.In) if len(values) == len(other.elts) else None
    return None


def _fits(pattern: ast.pattern, text: str) -> bool | None:
    """Whether a text is what a `case` asks for."""
    if isinstance(pattern, ast.MatchValue):
        return pattern.value.value == text if isinstance(pattern.value, ast.Constant) else None
    if isinstance(pattern, ast.MatchOr):
        parts = [_fits(each, text) for each in pattern.patterns]
        return True if True in parts else None if None in parts else False
    return True if isinstance(pattern, ast.MatchAs) and pattern.pattern is None else None
