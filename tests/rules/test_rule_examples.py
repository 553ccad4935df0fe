"""The examples in the rule files are the rules' tests: `bad` is found on its lines, `good` and `fixed` are silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.finding import Finding
from auditor.model.rule import Example, Rule
from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

RULESET = load()
CASES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in RULESET.rules
    for number, example in enumerate(rule.examples, 1)
]


def found_in(rule: Rule, example: Example, folder: Path, source: str) -> tuple[Finding, ...]:
    file = folder / example.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    if example.requirements:
        (folder / "requirements.txt").write_text(example.requirements)
    analysis = Engine(RULESET, [rule]).analyse(find_files(folder, [folder], ()))
    assert not analysis.skipped
    return analysis.findings


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_rule_speaks_on_the_listed_lines_and_nowhere_else(rule: Rule, example: Example, tmp_path: Path) -> None:
    findings = found_in(rule, example, tmp_path, example.source)
    assert [finding.location.line for finding in findings] == list(example.finds)
    if example.confidence:
        assert {finding.confidence for finding in findings} == {example.confidence}


@pytest.mark.parametrize(("rule", "example"), [case for case in CASES if case.values[1].fixed is not None])
def test_fixed_example_is_silent(rule: Rule, example: Example, tmp_path: Path) -> None:
    assert example.fixed is not None
    assert found_in(rule, example, tmp_path, example.fixed) == ()
