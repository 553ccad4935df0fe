"""`repro-audit doctor`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from auditor.cli.console import is_terminal, needs_ascii, use_color
from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import AsciiOption, ColorOption, PythonOption, StoreOption, page_text, settings_with
from auditor.cli.program import check_python
from auditor.cli.stdout import write_stdout

app = new_app()


@app.command(
    cls=GroupedCommand, epilog=examples("repro-audit doctor", "repro-audit doctor --python ../venv/bin/python")
)
def doctor(
    python: PythonOption = None,
    store: StoreOption = None,
    color: ColorOption = "auto",
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """Say what works on this machine, and what is missing for what. Exits with 1 where the main job cannot be done."""
    from auditor.report.prose.page import Page, Style
    from auditor.services.doctor import Check, Health, examine

    check_python(python)
    settings = settings_with(store)
    checks = (*examine(Path.cwd(), settings, python), Check(name="terminal", health=Health.WORKS, detail=_terminal()))
    styles = {Health.WORKS: Style.GOOD, Health.MISSING: Style.WARNING, Health.BROKEN: Style.ERROR}
    page = Page()
    for check in checks:
        page.add((f"{check.health.value:<8}", styles[check.health]), f" {check.name:<17} {check.detail}")
    write_stdout(page_text(page, color, ascii))
    return ExitCode.FOUND if any(check.health is Health.BROKEN for check in checks) else ExitCode.CLEAN


def _terminal() -> str:
    if not is_terminal(sys.stdout):
        return f"output is not a terminal (TERM={os.environ.get('TERM', 'not set')}); `tui` needs one"
    size = shutil.get_terminal_size()
    colour = "colour" if use_color("auto", sys.stdout) else "no colour"
    signs = "ASCII" if needs_ascii(sys.stdout) else "UTF-8"
    return f"{os.environ.get('TERM', '')}, {size.columns}×{size.lines}, {colour}, {signs}"
