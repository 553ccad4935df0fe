"""Help pages: options in groups, examples last, a short form that fits on a small screen."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer
from typer.core import TyperCommand, TyperGroup

from auditor.model.annotations import Any
from auditor.model.lean import dataclass

GROUPS = ("What", "How", "Proof", "Output", "Advanced")
_OTHER_NAMES = re.compile(r"^(--[\w-]+)(?:, --[\w-]+)+")
"""Of an option: `, --min-severity` of `--severity, --min-severity LEVEL`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What the command line held besides the command's own options."""

    program: tuple[str, ...] | None = None
    """The words after `--`; None where there was no `--`."""

    short_help: bool = False


def program_after(context: typer.Context) -> tuple[str, ...] | None:
    """Return the words after `--`; None where there was no `--`."""
    return context.obj.program if isinstance(context.obj, Invocation) else None


class GroupedCommand(TyperCommand):
    """A command whose options stand under the names of `GROUPS`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _write_groups(self.get_params(ctx), ctx, formatter)


class GroupedGroup(TyperGroup):
    """The same for a command that has commands of its own."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        _write_groups(self.get_params(ctx), ctx, formatter)


def _write_groups(params: Sequence[Any], ctx: Any, formatter: Any) -> None:
    short = isinstance(ctx.obj, Invocation) and ctx.obj.short_help
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in GROUPS}
    for param in params:
        if row := param.get_help_record(ctx):
            name, text = row
            rows = groups[getattr(param, "rich_help_panel", None) or ("Advanced" if param.name == "help" else "What")]
            rows.append((_OTHER_NAMES.sub(r"\1", name) if short else name, text))
    for name, rows in groups.items():
        if rows and not (short and name != "What"):
            with formatter.section(name):
                formatter.write_dl(rows)
    if short:
        formatter.write_paragraph()
        formatter.write_text("--help shows all options.")


def examples(*lines: str) -> str:
    """Return an epilog that lists example commands, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def new_app(help: str | None = None) -> typer.Typer:  # noqa: A002
    """Return an empty Typer application that prints plain help and leaves errors to us."""
    return typer.Typer(
        help=help,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings=CONTEXT,
    )


CONTEXT: dict[str, Any] = {"help_option_names": ["--help"], "max_content_width": 100}
