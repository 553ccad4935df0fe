"""Parse the command line, call the command, turn every error into a message and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from auditor.cli import COMMANDS
from auditor.cli.console import Console
from auditor.cli.exit_codes import ExitCode, of_error
from auditor.cli.help import CONTEXT, Invocation
from auditor.cli.stdout import silence_stdout
from auditor.cli.version import version_line
from auditor.errors import ProgramError, ReproAuditError

NAME = "repro-audit"
WITH_PROGRAM = ("run", "overhead", "record", "replay", "exec", "tape")
"""Commands for which everything after `--` belongs to the program."""


EXTRAS = {"numpy": "torch", "torch": "torch"}
"""Package that some commands need → the extra that brings it."""


class CommandGroup(TyperGroup):
    """All commands by name; a command's module is imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"auditor.cli.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # read for "did you mean"
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    name=NAME,
    cls=CommandGroup,
    help="Finds what makes a training script give another result each time.",
    epilog="COMMAND -h is short help, COMMAND --help all of it.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(version_line())
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show versions.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """What holds for all commands."""


def split_program(arguments: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """Split at the first `--` where the command launches a program; None where there is no `--`."""
    if arguments and arguments[0] in WITH_PROGRAM and "--" in arguments:
        at = arguments.index("--")
        return arguments[:at], tuple(arguments[at + 1 :])
    return arguments, None


def run_command(arguments: list[str]) -> int:
    """Run one command line; return the exit code."""
    ours, program = split_program(arguments)
    short = "-h" in ours
    ours = ["--help" if word == "-h" else word for word in ours] or ["--help"]
    console = Console()
    try:
        result = typer.main.get_command(app).main(
            args=ours,
            prog_name=NAME,
            standalone_mode=False,
            obj=Invocation(program=program, short_help=short),
        )
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
    if not arguments:
        return ExitCode.USAGE
    return int(result) if isinstance(result, int) else ExitCode.CLEAN


def _unexpected(error: Exception, arguments: list[str], console: Console) -> ExitCode:
    """Tell a mistake on the command line, or a bug of ours: then where the details are."""
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # Typer's own, by whatever name
        context = getattr(error, "ctx", None)
        path = getattr(context, "command_path", NAME)
        message = error.format_message()
        if arguments and arguments[0] in WITH_PROGRAM and "No such option" in message:
            message += f"\nOptions of the program go after `--`: {path} train.py -- --epochs 1"
        console.error(f"{message}\nTry `{path} -h`.")
        return ExitCode.USAGE
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        extra = EXTRAS[error.name]
        console.error(f"this command needs {error.name} where repro-audit is installed: pip install '{NAME}[{extra}]'")
        return ExitCode.USAGE
    log = _write_crash_log(arguments)
    console.error(
        f"this is a bug in repro-audit, not in your program: {type(error).__name__}: {error}\n"
        f"Details are in {log}. Nothing was judged. The command was: {NAME} {' '.join(arguments)}"
    )
    return ExitCode.USAGE


def _write_crash_log(arguments: list[str]) -> str:
    """Write the traceback to the user's state folder, or to a temporary one; return where it is."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path(os.environ.get("HOME", "~")).expanduser() / ".local" / "state")
    text = f"{NAME} {' '.join(arguments)}\npython {sys.version}\n\n{traceback.format_exc()}"
    folder = Path(state) / "repro-audit" / "crashes"
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
