"""The examples in the rule files are the rules' tests: `bad` is found on its lines, `good` and `fixed` are silent, and
the patch of `bad` is `fixed`."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.finding import Finding
from auditor.model.rule import Example, Rule
from auditor.ruleset import load
from auditor.static.engine import Engine, find_files
from auditor.static.fixes.registry import fix_of
from auditor.static.patches import Sources, plan_patches

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


FIXED = [case for case in CASES if case.values[1].fixed is not None]
PATCHED = [case for case in FIXED if "kind" in case.values[0].fix.options]


@pytest.mark.parametrize(("rule", "example"), FIXED)
def test_fixed_example_is_silent(rule: Rule, example: Example, tmp_path: Path) -> None:
    assert example.fixed is not None
    assert found_in(rule, example, tmp_path, example.fixed) == ()


@pytest.mark.parametrize(
    "rule", [rule for rule in RULESET.rules if "kind" in rule.fix.options], ids=lambda rule: rule.id
)
def test_rule_names_a_kind_of_fix_that_takes_its_options(rule: Rule) -> None:
    fix = fix_of(rule)
    assert fix is not None
    fix.validate(rule.fix.options, f"{rule.path}: fix")


@pytest.mark.parametrize(("rule", "example"), PATCHED)
def test_patch_of_the_bad_example_yields_the_fixed_one(rule: Rule, example: Example, tmp_path: Path) -> None:
    findings = found_in(rule, example, tmp_path, example.source)
    found = find_files(tmp_path, [tmp_path], ())
    project = Engine(RULESET, [rule]).project(found)
    sources = Sources(project)
    patches, refused = plan_patches(findings, {rule.id: rule}, project, sources)
    assert not refused
    texts = sources.texts(change for patch in patches for change in patch.changes)
    assert texts[example.path].decode() == example.fixed
