"""The kinds of fix: found by their name in the folder, loaded when a rule asks for one.

A scan does not load them; `fix` and `rules test` do, and check the options of the rules then.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import cast

import auditor.static.fixes as fixes
from auditor.errors import RuleError
from auditor.model.rule import Rule
from auditor.ruleset.table import did_you_mean
from auditor.static.fixes.proposal import Fix
from auditor.static.matchercheck import check_methods, line_of

_MEMBERS = {"validate": ("options", "where"), "propose": ("finding", "rule", "target", "project")}


def fix_of(rule: Rule) -> Fix | None:
    """The kind of fix that a rule names; None for a rule that has advice only. Raises `RuleError`."""
    kind = rule.fix.options.get("kind")
    if kind is None:
        return None
    module = str(kind).replace("-", "_")
    if module not in _modules() or str(kind) != module.replace("_", "-"):
        known = kinds()
        raise RuleError(
            f"{rule.path}: fix.kind: there is no `{kind}`{did_you_mean(str(kind), known)}; known are {', '.join(known)}"
        )
    return _loaded(module)


def check_fixes(rules: Iterable[Rule]) -> None:
    """Raise `RuleError` for the first rule whose fix is of no known kind, or has options that its kind refuses."""
    for rule in rules:
        fix = fix_of(rule)
        if fix is not None:
            fix.validate(rule.fix.options, f"{rule.path}: fix")


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds, sorted."""
    found = [name for name in _modules() if hasattr(importlib.import_module(f"{fixes.__name__}.{name}"), "FIX")]
    return tuple(name.replace("_", "-") for name in found)


@cache
def _modules() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(fixes.__path__) if not module.ispkg))


@cache
def _loaded(name: str) -> Fix:
    module = importlib.import_module(f"{fixes.__name__}.{name}")
    fix = getattr(module, "FIX", None)
    if fix is None:
        raise RuleError(f"{module.__file__}:1: no `FIX` in this module: it is no kind of fix")
    _check(module, fix)
    return cast("Fix", fix)


def _check(module: ModuleType, fix: object) -> None:
    expected = module.__name__.rpartition(".")[2].replace("_", "-")
    if getattr(fix, "kind", None) != expected:
        raise RuleError(f"{module.__file__}:{line_of(fix)}: `FIX.kind` must be `{expected}`, the name of the file")
    check_methods(module, fix, "FIX", _MEMBERS)
