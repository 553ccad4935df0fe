"""Ask every cause for evidence, rank what they say."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from types import ModuleType

from auditor.dynamic import causes
from auditor.dynamic.evidence import Case, CauseRule
from auditor.model.rule import Confidence
from auditor.model.verdict import Cause

_ORDER = tuple(Confidence)
_APPEARANCE = 2
"""The depth of causes that say what a divergence looks like, whatever is behind it."""


def classify(case: Case, rules: Iterable[CauseRule] | None = None) -> tuple[Cause, ...]:
    """Causes that have evidence in this case, best first: by confidence, then roots before appearances, then name.

    What it looks like (depth 2) may be sure and is no cause: a root that is likely stands before it.
    The last resort (depth 3) is left out where anything better was found.
    """
    found = []
    for rule in known_causes() if rules is None else rules:
        cause = rule.evidence(case)
        if cause is not None:
            found.append((rule.depth, cause))
    if any(depth < 3 for depth, _ in found):
        found = [(depth, cause) for depth, cause in found if depth < 3]
    found.sort(key=lambda entry: (_place(*entry), entry[0], entry[1].kind))
    return tuple(cause for _, cause in found)


def _place(depth: int, cause: Cause) -> int:
    place = _ORDER.index(cause.confidence)
    return max(place, _ORDER.index(Confidence.MEDIUM)) if depth == _APPEARANCE else place


def is_settled(found: tuple[Cause, ...]) -> bool:
    """True if a root cause is sure, so that no further experiment is needed."""
    roots = {rule.name for rule in known_causes() if rule.depth == 0}
    return any(cause.confidence is Confidence.HIGH and cause.kind in roots for cause in found)


@cache
def known_causes() -> tuple[CauseRule, ...]:
    """Every cause in the folder, by name. A file without a proper CAUSE is a TypeError that names it."""
    modules = (
        importlib.import_module(f"{causes.__name__}.{info.name}") for info in pkgutil.iter_modules(causes.__path__)
    )
    return tuple(sorted((_cause_of(module) for module in modules), key=lambda rule: rule.name))


def _cause_of(module: ModuleType) -> CauseRule:
    cause = getattr(module, "CAUSE", None)
    if not isinstance(cause, CauseRule):
        raise TypeError(f"{module.__file__}:1: a cause needs a CauseRule called CAUSE, found {cause!r}")
    expected = module.__name__.rpartition(".")[2].replace("_", "-")
    if cause.name != expected:
        raise TypeError(f"{module.__file__}:1: the cause in this file must be called `{expected}`, not `{cause.name}`")
    return cause
