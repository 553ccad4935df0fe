"""`repro-audit tape`: show, diff, import and export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import CONTEXT, GroupedCommand, examples, new_app, program_after
from auditor.cli.options import AsciiOption, JsonOption, page_text
from auditor.cli.stdout import write_stdout

if TYPE_CHECKING:
    from auditor.model.tape import TapeEntry

app = new_app("Look into tapes of recorded programs.")
TapeArgument = Annotated[Path, typer.Argument(metavar="TAPE", help="Folder that `record` made.")]


@app.callback()
def _group() -> None:
    """Look into tapes of recorded programs."""


@app.command(
    "show",
    cls=GroupedCommand,
    epilog=examples("repro-audit tape show run.tape", "repro-audit tape show run.tape --process 0-0.1 --json"),
    context_settings=CONTEXT,
)
def show(
    tape: TapeArgument,
    process: Annotated[str | None, typer.Option("--process", metavar="NAME", help="One process only: 0-0.1.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Entries of each process.")] = 200,
    everything: Annotated[bool, typer.Option("--all", help="Also what libraries ask for their own business.")] = False,
    as_json: JsonOption = False,
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """Print a tape, one entry a line: position, thread, call, size, line of source, first bytes."""
    from auditor.report.prose.page import Page
    from auditor.report.prose.tape import add_process, add_tape
    from auditor.services.tape_files import chosen, open_any

    opened = open_any(tape)
    processes = chosen(opened, process, everything)
    if as_json:
        for one in processes:
            for entry in one.entries[:limit]:
                value = {"process": one.name, **(_entry(entry) or {})}
                write_stdout(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n")
        return ExitCode.CLEAN
    page = Page()
    add_tape(page, opened)
    for one in processes:
        add_process(page, one, limit)
    write_stdout(page_text(page, "never", ascii))
    return ExitCode.CLEAN


@app.command(
    "diff",
    cls=GroupedCommand,
    epilog=examples("repro-audit tape diff a.tape b.tape", "repro-audit tape diff a.tape b.tape --json"),
    context_settings=CONTEXT,
)
def diff(
    one: Annotated[Path, typer.Argument(metavar="A", help="A tape.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    values: Annotated[bool, typer.Option("--values", help="Compare the bytes too, not only what was asked.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Say where two tapes first differ in what was asked for, process by process."""
    from auditor.report.schema.values import to_json
    from auditor.services.tape_files import differences, open_any

    found = differences(open_any(one), open_any(other), values=values)
    if as_json:
        for each in found:
            sides = {"first": _entry(each.first), "second": _entry(each.second)}
            write_stdout(json.dumps({**_plain(to_json(each)), **sides}, ensure_ascii=False, sort_keys=True) + "\n")
        return ExitCode.FOUND if found else ExitCode.CLEAN
    write_stdout("".join(f"{each.text}\n" for each in found) or "the two tapes hold the same requests\n")
    return ExitCode.FOUND if found else ExitCode.CLEAN


@app.command(
    "import",
    cls=GroupedCommand,
    epilog=examples("repro-audit tape import random.bin getrandom.bin -o run.tape -- python train.py"),
    context_settings=CONTEXT,
)
def import_tape(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of 68-byte heads and sized buffers.")],
    tape: Annotated[Path, typer.Option("-o", "--output", metavar="TAPE", help="Folder for the tape.")],
) -> int:
    """Make a tape of the two files that the interposer of the published method writes."""
    from auditor.services.tape_files import import_files

    count = import_files(files, tape, program_after(context) or ())
    write_stdout(f"{count} buffers in {tape}\n")
    return ExitCode.CLEAN


@app.command(
    "export",
    cls=GroupedCommand,
    epilog=examples("repro-audit tape export run.tape -o FOLDER"),
    context_settings=CONTEXT,
)
def export_tape(
    tape: TapeArgument,
    folder: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where the two files go.")],
    process: Annotated[str, typer.Option("--process", metavar="NAME", help="Process to export.")] = "0-0",
) -> int:
    """Write one process of a tape as the two files of the published method."""
    from auditor.services.tape_files import export_files

    for path, count in export_files(tape, process, folder):
        write_stdout(f"{path}: {count} buffers\n")
    return ExitCode.CLEAN


def _entry(entry: TapeEntry | None) -> dict[str, object] | None:
    """One request as JSON has it, its bytes in hexadecimal."""
    from auditor.report.schema.values import to_json

    return None if entry is None else {**_plain(to_json(entry)), "payload": entry.payload.hex()}


def _plain(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}
