"""What a kind of match is: the protocol of `matchers/` and `detectors/`, and how they are found.

A matcher lives in `matchers/<kind>.py` as `MATCHER`, a detector in `detectors/<kind>.py` as `DETECTOR`; the folders are
walked, there is no list. Both answer the same three questions: are the options of the rule right, which words must a
file contain to be worth parsing, and where does the rule hold.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from auditor.errors import RuleError
from auditor.model.annotations import TYPE_CHECKING, Literal, Protocol, cast
from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Confidence, Rule, Severity

if TYPE_CHECKING:
    from types import ModuleType

    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

Scope = Literal["module", "entry-point", "document"]
"""`module`: asked for every file with the right words. `entry-point`: asked for programs only. `document`: asked for
files that are no Python, see `documents.survey`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place where a rule holds. What is None here is taken from the rule."""

    location: Location
    message: str | None = None
    """One sentence; None means the rule's title."""

    advice: str | None = None
    """One line; None means the rule's fix summary."""

    related: tuple[Related, ...] = ()
    severity: Severity | None = None
    confidence: Confidence | None = None
    entry_points: tuple[str, ...] | None = None
    """Paths of the programs concerned; None means every program from which the place can be reached."""


class Matcher(Protocol):
    """One declarative kind of match (`MATCHER`) or one pattern that needs code (`DETECTOR`)."""

    kind: str
    """The name in `match.kind`."""

    scope: Scope

    def validate(self, options: Mapping[str, object], where: str) -> None:
        """Raise `RuleError` naming `where` (rule file and table) and the key when an option is unknown or malformed."""

    def literals(self, rule: Rule) -> frozenset[str] | None:
        """Words of which at least one stands in every file where the rule can hold; None when that cannot be said.

        A file without any of them is not parsed for this rule. For a callee the last part of its name is right
        (`DataLoader`); files that rename it (`import … as`) are taken care of by the engine.
        """

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        """Yield every place in `module` where the rule holds; order does not matter."""


class FirstInProgram(Matcher, Protocol):
    """A matcher of which only the first hit of each program counts: files tell candidates, `firsts` chooses."""

    def candidates(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        """Yield the places in `module` that may be the first one, in source order."""


def as_first_in_program(matcher: Matcher) -> FirstInProgram | None:
    """The matcher, where it tells candidates."""
    return cast("FirstInProgram", matcher) if hasattr(matcher, "candidates") else None


_FOLDERS = (("matchers", "MATCHER"), ("detectors", "DETECTOR"))
_FILES = {"import": "imported"}
"""Kinds whose file has another name, as Python could not import theirs."""


@cache
def find_matcher(kind: str) -> Matcher | None:
    """The matcher or detector of a kind, from the file that is named after it; None where there is no such file.

    Nothing else is loaded, and nothing checked: `registry` does both.
    """
    name = _FILES.get(kind, kind.replace("-", "_"))
    for folder, variable in _FOLDERS:
        if name.isidentifier() and os.path.isfile(os.path.join(os.path.dirname(__file__), folder, f"{name}.py")):
            matcher: Matcher = getattr(importlib.import_module(f"auditor.static.{folder}.{name}"), variable)
            return matcher
    return None


@cache
def registry() -> Mapping[str, Matcher]:
    """Every matcher and detector by kind.

    Raises `RuleError` with file and line for a module in the two folders that does not hold a proper one.
    """
    from auditor.static.matchercheck import checked, file_of

    found: dict[str, Matcher] = {}
    for folder, variable in _FOLDERS:
        for module in _modules(folder):
            matcher = checked(module, variable)
            if matcher.kind in found or find_matcher(matcher.kind) is not matcher:
                raise RuleError(
                    f"{file_of(module)}:1: kind `{matcher.kind}` exists already, or is not that of the file's name; "
                    "give it another name"
                )
            found[matcher.kind] = matcher
    return found


def _modules(folder: str) -> Iterator[ModuleType]:
    for name in sorted(os.listdir(os.path.join(os.path.dirname(__file__), folder))):
        if name.endswith(".py") and not name.startswith("_"):
            yield importlib.import_module(f"auditor.static.{folder}.{name.removesuffix('.py')}")
