"""Whether a module of `matchers/` or `detectors/` holds what it should; asked by `registry`, not by a scan."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import ModuleType

from auditor.errors import RuleError
from auditor.model.annotations import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from auditor.static.matcher import Matcher

_MEMBERS = {"validate": ("options", "where"), "literals": ("rule",), "find": ("rule", "module", "project")}


def checked(module: ModuleType, variable: str) -> Matcher:
    """The matcher in `variable`; raises `RuleError` with file and line where it is missing or malformed."""
    matcher = getattr(module, variable, None)
    if matcher is None:
        raise RuleError(f"{module.__file__}:1: no `{variable}` in this module; every file of this folder holds one")
    for attribute in ("kind", "scope"):
        if not isinstance(getattr(matcher, attribute, None), str):
            raise RuleError(f"{module.__file__}:{line_of(matcher)}: `{variable}.{attribute}` must be a string")
    check_methods(module, matcher, variable, _MEMBERS)
    return cast("Matcher", matcher)


def check_methods(module: ModuleType, thing: object, variable: str, members: Mapping[str, tuple[str, ...]]) -> None:
    """Raise `RuleError` with file and line unless `thing` has these methods with these parameters."""
    for method, parameters in members.items():
        function = getattr(thing, method, None)
        if not callable(function):
            raise RuleError(f"{module.__file__}:{line_of(thing)}: `{variable}` has no method `{method}`")
        if tuple(inspect.signature(function).parameters) != parameters:
            wanted = ", ".join(parameters)
            raise RuleError(f"{module.__file__}:{line_of(function)}: `{method}` must take ({wanted})")


def line_of(thing: object) -> int:
    """Line of a function, or of an instance's class; 1 where it cannot be told."""
    source = thing if inspect.isfunction(thing) or inspect.ismethod(thing) else type(thing)
    try:
        return inspect.getsourcelines(source)[1] or 1
    except (OSError, TypeError):
        return 1


def file_of(module: ModuleType) -> str:
    return module.__file__ or module.__name__
