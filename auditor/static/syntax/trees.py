"""Parsed files that are kept from one unit of a scan to the next: what a text alone decides, and nothing resolved."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.source import SourceFile
from auditor.static.text.layout import gist

if TYPE_CHECKING:
    import ast

    from auditor.static.syntax.scopes import ScopeIndex

MAX_KEPT_BYTES = 2_000_000
"""Source whose trees are kept in any case; with their tables they take some 50 times as much memory."""


class Tree:
    """One file as text, tree and scopes."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self.text = text
        self.tree = tree

    @cached_property
    def index(self) -> ScopeIndex:
        """Made when asked for: whether a file says what it said is told by its tree."""
        from auditor.static.syntax.scopes import ScopeIndex

        return ScopeIndex(self.tree)

    def close(self) -> None:
        """Let go of the scopes, which refer to each other."""
        if "index" in vars(self):
            vars(self.index).clear()


class Trees:
    """The trees that were used last; of those nobody uses, the ones that were needed for one file only go first."""

    def __init__(self) -> None:
        self._kept: dict[str, Tree] = {}
        self._used: set[str] = set()
        """Those that were taken since the last `trim`: somebody may hold parts of them."""

        self._taken: set[str] = set()
        self._shared: set[str] = set()
        """Those that were taken more than once, as what many others import is."""

        self._total = 0
        """How much source is kept; counted along, as each of thousands of questions trims."""

        self._most = 0
        """Source that was in use at once so far. That memory stays with the process: half of it is kept filled."""

        self.gists: dict[str, bytes] = {}
        """Of each file that was parsed so far, also of those that were let go of; see `layout`."""

    def take(self, source: SourceFile) -> Tree:
        """Parse a file, or give the tree that was kept. Raises `ProjectError` where it cannot be parsed."""
        found = self._kept.pop(source.path, None)
        self._used.add(source.path)
        (self._shared if source.path in self._taken else self._taken).add(source.path)
        if found is None:
            self.gists.setdefault(source.path, b"")  # where it cannot be decoded or parsed
            text = source.text()
            self._total += len(text)
            self._drop()  # first, so that its place is there for the new one
            self._most = max(self._most, self._total)
            try:
                tree = source.parse(text)
            except BaseException:
                self._total -= len(text)
                raise
            found = Tree(text, tree)
            self.gists[source.path] = self.gists[source.path] or gist(text, tree)
        self._kept[source.path] = found
        return found

    @property
    def used(self) -> frozenset[str]:
        """Those that were taken since the last `trim`."""
        return frozenset(self._used)

    def trim(self, used: AbstractSet[str] = frozenset()) -> None:
        """Nobody uses any of them now, apart from some: let go of the others, as far as they are too many."""
        self._used = set(used)
        self._drop()

    def _drop(self) -> None:
        limit = max(MAX_KEPT_BYTES, self._most // 2)
        if self._total <= limit:
            return
        free = [path for path in self._kept if path not in self._used]
        for path in sorted(free, key=self._shared.__contains__):  # of either kind, those first that were used long ago
            if self._total <= limit:
                break
            dropped = self._kept.pop(path)
            self._total -= len(dropped.text)
            dropped.close()
