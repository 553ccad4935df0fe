"""Which program is audited: a script, a module, or any command after `--`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from auditor.cli.failures import WITH_PROGRAM
from auditor.errors import UsageError


def split_program(arguments: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """Split at the first `--` where the command launches a program; None where there is no `--`."""
    if arguments and arguments[0] in WITH_PROGRAM and "--" in arguments:
        at = arguments.index("--")
        return arguments[:at], tuple(arguments[at + 1 :])
    return arguments, None


def program_command(script: str | None, module: str | None, after: Sequence[str] | None) -> list[str]:
    """Return the command to launch; `after` are the words after `--`. A leading `python` is filled in later."""
    rest = list(after or ())
    if script is not None and module is not None:
        raise UsageError(f"name either a script ({script}) or a module (-m {module}), not both")
    if module is not None:
        return ["python", "-m", module, *rest]
    if script is not None:
        _check_script(script)
        return ["python", script, *rest]
    if not rest:
        raise UsageError("nothing to run: name a script, a module with -m, or a command after `--`")
    if rest[0] not in ("python", "python3") and not _is_command(rest[0]):
        raise UsageError(f"{rest[0]}: no such command; a script is named before `--`: repro-audit run train.py")
    return rest


def check_python(python: Path | None) -> None:
    """Raise `UsageError` where `--python` names nothing that can be executed."""
    if python is not None and not _is_command(str(python)):
        raise UsageError(f"--python {python}: no such interpreter")


def _is_command(name: str) -> bool:
    import shutil  # 2 ms, for what few lines name

    return shutil.which(name) is not None


def _check_script(script: str) -> None:
    path = Path(script)
    if not path.exists():
        hint = f"; did you mean -m {script}?" if "/" not in script and not script.endswith(".py") else ""
        raise UsageError(f"{script}: no such file{hint}")
    if path.is_dir() and not (path / "__main__.py").is_file():
        raise UsageError(f"{script}: is a folder without a __main__.py; name the script in it")
    if path.is_file() and not os.access(path, os.R_OK):
        raise UsageError(f"{script}: cannot be read")
