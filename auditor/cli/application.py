"""Parse the command line, call the command, turn every error into a message and an exit code."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from auditor.cli import COMMANDS
from auditor.cli.exit_codes import ExitCode
from auditor.cli.failures import NAME, guarded
from auditor.cli.help import CONTEXT, Invocation
from auditor.cli.program import split_program
from auditor.cli.version import version_line


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


def run_command(arguments: list[str]) -> int:
    """Run one command line; return the exit code."""
    ours, program = split_program(arguments)
    short = "-h" in ours
    ours = ["--help" if word == "-h" else word for word in ours] or ["--help"]

    def work() -> int:
        result = typer.main.get_command(app).main(
            args=ours,
            prog_name=NAME,
            standalone_mode=False,
            obj=Invocation(program=program, short_help=short),
        )
        if not arguments:
            return ExitCode.USAGE
        return int(result) if isinstance(result, int) else ExitCode.CLEAN

    return guarded(work, arguments)
