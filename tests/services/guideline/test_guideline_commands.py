"""Commands that a person can type as they are printed, and what CI, DVC and the source say."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from auditor.model.evidence import EvidenceKind
from auditor.services.guideline.command_words import checked_again, command_words
from auditor.services.guideline.workflow import ci_commands, dvc_paths, looks_at_runs, sets_threads


@pytest.mark.parametrize(
    ("command", "cwd", "expected"),
    [
        (("python", "train.py"), "/p", "repro-audit run train.py --twice"),
        (("python", "train.py", "--epochs", "2"), "/p", "repro-audit run train.py --twice -- --epochs 2"),
        (("python", "-m", "pkg.train", "x y"), "/p", "repro-audit run -m pkg.train --twice -- 'x y'"),
        (("python", "my train.py"), "/p", "repro-audit run 'my train.py' --twice"),
        (
            ("torchrun", "--nproc-per-node", "2", "t.py"),
            "/p",
            "repro-audit run --twice -- torchrun --nproc-per-node 2 t.py",
        ),
        (("python", "train.py"), "/p/a b", "cd 'a b' && repro-audit run train.py --twice"),
        ((), "/p", "repro-audit run SCRIPT --twice"),
    ],
)
def test_two_runs_are_asked_for_as_the_command_line_takes_them(
    command: tuple[str, ...], cwd: str, expected: str
) -> None:
    assert command_words(command, Path(cwd), Path("/p"))[EvidenceKind.TWICE] == expected


def test_commands_for_other_evidence_name_the_program_and_its_arguments() -> None:
    words = command_words(("python", "train.py", "--epochs", "2"), Path("/p"), Path("/p"))
    assert words[EvidenceKind.VERIFY] == "repro-audit fix --unsafe --verify 'train.py -- --epochs 2'"
    assert words[EvidenceKind.OVERHEAD] == "repro-audit overhead train.py -- --epochs 2"
    assert words[EvidenceKind.VARIANCE] == "repro-audit variance train.py --runs 5 -- --epochs 2"
    assert words[EvidenceKind.NOISE] == "repro-audit noise walk train.py -- --epochs 2"


@pytest.mark.parametrize("kind", list(EvidenceKind))
@pytest.mark.parametrize("command", [("python", "train.py", "a'b"), ("python", "-m", "x"), ("torchrun", "t.py")])
def test_every_command_is_one_that_a_shell_reads(kind: EvidenceKind, command: tuple[str, ...]) -> None:
    words = shlex.split(command_words(command, Path("/p/q r"), Path("/p"))[kind])
    assert words[:4] == ["cd", "q r", "&&", "repro-audit"]


def test_the_command_for_ci_sets_the_variables_of_the_runs_and_reports_from_the_top() -> None:
    assert checked_again("repro-audit run t.py --twice", {"OMP_NUM_THREADS": "2"}, "t.py", (1, 4)) == (
        "OMP_NUM_THREADS=2 repro-audit run t.py --twice && repro-audit report --script t.py --require 1,4"
    )
    assert checked_again("cd a && repro-audit run t.py --twice", {"A": "x y"}, "a/t.py", (4,)) == (
        "(cd a && A='x y' repro-audit run t.py --twice) && repro-audit report --script a/t.py --require 4"
    )


def test_ci_files_are_read_without_comments_also_at_the_top_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "ci.yml").write_text("- run: repro-audit scan .  # fast\n# - run: repro-audit run x.py --twice\n")
    project = tmp_path / "packages" / "a"
    project.mkdir(parents=True)
    (project / ".gitlab-ci.yml").write_text('script:\n  - "repro-audit report --require 1"\n')
    assert ci_commands(project) == (
        (".gitlab-ci.yml", "repro-audit report --require 1"),
        (".github/workflows/ci.yml", "repro-audit scan ."),
    )
    assert ci_commands(tmp_path / "packages") == ((".github/workflows/ci.yml", "repro-audit scan ."),)


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("run: pip install repro-audit numpy\n", []),
        ("run: repro-audit run t.py --twice || true\n", []),
        ("run: repro-audit report --exit-zero\n", []),
        ("run: repro-audit run t.py --twice || echo differs\n", []),
        ("run: repro-audit run t.py --twice || (echo differs; exit 1)\n", ["repro-audit run t.py --twice"]),
        ("run: repro-audit run t.py --twice | tee log\n", []),
        ("run: set -o pipefail; repro-audit run t.py --twice | tee log\n", ["repro-audit run t.py --twice"]),
        ("- name: repro-audit run t.py --twice\n", []),
        ("run: echo repro-audit report\n", []),
        (
            "run: |\n  repro-audit run t.py \\\n    --twice\n  repro-audit scan . && repro-audit report\n",
            ["repro-audit run t.py --twice", "repro-audit scan .", "repro-audit report"],
        ),
    ],
)
def test_calls_of_ours_in_ci_count_only_if_their_failure_does(tmp_path: Path, text: str, commands: list[str]) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text(text)
    assert [command for _, command in ci_commands(tmp_path)] == commands


@pytest.mark.parametrize(
    ("command", "does"),
    [
        ("repro-audit run t.py --twice", True),
        ("repro-audit run t.py", False),
        ("repro-audit scan . -o report", False),
        ("repro-audit fix --verify t.py", True),
        ("repro-audit report", True),
    ],
)
def test_a_scan_does_not_look_at_runs_whatever_its_files_are_called(command: str, does: bool) -> None:
    assert looks_at_runs(command) is does


def test_what_dvc_keeps_is_known_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw.csv.dvc").write_text("outs:\n- path: raw.csv\n")
    (tmp_path / "dvc.lock").write_text("stages:\n  a:\n    outs:\n    - path: models/net\n      md5: 1\n")
    assert dvc_paths(tmp_path) == {"data/raw.csv", "models/net"}


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("# torch.set_num_threads(1)", {}),
        ('"""torch.set_num_threads(1)"""', {}),
        ("def set_num_threads(n): pass", {}),
        ("torch.set_num_threads(os.cpu_count())", {}),
        ("torch.set_num_threads(len(os.sched_getaffinity(0)))", {}),
        ("torch.set_num_threads(args.threads)", {"a.py": None}),
        ("torch.set_num_threads(4)", {"a.py": 4}),
        ("torch.set_num_threads(1) if small else torch.set_num_threads(8)", {"a.py": None}),
        ("set_num_threads(", {}),
    ],
)
def test_threads_are_set_by_a_call_that_does_not_ask_the_machine(
    tmp_path: Path, source: str, given: dict[str, int | None]
) -> None:
    (tmp_path / "a.py").write_text(source)
    (tmp_path / "b.json").write_text("torch.set_num_threads(1)")
    assert sets_threads(tmp_path, ["a.py", "b.json", "missing.py"]) == given


@pytest.mark.parametrize(
    ("command", "program", "does"),
    [
        ("repro-audit run other.py --twice", "train.py", False),
        ("repro-audit run src/train.py --twice", "src/train.py", True),
        ("repro-audit run train.py --twice", "src/train.py", True),
        ("repro-audit run -m pkg.train --twice", "pkg/train.py", True),
        ("repro-audit run -m pkg.other --twice", "pkg/train.py", False),
        ("repro-audit run -m pkg --twice", "pkg/__main__.py", True),
        ("repro-audit report --script other.py", "train.py", False),
        ("repro-audit report", "train.py", True),
    ],
)
def test_a_call_about_another_program_does_not_count(command: str, program: str, does: bool) -> None:
    assert looks_at_runs(command, program) is does


STEP = "jobs:\n  a:\n{job}    steps:\n{before}      - run: repro-audit run t.py --twice\n{step}{after}"


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        ({}, True),
        ({"step": "        continue-on-error: true\n"}, False),
        ({"job": "    continue-on-error: true\n"}, False),
        ({"before": "      - run: x\n        continue-on-error: true\n"}, True),
        ({"after": "      - run: x\n        continue-on-error: true\n"}, True),
        ({"after": "  b:\n    continue-on-error: true\n    steps: []\n"}, True),
        ({"step": "        continue-on-error: false\n"}, True),
    ],
)
def test_a_step_that_may_fail_does_not_count(tmp_path: Path, parts: dict[str, str], counts: bool) -> None:
    text = STEP.format(**{"job": "", "before": "", "step": "", "after": "", **parts})
    (tmp_path / ".gitlab-ci.yml").write_text(text)
    assert bool(ci_commands(tmp_path)) is counts
