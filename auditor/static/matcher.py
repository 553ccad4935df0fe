"""What a kind of match is: the protocol of `matchers/` and `detectors/`, and how they are found.

A matcher lives in `matchers/<kind>.py` as `MATCHER`, a detector in `detectors/<kind>.py` as `DETECTOR`; the folders are
walked, there is no list. Both answer the same three questions: are the options of the rule right, which words must a
file contain to be worth parsing, and where does the rule hold.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import ModuleType

from auditor.errors import RuleError
from auditor.model.annotations import TYPE_CHECKING, Literal, Protocol, cast
from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Confidence, Rule, Severity

if TYPE_CHECKING:
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


_MEMBERS = {"validate": ("options", "where"), "literals": ("rule",), "find": ("rule", "module", "project")}


@cache
def registry() -> Mapping[str, Matcher]:
    """Every matcher and detector by kind.

    Raises `RuleError` with file and line for a module in the two folders that does not hold a proper one.
    """
    import auditor.static.detectors as detectors
    import auditor.static.matchers as matchers

    found: dict[str, Matcher] = {}
    for package, variable in ((matchers, "MATCHER"), (detectors, "DETECTOR")):
        for module in _modules(package):
            matcher = _checked(module, variable)
            if matcher.kind in found:
                raise RuleError(
                    f"{module.__file__}:1: kind `{matcher.kind}` exists already; give this one another name"
                )
            found[matcher.kind] = matcher
    return found


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))
    for name in names:
        yield importlib.import_module(f"{package.__name__}.{name}")


def _checked(module: ModuleType, variable: str) -> Matcher:
    matcher = getattr(module, variable, None)
    if matcher is None:
        raise RuleError(f"{module.__file__}:1: no `{variable}` in this module; every file of this folder holds one")
    for attribute in ("kind", "scope"):
        if not isinstance(getattr(matcher, attribute, None), str):
            raise RuleError(f"{module.__file__}:{_line(matcher)}: `{variable}.{attribute}` must be a string")
    for method, parameters in _MEMBERS.items():
        function = getattr(matcher, method, None)
        if not callable(function):
            raise RuleError(f"{module.__file__}:{_line(matcher)}: `{variable}` has no method `{method}`")
        if tuple(inspect.signature(function).parameters) != parameters:
            wanted = ", ".join(parameters)
            raise RuleError(f"{module.__file__}:{_line(function)}: `{method}` must take ({wanted})")
    return cast("Matcher", matcher)


def _line(thing: object) -> int:
    """Line of a function, or of an instance's class; 1 where it cannot be told."""
    source = thing if inspect.isfunction(thing) or inspect.ismethod(thing) else type(thing)
    try:
        return inspect.getsourcelines(source)[1] or 1
    except (OSError, TypeError):
        return 1
