"""The rules as the front ends ask for them."""

from __future__ import annotations

import pytest

from auditor.errors import UsageError
from auditor.ruleset import load
from auditor.services.catalog import all_rules, find_rule


def test_find_rule_takes_id_in_any_case_and_name() -> None:
    rule = find_rule("RA301")
    assert find_rule("ra301").id == find_rule(rule.name).id == find_rule(f" {rule.name.upper()} ").id == "RA301"
    assert len(all_rules()) == len(load().rules)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("RA201x", "did you mean `RA201`?"),
        ("cudnn-benchmrk", "did you mean `cudnn-benchmark`?"),
        ("xyz", "lists them all"),
    ],
)
def test_unknown_rule_gets_the_nearest_name(asked: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_rule(asked)
    assert hint in str(caught.value)
