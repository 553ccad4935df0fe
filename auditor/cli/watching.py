"""`scan --watch`: the screen is cleared and written again after each change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.cli.console import is_terminal
from auditor.cli.delivery import rendered
from auditor.cli.exit_codes import ExitCode
from auditor.cli.output import Output
from auditor.cli.progress import choose_progress
from auditor.cli.stdout import write_stdout
from auditor.model.annotations import TYPE_CHECKING
from auditor.report.prose.numbers import count
from auditor.report.prose.place import place

if TYPE_CHECKING:
    from auditor.model.finding import Finding
    from auditor.services.check import CheckOptions
    from auditor.services.settings import Settings
    from auditor.services.watch import Scanned

CLEAR = "\x1b[H\x1b[2J"
SHOWN = 10
"""New and gone findings, and changed files, that are listed."""


def watch_and_print(
    paths: Sequence[Path], settings: Callable[[], Settings], options: CheckOptions, output: Output, root: Path
) -> ExitCode:
    """Scan and print until Ctrl-C, which ends it without a word, or until nobody reads any more."""
    from auditor.services.watch import watch

    console = output.console()
    clear = CLEAR if is_terminal(sys.stdout) else ""
    try:
        for scanned in watch(paths, settings, options, lambda: choose_progress(output.progress, lambda: False)):
            text = clear + _text(scanned, output, root)
            if not write_stdout(text):
                return ExitCode.CLEAN
            if scanned.problem:
                console.error(scanned.problem)
            now = time.strftime("%H:%M:%S")
            console.note(f"{now} watching {count(scanned.watched, 'file')}; ctrl-c ends")
    except KeyboardInterrupt:
        pass
    return ExitCode.INTERRUPTED


def _text(scanned: Scanned, output: Output, root: Path) -> str:
    """The report, then what the last change did to it."""
    lines = [f"changed: {_few(scanned.changed)}"] if scanned.changed else []
    if scanned.report is None:
        return "".join(f"{line}\n" for line in lines)
    text = rendered(scanned.report, output, root)[0]
    if output.format in ("text", "concise") and scanned.changed:
        reasons = {item.subject: item.reason for item in scanned.report.skipped}
        lines += [f"not analysed: {name}: {reasons[name]}" for name in scanned.changed if name in reasons]
        lines.append(f"since the last scan: {len(scanned.new):,} new, {len(scanned.gone):,} gone")
        lines += [f"  {word}  {_line(finding)}" for word, each in _told(scanned) for finding in each[:SHOWN]]
        return f"{text}\n" + "".join(f"{line}\n" for line in lines)
    return text


def _told(scanned: Scanned) -> tuple[tuple[str, Sequence[Finding]], ...]:
    return ("new ", scanned.new), ("gone", scanned.gone)


def _line(finding: Finding) -> str:
    return f"{place(finding.location)} {finding.rule_id}: {finding.message}"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
