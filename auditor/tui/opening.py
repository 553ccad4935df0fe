"""Opens the app on a terminal, and sees to it that a lost terminal costs no run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from auditor.errors import UsageError
from auditor.tui import terminal, themes
from auditor.tui.app import AuditApp
from auditor.tui.gateway import real_services
from auditor.tui.session import Session
from auditor.tui.signs import ASCII, UNICODE

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.services.settings import Settings

STOPPING_S = 20
"""How long a program may take to end when our terminal is gone; then it is killed with us."""


def run(
    paths: Sequence[Path],
    runs: Sequence[str],
    settings: Settings,
    initial_report: AuditReport | None = None,
    *,
    ascii_only: bool = False,
    theme: str = "",
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
) -> int:
    """Open the TUI on a project and return an exit code.

    `paths` is what to scan; `runs` are two stored runs to compare at once, by id or folder, or one to look at. With
    `initial_report` there is nothing to do at the start. Raises `UsageError` where there is no terminal for it.
    """
    reason = terminal.refusal(stdin or sys.stdin, stdout or sys.stdout)
    if reason:
        raise UsageError(reason)
    if len(runs) > 2:
        raise UsageError(f"tui compares two runs, not {len(runs)}: {', '.join(runs)}")
    session = Session(root=_root(paths), paths=tuple(paths) or (Path.cwd(),), baseline=settings.baseline)
    if initial_report is not None:
        session.accept(initial_report)
    signs = ASCII if ascii_only or terminal.speaks_ascii() else UNICODE
    wanted = theme or os.environ.get("REPRO_AUDIT_THEME", "") or themes.TERMINAL
    with _no_color_kept():
        app = AuditApp(session, real_services(settings), signs=signs, theme=wanted, wanted_runs=runs)
    with _runs_kept(app):
        code = app.run()
    app.launcher.cancel()
    return code if code is not None else app.return_code or 0


def _root(paths: Sequence[Path]) -> Path:
    from auditor.static.files.discovery import find_root

    return find_root(list(paths) or [Path.cwd()])


@contextmanager
def _no_color_kept() -> Iterator[None]:
    """Textual takes NO_COLOR out of the environment; programs that we start need it."""
    before = os.environ.get("NO_COLOR")
    if before == "":  # set but empty means nothing, to everyone but Textual
        del os.environ["NO_COLOR"]
    try:
        yield
    finally:
        if before is not None:
            os.environ["NO_COLOR"] = before


@contextmanager
def _runs_kept(app: AuditApp) -> Iterator[None]:
    """When the connection ends, or a scheduler asks us to go, stop the job and wait until its run has a record.

    The screen is not taken down then: there is nothing to draw on any more.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        job = app.launcher.job
        if job is not None:
            job.cancel()
            job.wait(STOPPING_S)
        os._exit(128 + number)

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {each: signal.signal(each, stop) for each in numbers if signal.getsignal(each) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
