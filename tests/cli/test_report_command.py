"""`repro-audit report` on a project with a made-up store: formats, exit codes, which program is meant."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.model.environment import Environment
from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.lean import replace
from auditor.model.verdict import Status
from auditor.runs.evidencefile import keep_evidence
from auditor.runs.store import open_store
from auditor.runs.surroundings import ask_surroundings
from auditor.services.sourcedigest import source_digests

Command = Callable[..., Any]
PROGRAM = "import torch\n\ntorch.manual_seed(0)\ntorch.set_num_threads(1)\nprint(torch.rand(1))\n"
SURROUNDINGS = functools.cache(lambda: ask_surroundings(sys.executable))


def evidence(at: Path, **changes: Any) -> Evidence:
    """Two equal runs of `train.py` as it is now."""
    surroundings = SURROUNDINGS()
    assert surroundings is not None
    packages = {"numpy": surroundings.packages["numpy"]}
    found = Evidence(
        id="",
        kind=EvidenceKind.TWICE,
        command=("python", "train.py"),
        cwd=str(at),
        project=str(at.resolve()),
        interpreter=sys.executable,
        kept_at="2026-01-31T10:00:00+00:00",
        sources=source_digests(at),
        unstable=(),
        surroundings=surroundings,
        answer="REPRODUCIBLE: Equal bit for bit.",
        status=Status.REPRODUCIBLE,
        runs=("r1", "r2"),
        steps=20,
        is_whole=True,
        compared=7,
        environment=Environment(
            python=surroundings.python,
            torch=None,
            platform="Linux",
            cpu="c",
            threads=1,
            devices=(),
            flags={},
            variables={},
            packages=packages,
        ),
        loaded=("train.py",),
    )
    return replace(found, **changes)


@pytest.fixture
def store(project: Path) -> Path:
    """The project has a program; returned is where its evidence is kept."""
    (project / "train.py").write_text(PROGRAM)
    return open_store(project).root


def standings(out: str) -> list[str]:
    return [point["standing"] for point in json.loads(out)["guideline"]["points"]]


def test_an_empty_store_is_told_with_commands_and_is_no_success(command: Command, store: Path) -> None:
    ran = command("report")
    assert ran.code == 1  # no repository
    assert "0 of 6 points met; not met: 1; not shown: 2, 3, 4, 5, 6" in ran.out
    assert "$ repro-audit run train.py --twice" in ran.out


@pytest.mark.parametrize(("required", "code"), [("4,5", 0), ("1,3", 1), ("3,4", 4)])
def test_exit_code_is_that_of_the_required_points(
    command: Command, project: Path, store: Path, required: str, code: int
) -> None:
    keep_evidence(store, evidence(project))
    ran = command("report", "--format", "json", "--require", required)
    assert standings(ran.out) == ["not met", "not met", "not shown", "met", "met", "not shown"]
    assert ran.code == code


def test_an_edit_makes_evidence_stale(command: Command, project: Path, store: Path) -> None:
    keep_evidence(store, evidence(project))
    (project / "train.py").write_text(PROGRAM + "# another line\n")
    ran = command("report", "--require", "4,5")
    assert ran.code == 4
    assert "Stale: changed since: train.py" in ran.out


def test_evidence_of_another_project_or_program_does_not_count(command: Command, project: Path, store: Path) -> None:
    keep_evidence(store, evidence(project, project="/elsewhere"))
    (project / "other.py").write_text(PROGRAM)
    keep_evidence(store, evidence(project, command=("python", "other.py")))
    ran = command("report", "--script", "train.py", "--require", "4")
    assert ran.code == 4
    assert "No two runs of this program were compared." in ran.out


def test_of_several_programs_without_evidence_one_has_to_be_named(command: Command, project: Path, store: Path) -> None:
    (project / "other.py").write_text(PROGRAM)
    ran = command("report")
    assert (ran.code, ran.out) == (2, "")
    assert "has 2 programs: other.py, train.py; choose one with --script" in ran.err


def test_damaged_evidence_keeps_its_point_open(command: Command, project: Path, store: Path) -> None:
    kept = keep_evidence(store, evidence(project))
    keep_evidence(store, evidence(project))
    (store / "evidence" / f"{kept.id}.json").write_text("{")
    ran = command("report", "--require", "4")
    assert ran.code == 4
    assert "e1.json: cannot be read" in ran.out


@pytest.mark.parametrize(
    ("name", "begins"), [("r.html", "<!doctype html>"), ("r.md", "### "), ("r.json", "{"), ("r.txt", "2 of 6")]
)
def test_the_files_name_chooses_the_format(
    command: Command, project: Path, store: Path, name: str, begins: str
) -> None:
    keep_evidence(store, evidence(project))
    ran = command("report", "-o", name)
    assert ran.out == ""
    assert (project / name).read_text().startswith(begins)
    assert str(project) not in (project / name).read_text()


@pytest.mark.parametrize(("name", "said"), [("r.foo", True), ("r.txt", False), ("r.md", False), ("r", False)])
def test_a_file_whose_name_says_another_format_is_told_what_is_in_it(
    command: Command, project: Path, store: Path, name: str, said: bool
) -> None:
    keep_evidence(store, evidence(project))
    ran = command("report", "-o", name)
    assert ("its format is text" in ran.err) is said


def test_the_same_store_gives_the_same_bytes_and_nothing_is_written(
    command: Command, project: Path, store: Path
) -> None:
    keep_evidence(store, evidence(project))
    before = sorted(project.rglob("*"))
    first = command("report", "--format", "html").out
    assert command("report", "--format", "html").out == first
    assert sorted(project.rglob("*")) == before


def test_another_folder_is_reported_on_from_outside(
    command: Command, project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_evidence(store, evidence(project))
    monkeypatch.chdir(project.parent)
    ran = command("report", "project", "--script", "train.py", "--require", "4")
    assert ran.code == 0


def test_a_store_in_the_project_is_neither_source_nor_new(command: Command, project: Path, store: Path) -> None:
    for words in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=project, check=True)
    inside = open_store(project, project / "kept")
    (inside.root / "r1").mkdir(parents=True)
    (inside.root / "r1" / "run.json").write_text("{}")
    (project / "__pycache__").mkdir()
    (project / "__pycache__" / "train.pyc").write_bytes(b"")
    made = evidence(project, loaded=None)
    keep_evidence(inside.root, replace(made, sources={p: d for p, d in made.sources.items() if "kept" not in p}))
    ran = command("report", "--store", str(project / "kept"), "--require", "1,4,5")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    "hide",
    [
        'ignore = ["RA1"]',
        'per-file-ignores = { "train.py" = ["RA"] }',
        'min-severity = "error"\nseverity = { RA1 = "note" }',
    ],
)
def test_settings_that_hide_an_error_do_not_meet_the_point(
    command: Command, project: Path, store: Path, hide: str
) -> None:
    (project / "train.py").write_text(PROGRAM.replace("torch.manual_seed(0)\n", ""))
    (project / "repro-audit.toml").write_text(hide + "\n")
    ran = command("report", "--format", "json", "--require", "6")
    assert standings(ran.out)[5] == "not met"
    assert "kept out of sight by settings" in ran.out


def test_only_a_baseline_with_reasons_documents_what_it_accepts(command: Command, project: Path, store: Path) -> None:
    (project / "train.py").write_text(PROGRAM.replace("torch.manual_seed(0)\n", ""))
    command("scan", ".", "--write-baseline", "baseline.json")
    (project / "repro-audit.toml").write_text('baseline = "baseline.json"\n')
    assert standings(command("report", "--format", "json").out)[5] == "not met"
    kept = json.loads((project / "baseline.json").read_text())
    for entry in kept["findings"]:
        entry["reason"] = "known"
    (project / "baseline.json").write_text(json.dumps(kept))
    assert standings(command("report", "--format", "json").out)[5] == "not shown"  # no CI


def test_a_script_is_looked_for_in_the_project_that_is_named(
    command: Command, project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_evidence(store, evidence(project))
    here = project.parent / "here"
    here.mkdir()
    (here / "train.py").write_text("")
    (here / "own.py").write_text("")
    monkeypatch.chdir(here)
    assert command("report", "../project", "--script", "train.py", "--require", "4").code == 0
    ran = command("report", "../project", "--script", "own.py")
    assert (ran.code, ran.out) == (2, "")
    assert "is not in the project" in ran.err
