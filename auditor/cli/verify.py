"""`repro-audit fix --verify`: its options, and the way from a command in quotes to a proof."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver, write_file
from auditor.cli.output import Output
from auditor.cli.program import check_python, program_command
from auditor.cli.working import working
from auditor.errors import UsageError
from auditor.model.lean import dataclass

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.services.progress import Progress
    from auditor.services.settings import Settings

FORMATS = ("text", "json", "markdown", "diff")
PANEL = "Proof"

VerifyOption = Annotated[
    str | None,
    typer.Option(
        "--verify", metavar="COMMAND", help='Prove by running, in a copy: "train.py -- ARGS".', rich_help_panel=PANEL
    ),
]
StepsOption = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", min=1, help="Stop each run after N optimizer steps.", rich_help_panel=PANEL),
]
RunsOption = Annotated[
    int,
    typer.Option("--runs", metavar="N", min=0, help="Timed runs of each version; 0: no price.", rich_help_panel=PANEL),
]
MaxRunsOption = Annotated[
    int,
    typer.Option("--max-runs", metavar="N", min=3, help="Most traced runs of one version.", rich_help_panel=PANEL),
]
ConfidenceOption = Annotated[
    float,
    typer.Option("--confidence", metavar="SHARE", help="How sure a proof has to be.", rich_help_panel=PANEL),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=1, help="A longer run has failed.", rich_help_panel=PANEL),
]
FreshOption = Annotated[
    bool,
    typer.Option("--fresh", help="Each run starts without what earlier ones wrote.", rich_help_panel=PANEL),
]
PythonOption = Annotated[
    Path | None,
    typer.Option("--python", metavar="PATH", help="Interpreter of the program.", rich_help_panel=PANEL),
]
WritePatchOption = Annotated[
    Path | None,
    typer.Option("--write-patch", metavar="FILE", help="Write the proven patches there.", rich_help_panel=PANEL),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the options ask for."""

    command: str
    steps: int | None
    runs: int
    max_runs: int
    confidence: float
    timeout: float | None
    fresh: bool
    python: Path | None
    write_patch: Path | None


def verified_command(text: str) -> list[str]:
    """The command of `--verify`: `train.py -- ARGS`, `-m package.train -- ARGS`, or the words of any command."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--verify {text!r}: {error}") from error
    if not words:
        raise UsageError('--verify: nothing to run; name the program: --verify "train.py -- --epochs 1"')
    before, after = words, []
    if "--" in words:
        at = words.index("--")
        before, after = words[:at], words[at + 1 :]
    if before[:1] == ["-m"] and len(before) > 1:
        return program_command(None, before[1], [*before[2:], *after])
    if before and before[0].endswith(".py"):
        return program_command(before[0], None, [*before[1:], *after])
    return program_command(None, None, [*before, *after])


def check_wish(wish: Wish, format: str) -> None:  # noqa: A002
    """Raise `UsageError` for what would fail only after the work was done."""
    if format not in FORMATS:
        raise UsageError(f"--format: a proof has no `{format}`; there are: {', '.join(FORMATS)}")
    check_python(wish.python)
    patch = wish.write_patch
    if patch is not None and (patch.is_dir() or not patch.absolute().parent.is_dir()):
        raise UsageError(f"--write-patch {patch}: {'is a folder' if patch.is_dir() else 'the folder does not exist'}")
    if patch is not None and patch.exists():
        raise UsageError(f"--write-patch {patch}: exists already; delete it or choose another name")


def prove(wish: Wish, paths: Sequence[Path], patches: Sequence[str], settings: Settings, output: Output) -> int:
    """Verify, print the report, write the patch file; return the exit code."""
    command = verified_command(wish.command)
    with working(output) as progress:
        report = _report(command, wish, paths, patches, settings, progress)
    if output.format == "diff":
        from auditor.cli.exit_codes import of_report
        from auditor.cli.stdout import write_stdout

        write_stdout(report.proof.diff if report.proof is not None else "")
        code = of_report(report)
    else:
        code = deliver(report, output)
    if wish.write_patch is not None:
        _write_patch(report, wish.write_patch, output)
    return code


def _report(
    command: list[str],
    wish: Wish,
    paths: Sequence[Path],
    patches: Sequence[str],
    settings: Settings,
    progress: Progress,
) -> AuditReport:
    from auditor.services.fix import plan_fixes
    from auditor.services.program import script_of
    from auditor.services.verify import VerifyOptions, verify
    from auditor.static.files.discovery import find_root

    options = VerifyOptions(
        steps=wish.steps,
        timeout_s=wish.timeout,
        python=None if wish.python is None else wish.python.absolute(),
        confidence=wish.confidence,
        max_runs=wish.max_runs,
        timed_runs=wish.runs,
        fresh=wish.fresh,
    )
    options.check()
    root = find_root([script_of(command, Path.cwd()) or Path.cwd()])
    plan = plan_fixes(list(paths) or [root], settings, progress)
    if patches:
        plan = plan.only(patches)
    return verify(command, plan, cwd=Path.cwd(), settings=settings, options=options, progress=progress)


def _write_patch(report: AuditReport, path: Path, output: Output) -> None:
    diff = report.proof.diff if report.proof is not None else ""
    if not diff:
        output.console().note(f"no patch file: there is no proven patch to write to {path}")
        return
    write_file(path, diff, "--write-patch")
    output.console().note(f"patch: {path} (git apply {shlex.quote(str(path))})")
