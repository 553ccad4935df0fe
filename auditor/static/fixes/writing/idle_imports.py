"""Imports go with the last thing that used them: `import time`, where a seed was read from the clock."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator

from auditor.static.fixes.writing.modules import is_standard

_KEPT = re.compile(r"(?i)#.*\b(?:noqa|pylint|pragma|type:|isort)")
"""Comments by which authors say that an import is meant."""

_LONGEST = 2_000
"""Characters of strings that are looked into for names: annotations, names that are exported, code for `timeit`."""

_TOLD = re.compile(r"^\s*(?:>>>|\.\.\.) (.*)|#\s*type:(.*)", re.MULTILINE)
"""Code in texts: examples that `doctest` runs, comments that tell types."""

_RUNNING = frozenset({"eval", "exec"})
_NAMESPACES = frozenset({"globals", "locals", "vars", "dir"})
"""What gives all names without an argument."""


def without_idle_imports(before: ast.Module, text: str) -> str:
    """Return a patched source without the imports that the patch took the last use from.

    Only modules of the standard library: to import another may do something. What a condition, a `try` or a comment
    stands around stays, and so does what the source before the patch did not use either, and all where names are
    looked up by texts.
    """
    tree = _parsed(text)
    idle = _imported(before) & _used(before) - _used(tree)
    if not idle or any(_looks_up(node) for node in ast.walk(tree)):
        return text
    idle -= _named_in_strings(tree, idle) | _told(text)
    while idle:
        shorter = next(_shorter(tree, text, idle), None)
        if shorter is None:
            break
        text, tree = shorter, _parsed(shorter)
    return text


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _imported(tree: ast.Module) -> set[str]:
    return {
        bound
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (bound := _idle_name(node, alias)) is not None
    }


def _idle_name(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str | None:
    """The name that an import of the standard library binds."""
    if isinstance(node, ast.Import):
        return (alias.asname or alias.name.partition(".")[0]) if is_standard(alias.name) else None
    known = not node.level and node.module not in (None, "__future__") and is_standard(node.module or "")
    return (alias.asname or alias.name) if known and alias.name != "*" else None


def _used(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _looks_up(node: ast.AST) -> bool:
    """Whether a name may be read there that only a run knows: `eval(code)`, `sys.modules[__name__]`."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "modules"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id in _RUNNING or (node.func.id in _NAMESPACES and not node.args)


def _told(text: str) -> set[str]:
    """Names in examples of docstrings, and in comments that tell types."""
    return {word for found in _TOLD.findall(text) for part in found for word in re.findall(r"\w+", part)}


def _named_in_strings(tree: ast.Module, names: Collection[str]) -> set[str]:
    """Names that a string may mean: one that is an annotation, an entry of `__all__` or code."""
    found: set[str] = set()
    for node in ast.walk(tree) if names else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= _LONGEST:
            words = {name for name in names if name in node.value}
            if words:
                try:
                    code = _parsed(node.value)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    continue
                found |= words & (_used(code) | _fetched(code))
    return found


def _fetched(code: ast.Module) -> set[str]:
    """What code fetches from other modules, of which one may be this."""
    return {alias.name for node in ast.walk(code) if isinstance(node, ast.ImportFrom) for alias in node.names}


def _shorter(tree: ast.Module, text: str, idle: Collection[str]) -> Iterator[str]:
    """Yield the text without the first of the imports that can be taken away."""
    lines = text.split("\n")
    for holder in ast.walk(tree):
        body = getattr(holder, "body", None)
        if not isinstance(holder, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) or not isinstance(body, list):
            continue
        for node in body:
            if not isinstance(node, ast.Import | ast.ImportFrom) or _KEPT.search("\n".join(_lines_of(lines, node))):
                continue
            useless = [alias for alias in node.names if _idle_name(node, alias) in idle]
            if useless and len(useless) == len(node.names) and len(body) > 1 and _stands_alone(lines, node):
                yield _without_statement(lines, node)
            elif useless and len(useless) < len(node.names):
                cut = _without_alias(lines, node, node.names.index(useless[0]))
                if cut is not None:
                    yield cut


def _lines_of(lines: list[str], node: ast.stmt) -> list[str]:
    return lines[node.lineno - 1 : node.end_lineno]


def _stands_alone(lines: list[str], node: ast.stmt) -> bool:
    """Whether no other statement shares its lines."""
    head = lines[node.lineno - 1].encode()[: node.col_offset]
    tail = lines[(node.end_lineno or 1) - 1].encode()[node.end_col_offset :].strip()
    return not head.strip() and (not tail or tail.startswith(b"#"))


def _without_statement(lines: list[str], node: ast.stmt) -> str:
    above, below = lines[: node.lineno - 1], lines[node.end_lineno or 1 :]
    if not above or not above[-1].strip():
        while len(below) > 1 and not below[0].strip():
            below = below[1:]
    return "\n".join([*above, *below])


def _without_alias(lines: list[str], node: ast.Import | ast.ImportFrom, index: int) -> str | None:
    """The text without one of the names of an import; None where a comment speaks of it."""
    names = node.names
    last = index == len(names) - 1
    start = _at(lines, names[index - 1], end=True) if last else _at(lines, names[index])
    end = _at(lines, names[index], end=True) if last else _at(lines, names[index + 1])
    text = "\n".join(lines)
    line = lines[names[index].lineno - 1] if node.lineno != node.end_lineno else ""
    return None if "#" in text[start:end] or "#" in line else text[:start] + text[end:]


def _at(lines: list[str], alias: ast.alias, *, end: bool = False) -> int:
    """Where a name of an import begins, or ends, in the text."""
    line = (alias.end_lineno if end else alias.lineno) or 1
    column = (alias.end_col_offset if end else alias.col_offset) or 0
    before = sum(len(each) + 1 for each in lines[: line - 1])
    return before + len(lines[line - 1].encode()[:column].decode())
