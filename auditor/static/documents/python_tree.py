"""A Python module that only assigns → tree: `env_cfg = dict(cudnn_benchmark=True)`, as mmengine is configured."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.static.documents.span import Span
from auditor.static.documents.tree import MAX_DEPTH, Entry, Items, Node, Scalar, Section

_PLAIN = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.Expr, ast.With, ast.Delete, ast.If)


def read_python(tree: ast.Module) -> Section | None:
    """The module as a section; None where it does more than a configuration does."""
    if not all(isinstance(statement, _PLAIN) for statement in tree.body):
        return None
    return Section(tuple(_assigned(tree.body)), Span(1, 1, 1, 1))


def _assigned(body: Iterable[ast.stmt]) -> Iterator[Entry]:
    for statement in body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name):
                yield Entry(target.id, _span(target), _node(statement.value, 0))


def _node(node: ast.expr, depth: int) -> Node:
    span = _span(node)
    if depth > MAX_DEPTH:
        return Items((), span)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        pairs = [(word.arg, _keyword_span(word), word.value) for word in node.keywords if word.arg]
        return Section(tuple(Entry(key, place, _node(value, depth + 1)) for key, place, value in pairs), span)
    if isinstance(node, ast.Dict):
        return Section(tuple(_pairs(node, depth)), span)
    if isinstance(node, ast.List | ast.Tuple):
        return Items(tuple(_node(each, depth + 1) for each in node.elts), span)
    return _scalar(node, span)


def _pairs(node: ast.Dict, depth: int) -> Iterator[Entry]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield Entry(key.value, _span(key), _node(value, depth + 1))


def _scalar(node: ast.expr, span: Span) -> Node:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        return Scalar(node.value, span)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Scalar(-value, span)
    return Items((), span)


def _span(node: ast.expr) -> Span:
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return Span(node.lineno, node.col_offset + 1, end_line, end_column + 1)


def _keyword_span(word: ast.keyword) -> Span:
    return Span(word.lineno, word.col_offset + 1, word.lineno, word.col_offset + 1 + len(word.arg or ""))
