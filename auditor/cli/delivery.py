"""The last step of a command: render the report, put it where it belongs, return the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from auditor.cli.exit_codes import ExitCode, forgiving, of_report
from auditor.cli.output import Output
from auditor.cli.stdout import write_stdout
from auditor.errors import UsageError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.report import render

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.model.report import AuditReport


_SUFFIXES = {
    "html": (".html", ".htm"),
    "json": (".json",),
    "markdown": (".md", ".markdown"),
    "sarif": (".sarif", ".json"),
    "junit": (".xml",),
    "gitlab": (".json",),
}
"""Format → how files of it are called; the others are plain text."""

_COUNT_FILE_LINES = frozenset({"github", "gitlab", "sarif"})
"""Formats of services that show a notebook as the text that it is kept as."""


def deliver(
    report: AuditReport,
    output: Output,
    root: Path | None = None,
    keep: Callable[[str, ExitCode], object] | None = None,
) -> ExitCode:
    """Write the report to stdout or to the file that was asked for; return what the command exits with.

    `root`: folder of the project; None means that of the runs, where there are any. `keep`: takes what was printed.
    """
    text, code = rendered(report, output, root)
    if output.path is None:
        if write_stdout(text) and keep is not None:
            keep(text, code)
    else:
        from auditor.report.prose.answer import one_line

        write_file(output.path, text, "-o")
        output.console().note(f"{one_line(report)}\nreport: {output.path}{_unexpected(output.path, output.format)}")
    return code


def _unexpected(path: Path, written: str) -> str:
    """What is in a file whose name says something else."""
    expected = _SUFFIXES.get(written, (".txt", ".text", ".log"))
    return f" (its format is {written}; --format chooses)" if path.suffix.lower() not in ("", *expected) else ""


def rendered(report: AuditReport, output: Output, root: Path | None) -> tuple[str, ExitCode]:
    """Return the report as it was asked for, and what the command exits with."""
    code = of_report(report)
    if output.exit_zero:
        code = forgiving(code)
    prefix = _below_repository(root, report)
    options = output.render_options(code, prefix, _ways(root))
    if root is not None and output.format in _COUNT_FILE_LINES:
        options = replace(options, in_files=_in_files(report, root, prefix))
    return render(report, output.format, options), code


def _in_files(report: AuditReport, root: Path, prefix: str) -> Mapping[Location, Location]:
    """Where cells of notebooks stand in their files."""
    from auditor.services.file_places import file_places  # few formats ask

    return file_places(report, root, prefix)


def _ways(root: Path | None) -> tuple[str, str] | None:
    """The project's folder and the current one; None where they are the same, or one is not known."""
    try:
        here = os.getcwd()
    except OSError:  # it is gone
        return None
    return (str(root), here) if root is not None and str(root) != here else None


def _below_repository(root: Path | None, report: AuditReport) -> str:
    """The project's folder below the top of its repository, as in `packages/train/`; empty where that is the top."""
    if root is None and report.runs:
        root = Path(report.runs[0].project)
    for folder in (root, *root.parents) if root is not None else ():
        if os.path.exists(folder / ".git"):
            inside = root.relative_to(folder).as_posix() if root is not None else "."
            return "" if inside == "." else f"{inside}/"
    return ""


def write_file(path: Path, text: str, option: str) -> None:
    """Write all of it or nothing; `option` is what named the file."""
    import tempfile  # reports go to stdout mostly

    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with open(handle, "wb") as file:
                file.write(text.encode("utf-8", "backslashreplace"))
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise UsageError(f"{option} {path}: cannot be written: {error.strerror}") from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
