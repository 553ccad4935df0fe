"""The first place of each program, chosen when all files were looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.finding import Finding
from auditor.ruleset import Ruleset
from auditor.static.engine import Engine
from auditor.static.files.discovery import Discovery
from auditor.static.matcher import find_matcher
from auditor.static.project import Project
from auditor.static.scanning.findings import place_findings

Files = dict[str, str]
RULE = "RA204"
PROGRAM = """
import torch
{imports}

torch.manual_seed(0)
{work}
if __name__ == "__main__":
    run().to("cuda")
"""
MODEL = """
import torch

def make():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Conv1d(8, 8, 3))

def other():
    return torch.nn.Conv2d(3, 8, 3)
"""
OWN = "def run():\n    return torch.nn.Conv3d(3, 8, 3)\n"
SHARED: Files = {
    "first.py": PROGRAM.format(imports="from model import make", work="run = make"),
    "second.py": PROGRAM.format(imports="from model import make", work="run = make"),
    "third.py": PROGRAM.format(imports="from model import make", work=OWN),
    "other.py": PROGRAM.format(imports="from model import other", work="run = other"),
    "model.py": MODEL,
}


def findings(engine: Engine, found: Discovery, processes: int = 1) -> list[Finding]:
    return [each for each in engine.analyse(found, processes=processes).findings if each.rule_id == RULE]


@pytest.fixture
def engine(ruleset: Ruleset) -> Engine:
    return Engine(ruleset, [rule for rule in ruleset.rules if rule.id == RULE])


def test_programs_share_the_place_that_comes_first_in_both(engine: Engine, discover: Callable[..., Discovery]) -> None:
    told = {(each.location.path, each.location.line): each.entry_points for each in findings(engine, discover(SHARED))}
    shared = {("model.py", 4): ("first.py", "second.py"), ("model.py", 7): ("other.py",)}
    assert told == {**shared, ("third.py", 6): ("third.py",)}


def test_what_is_chosen_afterwards_is_what_a_rule_finds_that_looks_at_all_files_at_once(
    engine: Engine, ruleset: Ruleset, discover: Callable[..., Discovery], project: Callable[[Files], Project]
) -> None:
    asked = project(SHARED)
    rule = next(rule for rule in ruleset.rules if rule.id == RULE)
    matcher = find_matcher(rule.match.kind)
    assert matcher is not None
    at_once: list[Finding] = []
    for path in asked.files:
        module = asked.module(path)
        assert module is not None
        hits = matcher.find(rule, module, asked)
        at_once += [placed.finding for placed in place_findings(rule, matcher.scope, hits, module, asked)]
    chosen = findings(engine, discover(SHARED))
    assert sorted(chosen, key=lambda each: each.key) == sorted(at_once, key=lambda each: each.key)


def test_a_test_that_a_program_imports_holds_its_first_place_and_is_not_told(
    engine: Engine, discover: Callable[..., Discovery]
) -> None:
    files = {
        "first.py": PROGRAM.format(imports="from amodel_test import make", work="from model import other as run"),
        "amodel_test.py": MODEL,
        "model.py": MODEL,
    }
    assert findings(engine, discover(files)) == []
    files["first.py"] = PROGRAM.format(imports="", work="from model import other as run")
    assert [each.location.path for each in findings(engine, discover(files))] == ["model.py"]


def test_a_program_that_is_no_python_has_no_first_place(engine: Engine, discover: Callable[..., Discovery]) -> None:
    files = {"model.py": MODEL, "first.py": SHARED["first.py"] + "def broken(:\n"}
    assert findings(engine, discover(files)) == []


def test_the_first_place_can_be_allowed_by_a_comment(engine: Engine, discover: Callable[..., Discovery]) -> None:
    allowed = MODEL.replace("Conv1d(8, 8, 3))", f"Conv1d(8, 8, 3))  # repro-audit: allow {RULE} because it is tried")
    analysis = engine.analyse(discover({**SHARED, "model.py": allowed}))
    assert [each.finding.location.path for each in analysis.suppressed] == ["model.py"]
    assert [each.location.path for each in analysis.findings] == ["model.py", "third.py"]
