"""Options that several commands share, and the decorator that adds the output options to a command."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.cli.console import Console, needs_ascii, use_color
from auditor.errors import UsageError
from auditor.model.lean import dataclass
from auditor.report import RenderOptions, formats
from auditor.report.prose.page import Page

SelectOption = Annotated[
    str | None,
    typer.Option("--select", metavar="RULES", help="Use these rules only: RA1,RA301 or names.", rich_help_panel="What"),
]
IgnoreOption = Annotated[
    str | None, typer.Option("--ignore", metavar="RULES", help="Leave these rules out.", rich_help_panel="What")
]
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="FOLDER", help="Where runs are kept.", rich_help_panel="Advanced"),
]

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.", rich_help_panel="Output")]
ColorOption = Annotated[
    str,
    typer.Option("--color", metavar="WHEN", help="auto, always or never; NO_COLOR counts.", rich_help_panel="Output"),
]
AsciiOption = Annotated[bool, typer.Option("--ascii", help="No character outside ASCII.", rich_help_panel="Output")]


def words(text: str | None) -> tuple[str, ...] | None:
    """Split `RA1, RA301` at commas; None stays None: not given."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where the report goes and how it looks."""

    format: str
    path: Path | None
    force: bool
    verbosity: int
    color: str
    ascii: bool
    progress: bool
    exit_zero: bool

    def console(self) -> Console:
        return Console(verbosity=self.verbosity)

    def check(self) -> None:
        """Raise `UsageError` for what would fail only after the work was done."""
        if self.format not in formats():
            raise UsageError(f"--format: there is no `{self.format}`; there are: {', '.join(formats())}")
        use_color(self.color, sys.stdout)
        if self.path is None:
            return
        if self.path.is_dir():
            raise UsageError(f"-o {self.path}: is a folder; name a file")
        if self.path.exists() and not self.force:
            raise UsageError(f"-o {self.path}: exists already; --force overwrites it")
        if not self.path.absolute().parent.is_dir():
            raise UsageError(f"-o {self.path}: the folder does not exist; make it first")

    def render_options(self, exit_code: int, prefix: str = "") -> RenderOptions:
        """How a report is written to where it goes; files get no colour."""
        on_screen = self.path is None
        return RenderOptions(
            color=on_screen and use_color(self.color, sys.stdout),
            ascii=self.ascii or (on_screen and needs_ascii(sys.stdout)),
            verbosity=self.verbosity,
            prefix=prefix,
            exit_code=exit_code,
        )


def page_text(page: Page, color: str, ascii: bool) -> str:  # noqa: A002
    """Return a page as stdout takes it."""
    return page.text(color=use_color(color, sys.stdout), ascii=ascii or needs_ascii(sys.stdout))


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, **{"rich_help_panel": "Output", **settings})


_OUTPUT_PARAMETERS = {
    "format": (str, _option("--format", metavar="FORMAT", help=f"Report format: {', '.join(formats())}."), "text"),
    "path": (
        Path | None,
        _option("-o", "--output", metavar="FILE", help="Write the report there, not to stdout."),
        None,
    ),
    "force": (bool, _option("--force", help="Overwrite FILE."), False),
    "quiet": (bool, _option("-q", "--quiet", help="The answer in one line, no progress."), False),
    "verbose": (bool, _option("-v", "--verbose", help="Also what was not looked at, programs, environments."), False),
    "exit_zero": (bool, _option("--exit-zero", help="Exit with 0 whatever was found; errors still show."), False),
    "color": (str, _option("--color", metavar="WHEN", help="auto, always or never; NO_COLOR counts."), "auto"),
    "ascii": (bool, _option("--ascii", help="No character outside ASCII."), False),
    "no_progress": (bool, _option("--no-progress", help="No progress on stderr."), False),
}


def with_output(function: Callable[..., int]) -> Callable[..., int]:
    """Replace a command's parameter `output` by the output options; it gets a checked `Output`."""

    @functools.wraps(function)
    def command(**values: Any) -> int:
        given = {name: values.pop(name) for name in _OUTPUT_PARAMETERS}
        quiet, verbose, no_progress = (given.pop(name) for name in ("quiet", "verbose", "no_progress"))
        if quiet and verbose:
            raise UsageError("-q and -v exclude each other")
        output = Output(**given, verbosity=int(verbose) - int(quiet), progress=not (quiet or no_progress))
        output.check()
        return function(**values, output=output)

    signature = inspect.signature(function, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "output"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
        for name, (kind, option, default) in _OUTPUT_PARAMETERS.items()
    ]
    command.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *added]}
    return command
