"""The examples in the rule files are the rules' tests: `bad` is found on its lines, `good` and `fixed` are silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.rule import Example, Rule
from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

RULESET = load()
CASES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in RULESET.rules
    for number, example in enumerate(rule.examples, 1)
]


def lines_found(rule: Rule, example: Example, folder: Path, source: str) -> list[int]:
    file = folder / example.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    analysis = Engine(RULESET, [rule]).analyse(find_files(folder, [folder], ()))
    assert not analysis.skipped
    return [finding.location.line for finding in analysis.findings]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_rule_speaks_on_the_listed_lines_and_nowhere_else(rule: Rule, example: Example, tmp_path: Path) -> None:
    assert lines_found(rule, example, tmp_path, example.source) == list(example.finds)


@pytest.mark.parametrize(("rule", "example"), [case for case in CASES if case.values[1].fixed is not None])
def test_fixed_example_is_silent(rule: Rule, example: Example, tmp_path: Path) -> None:
    assert example.fixed is not None
    assert lines_found(rule, example, tmp_path, example.fixed) == []
