"""What `record`, `replay` and `exec` load before and after the program, and what the tape loads into it."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEVER = {
    "typer", "click", "rich", "textual", "torch", "numpy", "yaml", "argparse", "asyncio", "dataclasses", "hashlib",
    "importlib.metadata", "inspect", "platform", "tomllib", "typing", "auditor.cli.application", "auditor.runs.hotpath",
}  # fmt: skip
NEVER_INSIDE = {
    "hashlib", "asyncio", "joblib", "inspect", "typing", "subprocess", "tempfile", "taping.asyncio", "taping.joblib",
}  # fmt: skip
PATHS = os.pathsep.join([str(ROOT), *site.getsitepackages()])
PROGRAM = "import sys\nprint(*sorted(sys.modules), sep='\\n')\n"


def _run(code: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": PATHS, "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


def _loaded_by(words: list[str], folder: Path) -> tuple[set[str], set[str]]:
    """The modules that a command loads, and those that are loaded in the program that it runs."""
    code = f"import sys; before = set(sys.modules); from auditor.cli import main; code = main({words!r})"
    told = "print('ended with', int(code), *sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)"
    ran = _run(f"{code}; {told}", folder, "-S")
    _, ended, modules = ran.stderr.partition("ended with\n0\n")
    assert ended, ran.stderr
    return set(modules.splitlines()), set(ran.stdout.splitlines())


def test_tapes_start_without_front_ends_and_parsers_on_both_sides(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    alone = set(_run(PROGRAM, tmp_path).stdout.splitlines())
    for words in (
        ["record", "--no-native", "-o", "t", "program.py"],
        ["replay", "-q", "t"],
        ["exec", "--seed", "7", "--", "python", "program.py"],
    ):
        ours, inside = _loaded_by(words, tmp_path)
        assert "auditor.services.tape" in ours
        assert not ours & NEVER, words
        added = {name.removeprefix("_repro_audit_probe.") for name in inside - alone}
        assert "taping.sources" in added
        assert not added & NEVER_INSIDE, words
