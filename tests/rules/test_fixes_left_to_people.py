"""`docs/fixes-left-to-people.md` names the rules without a patch, each with the reason."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.model.rule import Category
from auditor.ruleset import load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fixes-left-to-people.md").read_text()
ROWS = re.findall(r"^\| (RA\d{3}) \| (.+) \|$", PAGE, re.MULTILINE)
WITHOUT = {rule.id: rule for rule in load().rules if "kind" not in rule.fix.options}


def test_rows_are_sorted_and_name_rules_without_a_patch() -> None:
    names = [name for name, _ in ROWS]
    assert names == sorted(set(names))
    assert set(names) - WITHOUT.keys() == set()


def test_every_operator_and_framework_rule_without_a_patch_has_a_reason() -> None:
    ours = {name for name, rule in WITHOUT.items() if rule.category in (Category.OPERATORS, Category.FRAMEWORK)}
    assert ours - {name for name, _ in ROWS} == set()


def test_every_rule_with_a_patch_shows_one() -> None:
    shown = {rule.id for rule in load().rules if any(example.fixed for example in rule.examples)}
    patched = {rule.id for rule in load().rules if rule.category in (Category.OPERATORS, Category.FRAMEWORK)}
    assert patched - WITHOUT.keys() - shown == set()
