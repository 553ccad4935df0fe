"""`repro-audit rules` and `repro-audit rules test`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.ruleset.locate import bundled_rules

Command = Callable[..., Any]
"""The fixture `command`: words → exit code, stdout, stderr."""


@pytest.fixture
def team(project: Path) -> Path:
    """A folder with one of our rules under another id and name."""
    folder = project / "team"
    folder.mkdir()
    text = (bundled_rules() / "data-order" / "RA307.toml").read_text()
    (folder / "mine.toml").write_text(text.replace("RA307", "TEAM7").replace("dataloader-out-of-order", "my-pattern"))
    return folder


def test_rules_whose_examples_hold_pass(command: Command, team: Path) -> None:
    ran = command("rules", "test", "team")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("pass  TEAM7 my-pattern  ")
    assert ran.out.endswith(": all passed.\n")


def test_an_example_that_does_not_hold_fails_and_says_what_was_found(command: Command, team: Path) -> None:
    file = team / "mine.toml"
    file.write_text(file.read_text() + '\n[[example]]\ngood = """\nimport (\n"""\n')
    (team / "other.toml").write_text(
        file.read_text()
        .replace("TEAM7", "TEAM8")
        .replace("my-pattern", "other-pattern")
        .replace('kind = "call"', 'kind = "call"', 1)
        .replace("import (", "import torch")
        .replace("in_order=False", "in_order=True")
    )
    ran = command("rules", "test", "team")
    assert ran.code == 1
    assert "FAIL  TEAM7 my-pattern" in ran.out
    assert "good: cannot be read: example.py: syntax error" in ran.out
    assert "FAIL  TEAM8 other-pattern" in ran.out
    assert "team/other.toml: example 1, bad: expected line" in ran.out
    assert ", found nothing" in ran.out
    assert ran.out.endswith("2 rules failed.\n")


def test_the_outcome_is_there_for_programs_too(command: Command, team: Path) -> None:
    content = json.loads(command("rules", "test", "team", "--json").out)
    assert [(each["id"], each["passed"], each["path"]) for each in content] == [("TEAM7", True, "team/mine.toml")]
    assert {example["kind"] for example in content[0]["examples"]} >= {"bad", "good"}


def test_our_own_rules_can_be_tried(command: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = project / "few"
    (few / "libraries").mkdir(parents=True)
    for name in ("definitions.toml", "operators.toml", "data-order/RA307.toml"):
        (few / Path(name).name).write_text((bundled_rules() / name).read_text())
    monkeypatch.setattr("auditor.services.rule_examples.bundled_rules", lambda: few)
    monkeypatch.setattr("auditor.ruleset.locate.bundled_rules", lambda: few)
    assert "pass  RA307 " in command("rules", "test", "few").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nope",), "nope: no such folder"),
        (("pyproject.toml",), "pyproject.toml: is a file; name its folder"),
        (("empty",), "empty: holds no rules; a rule is a .toml file"),
        ((), "Missing argument"),
    ],
)
def test_what_is_no_folder_of_rules_is_told(command: Command, project: Path, words: tuple[str, ...], told: str) -> None:
    (project / "empty").mkdir()
    ran = command("rules", "test", *words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_a_malformed_rule_is_a_usage_error(command: Command, team: Path) -> None:
    (team / "mine.toml").write_text((team / "mine.toml").read_text().replace("summary", "sumary"))
    ran = command("rules", "test", "team")
    assert ran.code == 2
    assert ran.err.startswith("repro-audit: team/mine.toml: fix.summary: missing")


def test_an_example_writes_nowhere_but_into_its_folder(command: Command, team: Path) -> None:
    file = team / "mine.toml"
    file.write_text(file.read_text() + '\n[[example]]\ngood = "import torch"\npath = "../outside.py"\n')
    ran = command("rules", "test", "team")
    assert ran.code == 2
    assert ".path: expected a path below a folder, found `../outside.py`" in ran.err


def test_own_rules_are_listed_and_explained_with_the_settings(command: Command, project: Path, team: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.repro-audit]\nrules = ["team"]\nseverity = {TEAM7 = "error"}\n')
    assert "  TEAM7  error   my-pattern " in command("rules").out
    assert command("explain", "team7").out.startswith("TEAM7 my-pattern\n")
