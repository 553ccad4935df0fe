"""The last step of a command: render the report, put it where it belongs, return the exit code."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.exit_codes import ExitCode, forgiving, of_report
from auditor.cli.options import Output
from auditor.cli.stdout import write_stdout
from auditor.errors import UsageError
from auditor.report import render

if TYPE_CHECKING:
    from auditor.model.report import AuditReport


def deliver(report: AuditReport, output: Output) -> ExitCode:
    """Write the report to stdout or to the file that was asked for; return what the command exits with."""
    code = of_report(report)
    if output.exit_zero:
        code = forgiving(code)
    text = render(report, output.format, output.render_options(code))
    if output.path is None:
        write_stdout(text)
    else:
        from auditor.report.prose.answer import one_line

        _write_file(output.path, text)
        output.console().note(f"{one_line(report)}\nreport: {output.path}")
    return code


def _write_file(path: Path, text: str) -> None:
    """Write all of it or nothing."""
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
        raise UsageError(f"-o {path}: cannot be written: {error.strerror}") from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
