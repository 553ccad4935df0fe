"""What a scan of a small project loads: each module here is one that it was found to load once for nothing."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEVER = {
    "typer", "click", "rich", "textual", "torch", "numpy", "yaml", "argparse", "asyncio", "concurrent.futures",
    "configparser", "dataclasses", "difflib", "email", "hashlib", "importlib.metadata", "inspect", "json",
    "multiprocessing", "pickle", "pkgutil", "selectors", "shutil", "subprocess", "tempfile", "textwrap", "threading",
    "tokenize", "tomllib", "typing", "unicodedata",
}  # fmt: skip
PATHS = os.pathsep.join([str(ROOT), *site.getsitepackages()])
"""Without the `site` module nothing is loaded before us that could hide what we load."""

ANALYSIS = {"ast", "auditor.static.engine", "auditor.ruleset.loading", "auditor.static.project"}
PROGRAM = (
    "import numpy as np\n\n\ndef main():\n    print(np.random.rand(3))\n\n\nif __name__ == '__main__':\n    main()\n"
)


def loaded_by(words: list[str], folder: Path, *, done_before: bool = False) -> set[str]:
    """The modules that are loaded when `repro-audit WORDS` has ended, in a fresh interpreter."""
    code = f"import sys; before = set(sys.modules); from auditor.cli import main; code = main({words!r})"
    told = "print(int(code), *sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)"
    environment = {**os.environ, "PYTHONPATH": PATHS, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-S", "-c", f"{code}; {told}"]
    for _ in range(2 if done_before else 1):
        ran = subprocess.run(
            command, cwd=folder / "project", env=environment, capture_output=True, text=True, check=True
        )
    assert "numpy" in ran.stdout
    exit_code, *modules = ran.stderr.splitlines()
    assert exit_code == "1", ran.stderr
    return set(modules)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    (folder / "project").mkdir()
    (folder / "project" / "train.py").write_text(PROGRAM)
    (folder / "project" / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\n')
    (folder / "project" / ".gitignore").write_text("*.pyc\n/data/\n")
    loaded_by(["scan"], folder)  # the rules are compiled once and for all
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ["scan"],
        ["scan", "."],
        ["scan", ".", "--color", "always"],
        ["scan", "train.py", "--format", "concise", "--no-progress"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("cached", [False, True], ids=["analysed", "known"])
def test_a_scan_loads_no_front_end_no_framework_and_no_parser(words: list[str], cached: bool, folder: Path) -> None:
    loaded = loaded_by(words if cached else [*words, "--no-cache"], folder, done_before=cached)
    assert not loaded & NEVER
    if cached:
        assert not loaded & ANALYSIS


@pytest.mark.parametrize("name", ["json", "sarif", "github"])
def test_formats_for_machines_load_no_front_end_either(name: str, folder: Path) -> None:
    loaded = loaded_by(["scan", "--format", name, "--no-cache"], folder)
    assert f"auditor.report.{name}" in loaded
    assert not loaded & {"typer", "rich", "textual", "torch", "numpy", "yaml", "argparse"}


def test_reading_options_by_typer_gives_the_same_report(folder: Path) -> None:
    """The long way round, for a line that only Typer reads, ends at the same place."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    programs = (
        "from auditor.cli import main; main(['scan', '.', '--exit-zero'])",
        "from auditor.cli.application import run_command; run_command(['scan', '.', '--exit-zero'])",
    )
    outputs = [
        subprocess.run([sys.executable, "-c", code], cwd=folder / "project", env=environment, capture_output=True)
        for code in programs
    ]
    assert outputs[0].stdout == outputs[1].stdout != b""
    assert [ran.returncode for ran in outputs] == [0, 0]


def test_the_program_ends_with_the_exit_code_and_all_of_its_output(folder: Path) -> None:
    """A scan leaves without taking the interpreter apart: nothing that was written may be lost by that."""
    ran = subprocess.run(
        [sys.executable, "-m", "auditor", "scan", "--format", "json"],
        cwd=folder / "project",
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stdout.endswith(b"}\n")
    assert ran.stderr == b""


def test_printing_again_what_was_printed_loads_next_to_nothing(tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import auditor.cli.printed; print(*set(sys.modules) - before)"
    environment = {**os.environ, "PYTHONPATH": PATHS}
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    assert not loaded & {*NEVER, "re", "pathlib", "enum", "functools", "contextlib", "_pickle", "auditor.model.finding"}
    assert sum(name.startswith("auditor") for name in loaded) < 20
