"""How the probe gets into a program, and how it stays out of its way."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import auditor.probe
from auditor.model.run import Ending

PROBE = Path(auditor.probe.__file__).parent
BOOTSTRAP = PROBE / "bootstrap"

SHOW_STATE = """
import sys
print(sys.path)
print(sys.argv)
print("sitecustomize" in sys.modules)
print([type(finder).__name__ for finder in sys.meta_path if type(finder).__module__.startswith("_repro")])
"""


def python(*arguments: str, path: tuple[Path, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "REPRO_AUDIT"))}
    if path:
        variables["PYTHONPATH"] = os.pathsep.join(str(entry) for entry in path)
    return subprocess.run(
        [sys.executable, *arguments], env={**variables, **environment}, capture_output=True, text=True, check=False
    )


def test_without_its_variable_the_bootstrap_does_nothing() -> None:
    assert python("-c", SHOW_STATE, path=(BOOTSTRAP,)).stdout == python("-c", SHOW_STATE).stdout


def test_the_program_finds_its_own_path_and_arguments(audited: Any) -> None:
    run = audited.script(SHOW_STATE, "--epochs", "3")
    bare = audited.script(SHOW_STATE, "--epochs", "3", bare=True)
    printed, expected = audited.printed(run), audited.printed(bare)
    assert printed[:3] == expected[:3]
    assert printed[1] == "['program.py', '--epochs', '3']"


def test_neither_torch_nor_numpy_nor_random_is_imported_for_the_program(audited: Any) -> None:
    run = audited.script("import sys; print(sorted({'torch', 'numpy', 'random', 'xxhash'} & set(sys.modules)))")
    assert audited.printed(run) == ["[]"]


def test_the_users_own_sitecustomize_runs_and_takes_the_name(audited: Any) -> None:
    audited.write("site/sitecustomize.py", "print('user site')\nMARK = 7\n")
    run = audited.script(
        "import random, sitecustomize; random.seed(1); print(sitecustomize.MARK, sitecustomize.__file__)",
        environment={"PYTHONPATH": str(audited.project / "site")},
    )
    assert audited.printed(run) == ["user site", f"7 {audited.project}/site/sitecustomize.py"]
    assert len(run.processes) == 1


def test_an_error_in_the_users_sitecustomize_is_told_as_without_us(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise ValueError('mine')\n")
    ours = python("-c", "print('on')", path=(BOOTSTRAP, tmp_path))
    assert (ours.stdout, ours.returncode) == ("on\n", 0)
    assert ours.stderr == python("-c", "print('on')", path=(tmp_path,)).stderr


def test_without_a_sitecustomize_of_the_users_there_is_none_to_import(audited: Any) -> None:
    run = audited.script("""
        try:
            import sitecustomize
        except ImportError as error:
            print(error.name)
        """)
    assert audited.printed(run) == ["sitecustomize"]


@pytest.mark.parametrize(
    "breakage",
    [
        "raise RuntimeError('broken at import')",
        "def start():\n    raise RuntimeError('broken in start')",
        "def start():\n    raise OSError(28, 'No space left')",
        "syntax error (",
    ],
)
def test_a_broken_probe_leaves_the_program_its_output_and_exit_code(tmp_path: Path, breakage: str) -> None:
    broken = tmp_path / "probe"
    shutil.copytree(PROBE, broken, ignore=shutil.ignore_patterns("__pycache__"))
    (broken / "__init__.py").write_text(breakage)
    found = python(
        "-c",
        "print('trained'); raise SystemExit(7)",
        path=(broken / "bootstrap",),
        REPRO_AUDIT_PROBE='{"run_dir": "/x"}',
    )
    assert (found.stdout, found.returncode) == ("trained\n", 7)
    assert found.stderr.startswith("repro-audit: the probe could not start: ")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["{", '{"no_such_setting": 1}', "[]", '{"run_dir": "/no/such/folder"}'])
def test_settings_that_make_no_sense_leave_the_program_alone(text: str) -> None:
    found = python(
        "-c", "import random; random.seed(1); print(random.random())", path=(BOOTSTRAP,), REPRO_AUDIT_PROBE=text
    )
    assert (found.stdout, found.returncode) == ("0.13436424411240122\n", 0)


@pytest.mark.parametrize("part", ["writer", "rng/stdlib", "files", "context", "backends/dispatch", "callsite"])
def test_a_probe_with_a_broken_part_leaves_the_program_its_result(tmp_path: Path, part: str) -> None:
    broken = tmp_path / "probe"
    shutil.copytree(PROBE, broken, ignore=shutil.ignore_patterns("__pycache__"))
    (broken / f"{part}.py").write_text("raise RuntimeError('broken part')")
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    found = python(
        "-c",
        "import random; random.seed(1); print(random.random()); raise SystemExit(3)",
        path=(broken / "bootstrap",),
        REPRO_AUDIT_PROBE=f'{{"run_dir": "{run_dir}"}}',
    )
    assert (found.stdout, found.returncode) == ("0.13436424411240122\n", 3)


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_an_interpreter_that_ignores_the_environment_is_told_as_no_trace(audited: Any, flag: str) -> None:
    run = audited.run("python", flag, "-c", "import random; random.seed(1)")
    assert run.status.ending is Ending.FINISHED
    assert run.processes == ()
    assert any("no process left a trace" in note and "-I" in note for note in run.notes)


def test_errors_of_the_program_pass_through_untouched(audited: Any) -> None:
    text = "import random; random.seed(1)\ndef f():\n    raise KeyError('own')\nf()\n"
    run, bare = audited.script(text), audited.script(text, bare=True)
    assert audited.printed(run) == audited.printed(bare)
    assert run.status == bare.status
    assert run.status.ending is Ending.FAILED


def test_the_probe_keeps_to_the_syntax_of_python_3_8() -> None:
    files = sorted(PROBE.rglob("*.py"))
    assert len(files) > 15
    for file in files:
        ast.parse(file.read_text(), str(file), feature_version=(3, 8))


def test_the_probe_says_the_version_of_the_program() -> None:
    assert auditor.__version__ == auditor.probe.VERSION
