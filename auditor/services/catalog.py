"""The rules, for `rules` and `explain`: ours and, by the settings, the team's own."""

from __future__ import annotations

from auditor.errors import UsageError
from auditor.model.rule import Category, Rule
from auditor.ruleset.spelling import nearest_rule
from auditor.services.rule_choice import chosen_rules, load_rules, severe, severities
from auditor.services.settings import Settings


def all_rules(settings: Settings | None = None) -> tuple[Rule, ...]:
    """Return every rule, sorted by id, with the severities of the settings; None: our rules as they come."""
    settings = settings or Settings()
    ruleset = load_rules(settings)
    given = severities(ruleset, settings)
    return tuple(severe(rule, given) for rule in ruleset.rules)


def listed_rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that are in force, by category: `select` and `ignore` of the settings count."""
    chosen = {rule.id for rule in chosen_rules(load_rules(settings), settings)}
    categories = list(Category)
    rules = [rule for rule in all_rules(settings) if rule.id in chosen]
    return tuple(sorted(rules, key=lambda rule: (categories.index(rule.category), rule.id)))


def find_rule(id_or_name: str, settings: Settings | None = None) -> Rule:
    """Return the rule with this id (`RA301`, in any case) or name; raises `UsageError` naming the nearest one."""
    rules = all_rules(settings)
    wanted = id_or_name.strip()
    for rule in rules:
        if rule.id == wanted.upper() or rule.name == wanted.lower():
            return rule
    guess = nearest_rule(wanted, rules)
    hint = f"did you mean `{guess}`?" if guess else "`repro-audit rules` lists them all"
    raise UsageError(f"no rule has the id or name `{wanted}`; {hint}")
