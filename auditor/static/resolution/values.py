"""What a name can stand for: something outside the project, a part of it, or an object made by a known class."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the project, by its fully qualified name; builtins by their plain name."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleRef:
    """A module of the project, or a folder of modules (then `path` ends with `/`)."""

    path: str


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function of the project; `owner` is the class it was reached through, `receiver` the object."""

    module: ModuleFacts
    node: Function
    owner: ClassRef | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class of the project."""

    module: ModuleFacts
    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a known class, made by the call `made_by` (None for parameters and `self`)."""

    of: External | ClassRef
    made_by: ast.Call | None = None
    module: ModuleFacts | None = None
    """Where `made_by` stands."""


Value = External | ModuleRef | FunctionRef | ClassRef | Instance | None


class Arguments(dict[tuple[ast.AST, str], Value]):
    """What parameters (by function) and loop variables (by loop) are bound to, for callers that follow one call."""

    def __init__(self, known: Mapping[tuple[ast.AST, str], Value] | None = None) -> None:
        super().__init__(known or {})
        self.answers: dict[ast.AST, Value] | None = None
        """Answers that depend on what is bound; None where they are not looked up yet, as after any change."""


NOTHING_BOUND = Arguments()


class Absent:
    """The value None in the program: it never is what is called."""


ABSENT = Absent()


def agreed(options: Iterable[Value | Absent]) -> Value:
    """The one value that all options are, None left out; nothing where they differ or one is not known."""
    agreed: Value = None
    for option in options:
        if isinstance(option, Absent):
            continue
        if option is None or (agreed is not None and not same(agreed, option)):
            return None
        agreed = agreed or option
    return agreed


def same(one: Value, other: Value) -> bool:
    if isinstance(one, Instance) and isinstance(other, Instance):
        return one.of == other.of
    return one == other


def named_once(values: Iterable[Value]) -> Iterator[Value]:
    """Each function of a library once: a table may have a thousand entries that are the same."""
    told: set[str] = set()
    for value in values:
        if isinstance(value, External):
            if value.name in told:
                continue
            told.add(value.name)
        yield value
