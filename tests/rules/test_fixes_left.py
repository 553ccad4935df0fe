"""`docs/fixes-left-to-people.md` and the rules say the same."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.ruleset import load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fixes-left-to-people.md").read_text()
EXPLAINED = re.findall(r"^\| (RA\d{3}) \| \S", PAGE, re.MULTILINE)


def test_every_rule_without_a_patch_is_explained_and_no_other() -> None:
    without = [rule.id for rule in load().rules if "kind" not in rule.fix.options]
    assert sorted(without) == EXPLAINED


def test_every_rule_with_a_patch_shows_what_it_yields() -> None:
    """RA401 never has one: no place in a program is early enough."""
    silent = [
        rule.id
        for rule in load().rules
        if "kind" in rule.fix.options and not any(example.fixed for example in rule.examples)
    ]
    assert silent == ["RA401"]
