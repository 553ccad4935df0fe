"""`record`, `replay`, `tape` and `exec` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model.evidence import EvidenceKind
from auditor.runs.evidencefile import read_evidence
from auditor.runs.store import open_store

PROGRAM = "import os, sys\nprint(os.urandom(4).hex())\nif len(sys.argv) > 1:\n    sys.exit(int(sys.argv[1]))\n"


@pytest.fixture(autouse=True)
def program(project: Path) -> None:
    (project / "train.py").write_text(PROGRAM)


def test_a_program_is_recorded_shown_and_replayed(command: Any, project: Path) -> None:
    recorded = command("record", "--no-native", "train.py")
    assert recorded.code == 0
    assert recorded.err.startswith("recorded: 1 answers in 1 processes, ")
    replayed = command("replay", "run.tape")
    assert (replayed.code, replayed.out) == (0, recorded.out)
    assert replayed.err == "replayed: 1 process got what it had\n"
    (kept,), _ = read_evidence(open_store(project).root)
    assert (kept.kind, kept.command) == (EvidenceKind.REPLAY, ("python", "train.py"))
    shown = command("tape", "show", "run.tape")
    assert f"os.urandom               4 B {recorded.out.strip()}" in shown.out
    assert '"call": "os.urandom"' in command("tape", "show", "run.tape", "--json").out
    assert command("tape", "diff", "run.tape", "run.tape").out == "the two tapes hold the same requests\n"


def test_exit_codes_say_what_came_of_it(command: Any, project: Path) -> None:
    assert command("record", "-q", "--no-native", "-o", "t", "--", "python", "train.py", "0").code == 0
    failed = command("replay", "t", "train.py", "--", "7")
    assert (failed.code, failed.err.splitlines()[-1]) == (3, "repro-audit: the program failed with exit code 7")
    (project / "train.py").write_text("import os\nos.urandom(2)\n" + PROGRAM)
    changed = command("replay", "t")
    assert changed.code == 1
    assert "request 0 of process 0-0 is os.urandom (2 bytes) at train.py:2" in changed.err
    assert command("replay", "t", "--lenient").code == 1
    assert read_evidence(open_store(project).root) == ((), ())
    assert command("record", "--no-native", "-o", "u", "--", "python", "train.py", "5").code == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("replay", "nosuch"), "nosuch: no tape"),
        (("record", "--tape", "clock", "train.py"), "--tape: expected some of time, pid, host, listing, found `clock`"),
        (("record",), "nothing to run"),
        (("exec", "train.py"), "nothing to set"),
        (("exec", "--seed", "-1", "train.py"), "a seed is 0 or more"),
        (("tape", "show", "."), "no tape"),
        (("tape", "import", "nosuch.bin", "-o", "t"), "nosuch.bin: cannot be read"),
    ],
)
def test_mistakes_are_told_with_what_to_do(command: Any, words: tuple[str, ...], message: str) -> None:
    ran = command(*words)
    assert ran.code == 2
    assert ran.err.startswith("repro-audit: ")
    assert message in ran.err


def test_recording_over_a_tape_needs_force(command: Any) -> None:
    command("record", "-q", "--no-native", "train.py")
    refused = command("record", "--no-native", "train.py")
    assert (refused.code, "--force records over it" in refused.err) == (2, True)
    assert command("record", "-q", "--force", "--no-native", "train.py").code == 0


def test_differences_of_tapes_are_lines_of_json(command: Any, project: Path) -> None:
    command("record", "-q", "--no-native", "-o", "one", "train.py")
    (project / "train.py").write_text(PROGRAM.replace("urandom(4)", "urandom(6)"))
    command("record", "-q", "--no-native", "-o", "two", "train.py")
    assert command("tape", "diff", "one", "one", "--json").out == ""
    ran = command("tape", "diff", "one", "two", "--json")
    (found,) = map(json.loads, ran.out.splitlines())
    assert ran.code == 1
    assert (found["process"], found["stream"], found["index"]) == ("0-0", "main", 0)
    assert found["first"]["call"] == found["second"]["call"] == "os.urandom"
    assert [len(found[side]["payload"]) for side in ("first", "second")] == [8, 12]
    assert ran.out == command("tape", "diff", "one", "two", "--json").out
    assert found["text"] + "\n" == command("tape", "diff", "one", "two").out


def test_exec_prints_the_lines_for_a_launcher(command: Any) -> None:
    first, second = (command("exec", "--seed", "7", "--deterministic", "--threads", "1", "train.py") for _ in range(2))
    assert first == second
    assert "  export CUBLAS_WORKSPACE_CONFIG=:4096:8\n" in first.err
    assert "  export PYTHONHASHSEED=7\n" in first.err
    assert "torch.use_deterministic_algorithms(True)" in first.err
    assert command("exec", "-q", "--seed", "8", "train.py").out != first.out
