"""The rules, for `rules` and `explain`."""

from __future__ import annotations

from auditor.errors import UsageError
from auditor.model.rule import Rule
from auditor.ruleset import load, nearest


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, sorted by id."""
    return load().rules


def find_rule(id_or_name: str) -> Rule:
    """Return the rule with this id (`RA301`, in any case) or name; raises `UsageError` naming the nearest one."""
    ruleset = load()
    rule = ruleset.find_rule(id_or_name)
    if rule is not None:
        return rule
    wanted = id_or_name.strip()
    guess = nearest(wanted.upper(), [rule.id for rule in ruleset.rules]) if wanted[:2].upper() == "RA" else None
    guess = guess or nearest(wanted.lower(), [rule.name for rule in ruleset.rules])
    hint = f"did you mean `{guess}`?" if guess else "`repro-audit rules` lists them all"
    raise UsageError(f"no rule has the id or name `{wanted}`; {hint}")
