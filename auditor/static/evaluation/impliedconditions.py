"""The conditions that other statements stand for: `args.debug or seed_all()`, `match` over constants."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_CASES = 20
"""Cases of one statement; each stands in the other arm of the one before."""


def as_condition(node: ast.expr) -> ast.If | None:
    """`seed_all() if args.seed else None`, `args.debug or seed_all()` as the statement that it stands for."""
    if isinstance(node, ast.IfExp):
        test, body, orelse = node.test, _does(node.body), _does(node.orelse)
    elif isinstance(node, ast.BoolOp) and len(node.values) == len(("left", "right")):
        test, body, orelse = node.values[0], _does(node.values[1]), [ast.copy_location(ast.Pass(), node)]
        body, orelse = (body, orelse) if isinstance(node.op, ast.And) else (orelse, body)
    else:
        return None
    return ast.copy_location(ast.If(test=test, body=body, orelse=orelse), node)


def _does(node: ast.expr) -> list[ast.stmt]:
    return [ast.copy_location(ast.Expr(node), node)]


def as_conditions(node: ast.Match, module: ModuleFacts) -> ast.If | None:
    """`if mode == "train": … else: …` for `match mode: case "train": … case _: …`; None where a case asks for more."""
    if len(node.cases) > MAX_CASES:
        return None
    orelse: list[ast.stmt] = []
    condition: ast.If | None = None
    for case in reversed(node.cases):
        if case.guard is not None:
            return None
        if case is node.cases[-1] and _takes_all(case.pattern):
            orelse = case.body
            continue
        test = _asked(node.subject, case.pattern)
        if test is None:
            return None
        module.written.word(test, ast.unparse(test))
        condition = ast.copy_location(ast.If(test=test, body=case.body, orelse=orelse), case.body[0])
        orelse = [condition]
    return condition


def _takes_all(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None


def _asked(subject: ast.expr, pattern: ast.pattern) -> ast.expr | None:
    """`subject == "train"`, `subject is None`, either of several."""
    if isinstance(pattern, ast.MatchOr):
        parts = [part for each in pattern.patterns if (part := _asked(subject, each)) is not None]
        if len(parts) < len(pattern.patterns):
            return None
        return _at(ast.BoolOp(op=ast.Or(), values=parts), pattern)
    if isinstance(pattern, ast.MatchSingleton):
        value = _at(ast.Constant(pattern.value), pattern)
        return _at(ast.Compare(left=subject, ops=[ast.Is()], comparators=[value]), pattern)
    if isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Constant):
        return _at(ast.Compare(left=subject, ops=[ast.Eq()], comparators=[pattern.value]), pattern)
    return None


def _at(node: ast.expr, pattern: ast.pattern) -> ast.expr:
    where = {name: getattr(pattern, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")}
    for name, value in where.items():
        setattr(node, name, value)
    return node
