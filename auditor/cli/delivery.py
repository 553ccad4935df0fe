"""The last step of a command: render the report, put it where it belongs, return the exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from auditor.cli.exit_codes import ExitCode, forgiving, of_report
from auditor.cli.options import Output
from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.report import render
from auditor.report.prose.answer import one_line


def deliver(report: AuditReport, output: Output) -> ExitCode:
    """Write the report to stdout or to the file that was asked for; return what the command exits with."""
    code = of_report(report)
    if output.exit_zero:
        code = forgiving(code)
    text = render(report, output.format, output.render_options(code))
    if output.path is None:
        write_stdout(text)
    else:
        _write_file(output.path, text)
        output.console().note(f"{one_line(report)}\nreport: {output.path}")
    return code


def write_stdout(text: str) -> None:
    """Write text as UTF-8, or as what the terminal takes. A reader that has gone ends the output, not the command."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def silence_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain about a closed pipe."""
    with contextlib.suppress(OSError, ValueError):  # a stdout that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
