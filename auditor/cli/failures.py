"""Turn everything that can go wrong in a command into a message and an exit code."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Sequence

from auditor.cli.console import Console
from auditor.cli.exit_codes import ExitCode, of_error
from auditor.cli.stdout import silence_stdout
from auditor.errors import ProgramError, ReproAuditError

NAME = "repro-audit"
WITH_PROGRAM = ("run", "profile", "overhead", "variance", "noise", "record", "replay", "exec", "tape")
"""Commands for which everything after `--` belongs to the program."""

EXTRAS = {"numpy": "torch", "torch": "torch"}
"""Package that some commands need → the extra that brings it."""

OWN = {"libcst": "libcst", "yaml": "pyyaml", "xxhash": "xxhash", "rich": "rich", "textual": "textual", "tomli": "tomli"}
"""Module of a package that an installation always has → what pip calls it; a copy of the source may lack it."""

_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE})
"""Errors that no program can prevent: a full or broken disk, a terminal that is gone, too many open files."""


def guarded(work: Callable[[], int], arguments: Sequence[str]) -> int:
    """Return what `work` returns, or the exit code of its error after telling what it was."""
    console = Console()
    try:
        code = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        console.error("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return ExitCode.CLEAN
    except ReproAuditError as error:
        quoted, _, message = str(error).rpartition("\n") if isinstance(error, ProgramError) else ("", "", str(error))
        console.error(message, quoted)
        return of_error(error)
    except Exception as error:
        return _unexpected(error, arguments, console)
    return code


def _unexpected(error: Exception, arguments: Sequence[str], console: Console) -> ExitCode:
    """Tell a mistake on the command line, or a bug of ours: then where the details are."""
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # Typer's own, by whatever name
        context = getattr(error, "ctx", None)
        path = getattr(context, "command_path", NAME)
        message = _in_full(error.format_message(), getattr(context, "command", None))
        if arguments and arguments[0] in WITH_PROGRAM and "No such option" in message:
            message += f"\nOptions of the program go after `--`: {path} train.py --twice -- --epochs 1"
        console.error(f"{message}\nTry `{path} -h`.")
        return ExitCode.USAGE
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        extra = EXTRAS[error.name]
        console.error(f"this command needs {error.name} where repro-audit is installed: pip install '{NAME}[{extra}]'")
        return ExitCode.USAGE
    if isinstance(error, ModuleNotFoundError) and error.name in OWN:
        console.error(f"this command needs {error.name} where repro-audit is installed: pip install {OWN[error.name]}")
        return ExitCode.USAGE
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        where = f"{error.filename}: " if error.filename else ""
        console.error(f"{where}{error.strerror}; what this command writes is not complete")
        silence_stdout()  # what is left in the buffer would fail once more when the interpreter ends
        return ExitCode.USAGE
    if isinstance(error, FileNotFoundError) and error.filename is None and _is_folder_gone():
        console.error("the folder that this was started in does not exist any more; change to one that does")
        return ExitCode.USAGE
    log = _write_crash_log(arguments)
    console.error(
        f"this is a bug in repro-audit, not in your program: {type(error).__name__}: {error}\n"
        f"Details are in {log}. Nothing was judged. The command was: {NAME} {' '.join(arguments)}"
    )
    return ExitCode.USAGE


def _is_folder_gone() -> bool:
    import os  # what only a failure needs is loaded for it

    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _in_full(message: str, command: object) -> str:
    """Name the commands where one is missing."""
    names = getattr(command, "commands", None)
    return f"name what to do: {', '.join(names)}" if message == "Missing command." and names else message


def _write_crash_log(arguments: Sequence[str]) -> str:
    """Write the traceback to the user's state folder, or to a temporary one; return where it is."""
    import tempfile  # what only a bug needs is loaded for it
    import traceback
    from pathlib import Path

    from auditor.model.home import NOWHERE, base_folder

    text = f"{NAME} {' '.join(arguments)}\npython {sys.version}\n\n{traceback.format_exc()}"
    folder = Path(base_folder("XDG_STATE_HOME", ".local/state") or NOWHERE) / "repro-audit" / "crashes"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix="crash-", suffix=".log", text=True)
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        return f"no file ({folder}: {error.strerror}); here they are:\n{text}"
    return name
