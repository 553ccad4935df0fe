"""`repro-audit scan` as a person or a CI job uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.report.schema.build import FILE

Command = Callable[..., Any]
"""The fixture `command`: words → exit code, stdout, stderr."""

DIRTY = "import numpy as np\n\nprint(np.random.rand(3))\n"
CLEAN = "import numpy as np\n\nnp.random.seed(0)\nprint(np.random.rand(3))\n"


def test_findings_exit_with_1_and_show_source_why_and_fix(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", ".")
    assert ran.code == 1
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert lines[0] == "train.py"
    source = next(index for index, line in enumerate(lines) if "print(np.random.rand(3))" in line)
    assert lines[source + 1].index("^") == lines[source].index("np.random.rand")
    assert any(line.startswith("  why ") for line in lines)
    assert any(line.startswith("  fix ") for line in lines)


def test_marks_stand_below_the_place_also_where_letters_are_written_as_escapes(command: Command, project: Path) -> None:
    (project / "train.py").write_text("import numpy as np\n\nx = 'é…'; print(np.random.rand(3))\n")
    lines = command("scan", ".", "--ascii").out.splitlines()
    source = next(index for index, line in enumerate(lines) if "\\xe9..." in line)
    assert lines[source + 1].index("^") == lines[source].index("np.random.rand")


def test_clean_project_exits_with_0(command: Command, project: Path) -> None:
    (project / "train.py").write_text(CLEAN)
    ran = command("scan", ".")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No findings in 1 file, 1 program, ")


def test_without_a_path_the_current_folder_is_scanned(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    assert command("scan").out == command("scan", ".").out


def test_missing_path_is_a_usage_error_that_names_it(command: Command) -> None:
    ran = command("scan", "nope/train.py")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "repro-audit: nope/train.py: no such file or folder\n"


def test_folder_without_python_is_inconclusive(command: Command) -> None:
    ran = command("scan", ".")
    assert ran.code == 4
    assert "Nothing was analysed" in ran.out


def test_exit_zero_reports_all_the_same(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", "--exit-zero")
    assert ran.code == 0
    assert "1 finding" in ran.out
    assert command("scan", "nope", "--exit-zero").code == 2


def test_json_is_valid_and_alone_on_stdout(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", ".", "--format", "json")
    content = json.loads(ran.out)
    jsonschema.Draft202012Validator(json.loads(FILE.read_text(encoding="utf-8"))).validate(content)
    assert content["findings"][0]["location"]["path"] == "train.py"


def test_sarif_tells_the_exit_code_of_the_command(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    invocation = json.loads(command("scan", "--format", "sarif").out)["runs"][0]["invocations"][0]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)
    invocation = json.loads(command("scan", "--format", "sarif", "--exit-zero").out)["runs"][0]["invocations"][0]
    assert invocation["exitCode"] == 0


@pytest.mark.parametrize("format_name", ["github", "gitlab", "sarif"])
def test_services_get_the_line_of_a_notebook_s_file(command: Command, project: Path, format_name: str) -> None:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1, "source": DIRTY.splitlines(True)}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (project / ".git").mkdir()
    (project / "nb").mkdir()
    (project / "nb" / "a.ipynb").write_text(json.dumps(notebook, indent=1))
    text = (project / "nb" / "a.ipynb").read_text()
    line = 1 + next(number for number, each in enumerate(text.split("\n")) if "rand(3)" in each)
    told = command("scan", "nb", "--format", format_name).out
    assert {"github": f",line={line},", "gitlab": f'"begin": {line}', "sarif": f'"startLine": {line},'}[
        format_name
    ] in told


def test_report_goes_to_a_file_and_the_answer_to_stderr(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", "--format", "json", "-o", "out.json")
    assert (ran.code, ran.out) == (1, "")
    assert "1 finding" in ran.err
    assert json.loads((project / "out.json").read_text())["format"] == "repro-audit-report"
    assert [path.name for path in project.iterdir() if path.name.startswith(".")] == []


def test_existing_file_is_overwritten_only_with_force(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    (project / "out.txt").write_text("precious")
    ran = command("scan", "-o", "out.txt")
    assert ran.code == 2
    assert "--force overwrites it" in ran.err
    assert (project / "out.txt").read_text() == "precious"
    assert command("scan", "-o", "out.txt", "--force").code == 1
    assert "train.py" in (project / "out.txt").read_text()


@pytest.mark.parametrize("target", ["missing/out.txt", "."])
def test_impossible_output_is_told_before_any_work(command: Command, target: str) -> None:
    ran = command("scan", "-o", target)
    assert ran.code == 2
    assert f"-o {target}: " in ran.err


def test_select_and_ignore_by_option_and_setting(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    assert command("scan", "--select", "RA6").code == 0
    assert command("scan", "--ignore", "RA102").code == 0
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.repro-audit]\nignore = ["unseeded-numpy"]\n')
    assert command("scan").code == 0
    assert command("scan", "--ignore", "RA6").code == 1


def test_unknown_rule_is_told(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", "--select", "unseeded-nunpy")
    assert ran.code == 2
    assert "unseeded-nunpy" in ran.err
    assert "did you mean" in ran.err


@pytest.mark.parametrize("prefix", ["--", "--min-"])
def test_severity_and_confidence_set_a_floor(command: Command, project: Path, prefix: str) -> None:
    (project / "train.py").write_text(DIRTY)
    assert command("scan", f"{prefix}severity", "error", f"{prefix}confidence", "high").code == 1
    (project / "train.py").write_text(
        "import torch\n\ntorch.backends.cudnn.benchmark = True\nprint(torch.ones(2).cuda())\n"
    )
    found = json.loads(command("scan", "--format", "json").out)["findings"]
    assert {finding["severity"] for finding in found} & {"warning", "note"}
    floor = json.loads(command("scan", f"{prefix}severity", "error", "--format", "json").out)["findings"]
    assert {finding["severity"] for finding in floor} <= {"error"}


def test_show_settings_says_where_each_comes_from(command: Command, project: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.repro-audit]\nexclude = ["old/"]\n')
    out = command("scan", "--show-settings", "--select", "RA1").out
    assert "select = RA1\n  from     option" in out
    assert f"exclude = old/\n  from     {project / 'pyproject.toml'}" in out


def test_syntax_error_is_skipped_and_counted(command: Command, project: Path) -> None:
    (project / "train.py").write_text(CLEAN)
    (project / "broken.py").write_text("def f(:\n")
    ran = command("scan", ".")
    assert ran.code == 0
    assert "Not analysed: 1\n  broken.py: " in ran.out


def test_output_is_the_same_byte_for_byte(project: Path) -> None:
    (project / "b.py").write_text(DIRTY)
    (project / "a.py").write_text(DIRTY.replace("rand(3)", "normal()"))
    outputs = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        for format_name in ("text", "sarif"):
            ran = subprocess.run(
                [sys.executable, "-m", "auditor", "scan", ".", "--format", format_name],
                cwd=project,
                env=environment,
                capture_output=True,
                check=False,
            )
            assert ran.returncode == 1
            outputs.add((format_name, ran.stdout))
    assert len(outputs) == 2


def test_closed_pipe_ends_silently(project: Path) -> None:
    for number in range(150):
        (project / f"train{number}.py").write_text(DIRTY)
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m auditor scan . --format json | head -c 10"],
        cwd=project,
        capture_output=True,
        check=False,
    )
    assert (len(ran.stdout), ran.stderr) == (10, b"")


@pytest.mark.parametrize("words", [[""], ["train.py", ""], ["-o", ""], ["--baseline="], ["--write-baseline", ""]])
def test_an_empty_word_names_no_file(command: Command, project: Path, words: list[str]) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", *words)
    assert (ran.code, ran.out) == (2, "")
    assert "a name was expected, and the word is empty" in ran.err


@pytest.mark.parametrize(
    "words", [["{}"], [".", "-o", "{}"], [".", "--write-baseline", "{}"], [".", "--baseline", "{}"]]
)
def test_a_path_that_the_system_refuses_is_no_bug_of_ours(command: Command, project: Path, words: list[str]) -> None:
    (project / "train.py").write_text(CLEAN)
    ran = command("scan", *(word.format("a" * 300) for word in words))
    assert (ran.code, ran.out) == (2, "")
    assert "File name too long" in ran.err
    assert "bug" not in ran.err


def test_settings_that_cannot_be_looked_for_are_none(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(project / ("a" * 300)))
    (project / "train.py").write_text(CLEAN)
    assert command("scan", ".").code == 0


def test_folders_of_the_user_do_not_lie_in_the_project(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard has variables with relative paths ignored."""
    monkeypatch.setenv("HOME", str(project.parent))
    for name in ("CACHE", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", "own")
    (project / "own" / "repro-audit").mkdir(parents=True)
    (project / "own" / "repro-audit" / "config.toml").write_text("nonsense")
    (project / "train.py").write_text(CLEAN)
    assert command("scan", "train.py").code == 0
    assert [path.name for path in (project / "own" / "repro-audit").iterdir()] == ["config.toml"]
    assert (project.parent / ".cache" / "repro-audit").is_dir()


def test_a_file_that_is_too_large_is_not_called_clean(command: Command, project: Path) -> None:
    with (project / "large.py").open("wb") as file:
        file.write(DIRTY.encode())
        file.truncate(5_000_000)
    (project / "train.py").write_text(CLEAN)
    assert "Not analysed: 1\n  large.py: too large: 5,000,000 bytes" in command("scan", ".").out
    ran = command("scan", "large.py")
    assert ran.code == 4
    assert "large.py: too large" in ran.out


@pytest.mark.parametrize(
    ("module", "words"), [("auditor.cli.printed", ["scan"]), ("auditor.cli.application", ["scan", "--nope"])]
)
def test_an_interrupt_before_the_work_is_told_in_one_line(project: Path, module: str, words: list[str]) -> None:
    """Ctrl-C while modules are loaded."""
    code = f"""
import sys, auditor.cli
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
sys.exit(auditor.cli.main({words!r}))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (130, "repro-audit: interrupted\n")


@pytest.mark.parametrize(
    ("inside", "scanned", "program"),
    [("", "part", "part/train.py"), ("part", ".", "train.py"), ("other", "../part", "../part/train.py")],
)
def test_commands_that_are_suggested_hold_where_they_are_typed(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch, inside: str, scanned: str, program: str
) -> None:
    """Places count from the top of the repository, commands from the folder that one is in."""
    for folder in (".git", "part", "other"):
        (project / folder).mkdir()
    (project / "part" / "train.py").write_text(DIRTY)
    monkeypatch.chdir(project / inside)
    told = command("scan", scanned).out
    assert told.startswith("part/train.py\n")
    assert f"  repro-audit run {program} --twice " in told
    accepted = command("scan", scanned, "--write-baseline", "known.json").out
    assert f" Next: repro-audit run {program} --twice\n" in accepted
    (project / "part" / "train.py").write_text(CLEAN)
    assert "`scan --write-baseline known.json` drops" in " ".join(
        command("scan", scanned, "--baseline", "known.json").out.split()
    )


def test_a_program_that_is_called_like_an_option_is_named_as_a_file(command: Command, project: Path) -> None:
    (project / "-train.py").write_text(DIRTY)
    assert "  repro-audit run ./-train.py --twice " in command("scan", ".").out
