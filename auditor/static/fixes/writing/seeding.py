"""The seeding of a program: one line for one library, a small function for several, called at one place."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.static.fixes.changes import SeedProgram
from auditor.static.fixes.writing.names import Names
from auditor.static.fixes.writing.statements import Insertion, Statements
from auditor.static.fixes.writing.syntax import DEFINITIONS, Statement, Syntax

HELPERS = ("seed_everything", "seed_all", "set_all_seeds", "seed_every_library")
"""Names of the function, the first that is free."""

ORDER = ("random", "numpy.random", "cupy.random", "tensorflow", "torch", "torch.cuda")
"""The order in which people seed libraries; others follow."""

RANK = -5
"""Seeds come before other things that are inserted at the same place."""


class Seeding:
    """What seeds one program."""

    def __init__(self, syntax: Syntax, names: Names, statements: Statements) -> None:
        self._syntax = syntax
        self._names = names
        self._statements = statements

    def add(self, changes: Sequence[SeedProgram]) -> None:
        """Insert what makes all these changes, grouped by place and seed."""
        groups: dict[tuple[Statement, str], list[SeedProgram]] = {}
        for change in sorted(changes, key=lambda each: (_rank(each.library), each.library, each.call)):
            statement = self._syntax.statement(change.before, change)
            groups.setdefault((statement, change.seed), []).append(change)
        for (statement, seed), group in sorted(groups.items(), key=lambda each: (each[0][0].start, each[0][1])):
            calls = tuple(dict.fromkeys(change.call for change in group))
            if len(calls) == 1:
                text = self._lines(calls, seed, statement, group[0])
                self._insert(text, statement, tuple(group), RANK)
            else:
                self._add_helper(calls, seed, statement, tuple(group))

    def _lines(self, calls: Sequence[str], seed: str, statement: Statement, change: SeedProgram) -> str:
        return "\n".join(self._names.text(_written(call, seed), statement.start, change) for call in calls)

    def _insert(self, text: str, statement: Statement, group: tuple[SeedProgram, ...], rank: int) -> None:
        self._statements.insert(Insertion(text=text, statement=statement, before=True, changes=group, rank=rank))

    def _add_helper(
        self, calls: Sequence[str], seed: str, statement: Statement, group: tuple[SeedProgram, ...]
    ) -> None:
        name = next((each for each in HELPERS if each not in self._names.bound.everything), f"{HELPERS[-1]}_")
        body = self._lines(calls, "seed", statement, group[0]).replace("\n", "\n    ")
        head = f"def {name}(seed: int) -> None:" if self._has_hints() else f"def {name}(seed):"
        text = f'{head}\n    """Seed everything that this program draws random numbers from."""\n    {body}'
        self._insert(text, self._first(statement), group, RANK - 1)
        self._insert(self._names.text(f"{name}({seed})", statement.start, group[0]), statement, group, RANK)

    def _has_hints(self) -> bool:
        """Whether the file writes types at its functions."""
        return any(
            node.returns is not None or any(each.annotation is not None for each in node.args.args)
            for node in ast.walk(self._syntax.tree)
            if isinstance(node, ast.FunctionDef)
        )

    def _first(self, statement: Statement) -> Statement:
        """The first definition of the file, or the statement at the top level that needs the function."""
        limit = self._syntax.start_of_top(statement.start)
        for node in self._syntax.tree.body:
            start = self._syntax.ast_span(node)[0]
            if isinstance(node, DEFINITIONS) or start >= limit:
                return self._syntax.statements[start]
        raise AssertionError("the statement itself stands at the top level or in something that does")


def _rank(library: str) -> int:
    return ORDER.index(library) if library in ORDER else len(ORDER)


def _written(call: str, seed: str) -> str:
    """The call: `call` is a name in full, or the whole expression with `{seed}` where the seed goes."""
    if "{" in call:
        return call.replace("{seed}", seed)
    return f"{{{call}}}({seed})"
