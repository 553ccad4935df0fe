"""Options that several commands share as Typer takes them, and the decorators that add options of the table."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.console import needs_ascii, use_color
from auditor.cli.option_table import IGNORE, OUTPUT, SELECT, OptionEntry
from auditor.cli.output import take_output
from auditor.cli.tape_options import MODULE, PYTHON
from auditor.errors import UsageError
from auditor.report.prose.page import Page

if TYPE_CHECKING:
    from auditor.services.settings import Settings


def typer_option(entry: OptionEntry) -> Any:
    """Return an entry of the table as Typer takes it."""
    flags = (
        [f"{yes}/{no}" for yes, no in zip(entry.flags, entry.negation, strict=True)] if entry.negation else entry.flags
    )
    return typer.Option(
        *flags,
        metavar=entry.metavar,
        help=entry.help,
        rich_help_panel=entry.group,
        min=entry.minimum,
        parser=named_path if entry.kind is Path else None,
    )


def named_path(word: str) -> Path:
    """Return a path. An empty word, mostly a variable of a shell that is not set, would be taken for this folder."""
    if not word:
        raise typer.BadParameter("a name was expected, and the word is empty.")
    return Path(word)


SelectOption = Annotated[str | None, typer_option(SELECT)]
IgnoreOption = Annotated[str | None, typer_option(IGNORE)]
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="FOLDER", help="Where runs are kept.", rich_help_panel="Advanced"),
]

ScriptArgument = Annotated[
    str | None, typer.Argument(metavar="[SCRIPT] [-- ARGS...]", help="Program; words after -- are its own.")
]
ModuleOption = Annotated[str | None, typer_option(MODULE)]
PythonOption = Annotated[Path | None, typer_option(PYTHON)]
StepsOption = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", min=1, help="Stop cleanly after N optimizer steps.", rich_help_panel="How"),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=1, help="A longer run has failed.", rich_help_panel="How"),
]
QuietProgramOption = Annotated[
    bool, typer.Option("--quiet-program", help="Hide what the program prints.", rich_help_panel="Output")
]

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.", rich_help_panel="Output")]
ColorOption = Annotated[
    str,
    typer.Option("--color", metavar="WHEN", help="auto, always or never; NO_COLOR counts.", rich_help_panel="Output"),
]
AsciiOption = Annotated[bool, typer.Option("--ascii", help="No character outside ASCII.", rich_help_panel="Output")]


def settings_with(store: Path | None, folder: Path | None = None) -> Settings:
    """Load the settings that hold for a folder (None: this one), with the store that an option names."""
    from auditor.services.settings import load_settings

    return load_settings(folder or Path.cwd(), {"store": None if store is None else store.absolute()})


def check_word(option: str, word: str, choices: Sequence[str]) -> None:
    """Raise `UsageError` where an option's word is none of those that it takes."""
    if word not in choices:
        raise UsageError(f"{option}: expected {_one_of(choices)}, found `{word}`")


def _one_of(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"


def page_text(page: Page, color: str, ascii: bool) -> str:  # noqa: A002
    """Return a page as stdout takes it."""
    return page.text(color=use_color(color, sys.stdout), ascii=ascii or needs_ascii(sys.stdout))


def with_options(table: Sequence[OptionEntry]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command that takes `**values` the options of a table, after the parameters that it names itself."""

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def command(**values: Any) -> int:
            return function(**values)

        return _declared(command, function, table, left_out="values")

    return decorate


def with_output(function: Callable[..., int]) -> Callable[..., int]:
    """Replace a command's parameter `output` by the output options; it gets a checked `Output`."""

    @functools.wraps(function)
    def command(**values: Any) -> int:
        own, output = take_output(values)
        return function(**own, output=output)

    return _declared(command, function, OUTPUT, left_out="output")


def _declared(
    command: Callable[..., int], function: Callable[..., int], table: Sequence[OptionEntry], left_out: str
) -> Callable[..., int]:
    """Let Typer see the parameters of `function`, the options of a table in the place of one of them."""
    signature = inspect.signature(function, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != left_out]
    added = [
        inspect.Parameter(
            entry.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=entry.default,
            annotation=Annotated[_type(entry), typer_option(entry)],
        )
        for entry in table
    ]
    command.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *added]}
    return command


def _type(entry: OptionEntry) -> Any:
    return entry.kind if entry.default is not None else entry.kind | None
