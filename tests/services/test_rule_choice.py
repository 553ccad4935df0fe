"""Rules by their names in the settings: which are in force, how severe they are, whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import RuleError, UsageError
from auditor.model.rule import Severity
from auditor.ruleset import load
from auditor.services.catalog import all_rules, find_rule, listed_rules
from auditor.services.scan import scan
from auditor.services.settings import Settings, load_settings

RULE = '''
schema = 1
id = "TEAM101"
name = "raw-rand"
title = "torch.rand is drawn without our generator"
category = "data-order"
severity = "warning"
confidence = "medium"
explanation = "It is there. It does harm."
[match]
kind = "call"
callee = ["torch.rand"]
[fix]
summary = "use team.rand"
[[example]]
bad = """
import torch
torch.rand(1)
"""
finds = [2]
[[example]]
good = "import torch"
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "raw-rand.toml").write_text(RULE)
    (tmp_path / "train.py").write_text("import random\nimport torch\n\nrandom.random()\ntorch.rand(3)\n")
    return tmp_path


def found(project: Path, **settings: object) -> list[tuple[str, str]]:
    report = scan([project / "train.py"], Settings(**settings))  # type: ignore[arg-type]
    assert [rule.severity for rule in report.rules for each in report.findings if each.rule_id == rule.id]
    return [(finding.severity.value, finding.rule_id) for finding in report.findings]


def test_a_severity_of_the_settings_counts_and_sorts(project: Path) -> None:
    assert found(project) == [("error", "RA101"), ("error", "RA103")]
    assert found(project, severity={"RA101": Severity.NOTE}) == [("error", "RA103"), ("note", "RA101")]


@pytest.mark.parametrize(
    "given",
    [
        {"seeding": Severity.ERROR, "RA101": Severity.NOTE},
        {"RA1": Severity.ERROR, "RA101": Severity.NOTE},
        {"unseeded-random": Severity.NOTE, "RA1": Severity.ERROR},
        {"ra10": Severity.NOTE, "RA1": Severity.WARNING, "RA103": Severity.ERROR},
    ],
)
def test_what_names_a_rule_more_closely_wins(project: Path, given: dict[str, Severity]) -> None:
    assert found(project, severity=given) == [("error", "RA103"), ("note", "RA101")]


def test_the_floor_looks_at_the_severity_of_the_settings(project: Path) -> None:
    settings = {"severity": {"RA101": Severity.NOTE}, "min_severity": Severity.WARNING}
    assert found(project, **settings) == [("error", "RA103")]


def test_rules_of_a_team_are_found_listed_chosen_and_explained(project: Path) -> None:
    own = Settings(rules=(project / "team",), severity={"TEAM": Severity.ERROR})
    assert ("error", "TEAM101") in found(project, rules=own.rules, severity=own.severity)
    assert found(project, rules=own.rules, select=("team",)) == [("warning", "TEAM101")]
    assert find_rule("team101", own).severity is Severity.ERROR
    assert len(all_rules(own)) == len(load().rules) + 1
    assert [rule.id for rule in listed_rules(Settings(rules=own.rules, select=("raw-rand",)))] == ["TEAM101"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('id = "TEAM101"', 'id = "team-1"'), "id: expected capitals and a number such as `TEAM101`, found `team-1`"),
        (('id = "TEAM101"', 'id = "RA901"'), "id: expected `RA` and three digits"),
        (('title = "', 'titel = "'), "title: missing; expected a string"),
        (('kind = "call"', 'kind = "cal"'), "match.kind: there is no `cal`; known are"),
        (('callee = ["torch.rand"]', "callee = 3"), "match.callee: expected"),
        (("[fix]", "[fix"), "not TOML"),
    ],
)
def test_a_malformed_rule_is_told_with_file_and_key(project: Path, change: tuple[str, str], complaint: str) -> None:
    file = project / "team" / "raw-rand.toml"
    file.write_text(RULE.replace(*change, 1))
    with pytest.raises(RuleError) as error:
        scan([project / "train.py"], Settings(rules=(project / "team",)))
    assert str(error.value).startswith(f"{file.as_posix()}: {complaint}")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('severity = {RA1O3 = "note"}', "severity: no rule is called `RA1O3`; did you mean `RA101`?"),
        ('severity = {unseeded-nunpy = "note"}', "severity: no rule is called `unseeded-nunpy`; did you mean"),
        ('ignore = ["zebra"]', "ignore: no rule is called `zebra`; `repro-audit rules` lists them"),
        ('per-file-ignores = {"tests/" = ["RA99"]}', "per-file-ignores: no rule is called `RA99`"),
        ('rules = ["tema"]', "rules: {project}/tema: no such folder"),
        ('rules = ["train.py"]', "rules: {project}/train.py: is a file; name its folder"),
    ],
)
def test_settings_that_name_nothing_are_told_with_file_and_key(project: Path, table: str, complaint: str) -> None:
    file = project / "pyproject.toml"
    file.write_text(f"[tool.repro-audit]\n{table}\n")
    with pytest.raises(UsageError) as error:
        scan([project / "train.py"], load_settings(project))
    assert str(error.value).startswith(f"{file}: {complaint.format(project=project)}")


def test_an_option_that_names_nothing_is_called_by_its_name(project: Path) -> None:
    with pytest.raises(UsageError, match=r"^--select: no rule is called `zebra`"):
        scan([project / "train.py"], load_settings(project, {"select": ("zebra",)}))
