"""Which names of a file are bound by its imports and to what, and which by something else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from auditor.model.lean import dataclass
from auditor.static.fixes.writing.syntax import Syntax


@dataclass(frozen=True, slots=True)
class Binding:
    """One name that an import statement binds."""

    name: str
    target: str
    """In full: `torch.utils.data.DataLoader`; `torch` for `import torch.utils.data`."""

    start: int
    end: int
    function: ast.AST | None
    """The function in whose body it stands."""


class Bound:
    """The names of one file."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax

    @cached_property
    def imports(self) -> tuple[Binding, ...]:
        """What is imported unconditionally, or tried to, in source order; relative and star imports are left out."""
        found = [binding for node in ast.walk(self._syntax.tree) for binding in self._bindings(node)]
        return tuple(sorted(found, key=lambda each: each.start))

    def _bindings(self, node: ast.AST) -> Iterator[Binding]:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return
        start, end = self._syntax.ast_span(node)
        statement = self._syntax.statements[start]
        if isinstance(statement.owner, ast.If | ast.While | ast.ClassDef | ast.For | ast.ExceptHandler):
            return
        around = self._syntax.functions_around(start)
        for alias in node.names:
            if isinstance(node, ast.Import):
                target = alias.name if alias.asname else alias.name.partition(".")[0]
                name = alias.asname or target
            elif node.level or alias.name == "*" or node.module is None:
                continue
            else:
                target, name = f"{node.module}.{alias.name}", alias.asname or alias.name
            yield Binding(name, target, start, end, around[-1] if around else None)

    @cached_property
    def others(self) -> frozenset[str]:
        """Names that something else than an import binds, anywhere in the file."""
        return frozenset(name for node in ast.walk(self._syntax.tree) for name in _bound_by(node))

    @cached_property
    def everything(self) -> frozenset[str]:
        """Every name that is bound or used anywhere in the file."""
        used = {node.id for node in ast.walk(self._syntax.tree) if isinstance(node, ast.Name)}
        imported = {
            alias.asname or alias.name.partition(".")[0]
            for node in ast.walk(self._syntax.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        return self.others | used | imported

    @cached_property
    def loaded(self) -> frozenset[str]:
        """The modules that imports of the file load for certain, with those that they are in."""
        found: set[str] = set()
        for node in ast.walk(self._syntax.tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                parts = name.split(".")
                found.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
        return frozenset(found)

    def name_for(self, target: str, at: int) -> str | None:
        """The name that stands for `target` at a place of the file; None where no import binds one there."""
        around = self._syntax.functions_around(at)
        targets: dict[str, set[str]] = {}
        for binding in self.imports:
            targets.setdefault(binding.name, set()).add(binding.target)
        for binding in self.imports:
            if binding.target != target or len(targets[binding.name]) > 1 or binding.name in self.others:
                continue
            inside = binding.function is not None
            if inside and (binding.function not in around or binding.end > at):
                continue
            if not inside and not around and binding.end > at:
                continue
            return binding.name
        return None


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
