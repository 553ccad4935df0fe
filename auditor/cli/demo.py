"""`repro-audit demo`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import PythonOption, with_output
from auditor.cli.output import Output
from auditor.cli.program import check_python
from auditor.cli.stdout import write_stdout
from auditor.cli.working import working
from auditor.errors import UsageError
from auditor.report import render

app = new_app()
STORY = "digits"
EXAMPLES = (
    "repro-audit demo",
    "repro-audit demo digits",
    "repro-audit demo digits --folder story",
    "repro-audit demo numpy_augment --keep",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def demo(
    name: Annotated[
        str | None, typer.Argument(metavar="[SAMPLE]", help="Sample project, default: digits_embed; digits: all of it.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder and the runs; digits always does.")] = False,
    where: Annotated[
        Path | None, typer.Option("--folder", metavar="FOLDER", help="Work there, in a new folder; it is kept.")
    ] = None,
    python: PythonOption = None,
    *,
    output: Output,
) -> int:
    """See a planted fault found, in a temporary folder.

    `digits` is a story in eight chapters: suspicion, spread, first difference, patch, proof, cost, margins, report.
    Exits with 0 where the runs showed the fault, with 4 where they did not.
    """
    from auditor.model.verdict import Status
    from auditor.services.demo import DEFAULT, copy_sample, missing_packages
    from auditor.services.scan import scan
    from auditor.services.settings import Settings

    check_python(python)
    console = output.console()
    if name == STORY:
        return _story(where, python, output)
    folder = _folder(where)
    keep = keep or where is not None
    options = output.render_options(0)
    try:
        sample = copy_sample(name or DEFAULT, folder)
        settings = Settings(store=folder / "runs")
        write_stdout(f"{sample.name}: {sample.story}\n\n$ repro-audit scan .\n")
        write_stdout(render(scan([sample.folder], settings), output.format, options))
        if missing := missing_packages(python):
            console.note(
                f"\nThe sample cannot be run here: {', '.join(missing)} missing. pip install 'repro-audit[demo]'"
            )
            return ExitCode.INCONCLUSIVE
        from auditor.services.twice import TwiceOptions, run_twice

        write_stdout(f"\n$ repro-audit run {' '.join(sample.command[1:2])} --twice{_arguments(sample.command[2:])}\n")
        with working(output) as progress:
            report = run_twice(
                sample.command,
                cwd=sample.folder,
                settings=settings,
                options=TwiceOptions(python=python, quiet_program=True),
                progress=progress,
            )
        write_stdout(render(report, output.format, options))
    finally:
        if keep:
            console.note(f"\nkept: {folder}")
        else:
            _remove(folder)
    shown = report.verdict is not None and report.verdict.status is Status.DIVERGENT
    return ExitCode.CLEAN if shown else ExitCode.INCONCLUSIVE


def _arguments(words: tuple[str, ...]) -> str:
    return f" -- {' '.join(words)}" if words else ""


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _story(where: Path | None, python: Path | None, output: Output) -> int:
    from auditor.cli.demo_story import tell_story
    from auditor.services.demo import missing_packages
    from auditor.services.demo_story import StoryOptions

    if output.path is not None or output.format != "text":
        raise UsageError("demo digits: tells its story as text; its report is written as HTML beside the program")
    if missing := missing_packages(python):
        needed = f"{', '.join(missing)} missing. pip install 'repro-audit[demo]'"
        output.console().note(f"The story needs to run a program: {needed}")
        return ExitCode.INCONCLUSIVE
    return tell_story(_folder(where), StoryOptions(python=python), output)


def _folder(where: Path | None) -> Path:
    """A new folder: a temporary one, or the one that was named, which must not hold anything yet."""
    if where is None:
        return Path(tempfile.mkdtemp(prefix="repro-audit-demo-"))
    if where.exists() and (not where.is_dir() or any(where.iterdir())):
        raise UsageError(f"--folder {where}: is there and not empty; name a new folder")
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--folder {where}: cannot be made: {error.strerror}") from error
    return where.resolve()
