"""Parsed files that are kept from one unit of a scan to the next: what a text alone decides, and nothing resolved."""

from __future__ import annotations

import ast

from auditor.model.lean import dataclass
from auditor.static.scopes import ScopeIndex
from auditor.static.source import SourceFile

MAX_KEPT_BYTES = 3_000_000
"""Source whose trees are kept; with their tables they take some 50 times as much memory."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One file as text, tree and scopes."""

    text: str
    tree: ast.Module
    index: ScopeIndex


class Trees:
    """The trees that were used last."""

    def __init__(self) -> None:
        self._kept: dict[str, Tree] = {}

    def take(self, source: SourceFile) -> Tree:
        """Parse a file, or give the tree that was kept. Raises `ProjectError` where it cannot be parsed."""
        found = self._kept.pop(source.path, None)
        if found is None:
            text = source.text()
            tree = source.parse(text)
            found = Tree(text, tree, ScopeIndex(tree))
        self._kept[source.path] = found
        return found

    def trim(self) -> None:
        """Let go of those that were used longest ago, as far as they are too many."""
        total = sum(len(kept.text) for kept in self._kept.values())
        for path in list(self._kept):
            if total <= MAX_KEPT_BYTES:
                break
            dropped = self._kept.pop(path)
            total -= len(dropped.text)
            vars(dropped.index).clear()
