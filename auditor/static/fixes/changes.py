"""What a patch does to a file, said as data: which call gets which argument, which program seeds what.

Changes of several patches to one file are put together before any text is written (`compose`), so that any subset of
patches gives valid source: equal changes are one, different arguments of one call go in side by side, and what cannot
both be done is a conflict that is told, never garbled text.

Names in the text of a change are written in full between braces, `{torch.Generator}`; in the file they stand as the
file imports them (`torch.Generator`, `th.Generator`, `Generator`), and an import is added where there is none. Literal
braces are doubled.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from auditor.model.lean import dataclass
from auditor.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class SetArgument:
    """Give a call this argument; a value that it already has, by keyword or position, is replaced."""

    call: Location
    """The whole call expression, with its end."""

    name: str
    value: str
    position: int | None = None
    """Where the parameter stands when it is given without a name; None: by keyword only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceExpression:
    """Put another expression in place of one; `{0}` in `text` is the one that was there, with the changes inside it."""

    expression: Location
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertStatement:
    """Put statements before or after a statement, indented like it."""

    statement: Location
    text: str
    where: Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveStatement:
    """Take a statement away, for one that is put elsewhere; a block that would be left empty gets `pass`."""

    statement: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertAtStart:
    """Put statements behind the module's docstring and `from __future__` imports, before everything else.

    For what must happen before the first import takes effect: environment variables.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedProgram:
    """Seed libraries in a program, before the first of its draws and before its model is built.

    All changes of this kind to one program become one block: the project's own helper or a framework's seeder where
    there is one, else one small function.
    """

    path: str
    """The program."""

    before: Location
    """The statement of that file before which everything has to be seeded."""

    library: str
    """Id of a library in `rules/libraries`."""

    seed: str
    """The expression to seed with, as it can be written at `before`: `0`, `args.seed`."""

    call: str
    """What is called with the seed, a name in full: `numpy.random.seed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceText:
    """Put other text in place of some, in a file that is no Python: a value in YAML, a line of a launcher."""

    span: Location
    text: str


Change: TypeAlias = (
    SetArgument | ReplaceExpression | InsertStatement | RemoveStatement | InsertAtStart | SeedProgram | ReplaceText
)
