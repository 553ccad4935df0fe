"""Actions of the app that need more than a line: copying, editing, panels, quitting."""

from __future__ import annotations

import os
import re
import tempfile
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from auditor.errors import ProgramError, ReproAuditError
from auditor.report.prose.numbers import count, duration
from auditor.tui import clipboard
from auditor.tui.editor import editor_command
from auditor.tui.gateway import ProgramRequest
from auditor.tui.launcher import default_request
from auditor.tui.messages import JobFailed, JobFinished

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.tui.app import AuditApp
    from auditor.tui.signs import Signs

TITLES = {"twice": "run twice", "overhead": "cost", "compare": "comparison", "profile": "operators"}
"""What the person asked for, where it is called otherwise than the job."""

_FROM_OUTSIDE = re.compile(r"@font-face\s*\{.*?\}|<!--.*?-->", re.DOTALL)  # fonts of a CDN, and a link


def copy(app: AuditApp, text: str) -> None:
    """Copy text, and say which way it went."""
    if not text:
        app.say("There is nothing to copy under the cursor.", "warning")
        return
    way = clipboard.copy(text, app.copy_to_clipboard)
    first = text.strip().splitlines()[0]
    more = f" and {len(text.splitlines()) - 1} more lines" if len(text.splitlines()) > 1 else ""
    app.say(
        f"Copied `{first}`{more} to the {way}." if not way.startswith("/") else f"Too long to copy: it is in {way}."
    )


def save_picture(app: AuditApp) -> None:
    """Write the screen to a file outside the project; it asks no network for fonts."""
    svg = _FROM_OUTSIDE.sub("", app.export_screenshot(title="repro-audit"))
    handle, name = tempfile.mkstemp(prefix="repro-audit-", suffix=".svg")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(svg)
    app.say(f"The screen is in {name}.")


def edit(app: AuditApp) -> None:
    """Open the editor at the place under the cursor, and scan again when it closes."""
    frame = app.current_frame
    place = frame.place() if frame is not None else None
    if place is None:
        app.say("No line of the project is known here.", "warning")
        return
    path = app.source.path(place)
    command = editor_command(path, place.line)
    if command is None:
        app.say(f"Set VISUAL or EDITOR; the line is {place.path}:{place.line}.", "warning")
        return
    if not path.is_file():
        app.say(f"{place.path} is not there any more; R scans the project again.", "warning")
        return
    try:
        with app.suspend():
            code = app.services.open_editor(command)
    except SuspendNotSupported:
        code = app.services.open_editor(command)
    except OSError as error:
        app.say(f"{command[0]} cannot be started: {error.strerror}; check VISUAL and EDITOR.", "warning")
        return
    app.say(f"Back from {place.path}:{place.line}." if code == 0 else f"{command[0]} ended with exit code {code}.")
    app.source.forget()
    if app.launcher.job is None:
        app.do_rescan()


def open_help(app: AuditApp) -> None:
    from auditor.tui.screens.modal import HelpPanel

    frame = app.current_frame
    pane = frame.active_pane if frame is not None else None
    if frame is not None and pane is not None:
        app.push_screen(HelpPanel(pane.id or "", pane.hint, frame.ACTIONS, app.signs))


def open_palette(app: AuditApp) -> None:
    from auditor.tui.screens.modal import Palette

    def chosen(name: str | None) -> None:
        if name is None:
            return
        if name.startswith("theme "):
            app.theme = name.removeprefix("theme ")
            app.say(f"Theme {app.theme}.")
        else:
            app.action_perform(name)

    app.push_screen(Palette(tuple(app.all_commands()), app.why_not, app.signs), chosen)


def ask_what_to_run(app: AuditApp, kind: str) -> None:
    """Open the dialog of a twice-run (`twice`) or of a cost measurement (`overhead`)."""
    from auditor.tui.screens.run_dialog import RunDialog

    start = app.launcher.run_twice if kind == "twice" else app.launcher.measure_overhead
    heading = "run twice" if kind == "twice" else "measure deterministic mode"
    dialog = RunDialog(
        heading, default_request(app.session), asks="runs" if kind == "overhead" else "isolate", signs=app.signs
    )

    def answered(request: ProgramRequest | None) -> None:
        if request is not None:
            start(request)
            app.show_frame("divergence" if kind == "twice" else "cost")
            app.say(f"Starting {request.command[-1] if len(request.command) == 1 else ' '.join(request.command[:3])}.")
            app.redraw()

    app.push_screen(dialog, answered)


def stop(app: AuditApp) -> None:
    """ctrl+c: copy a selection, else stop the job, else quit at the second time."""
    selected = app.screen.get_selected_text()
    if selected:
        copy(app, selected)
        app.screen.clear_selection()
    elif app.launcher.job is not None:
        app.launcher.cancel()
        app.say(f"Stopping: {app.launcher.job.title}. What was recorded is kept.", "warning")
    elif app.quit_asked:
        app.exit(0)
    else:
        app.quit_asked = True
        app.say("ctrl+c again quits; so does q.")
        app.set_timer(3, partial(setattr, app, "quit_asked", False))


def ask_to_quit(app: AuditApp) -> None:
    from auditor.tui.screens.modal import Question

    job = app.launcher.job
    if job is None:
        app.exit(0)
        return

    def answered(answer: str | None) -> None:
        if answer == "stop":
            app.launcher.cancel()
            app.exit(0)

    answers = (("s", "stop it, keep what was recorded, and quit", "stop"), ("n", "stay", "stay"))
    app.push_screen(Question(f"Still running: {job.title}", answers, app.signs), answered)


def show_messages(app: AuditApp) -> None:
    from auditor.tui.screens.modal import TextPanel

    app.push_screen(TextPanel("messages, the newest first", list(app.said), app.signs))


def show_log(app: AuditApp, run: RunRecord) -> None:
    """The end of a run's log, in a panel, and where all of it is."""
    from auditor.tui.screens.modal import TextPanel

    lines = app.services.log_tail(run) or ("The program printed nothing, or its log is gone.",)
    app.say(f"All of it: {run.folder}/program.log")
    app.push_screen(TextPanel(f"what {run.id} printed, to its end", lines, app.signs, at_end=True))


def show_operators(app: AuditApp, report: AuditReport) -> None:
    """The page of `repro-audit profile RUN`, in a panel."""
    from auditor.report import render
    from auditor.report.prose.profile import profile_headline
    from auditor.tui.screens.modal import TextPanel

    run = report.runs[0]
    if report.profile is not None:
        app.say(profile_headline(report.profile))
    app.push_screen(TextPanel(f"operators of {run.id}", render(report).splitlines(), app.signs))


def summary(message: JobFinished, signs: Signs) -> str:
    """One sentence on how a job ended, and the next step."""
    report = message.report
    took = duration(message.seconds)
    if message.kind == "scan":
        looked = report.scan.files if report.scan else 0
        if not looked and not report.findings and not message.cancelled:
            return f"Nothing was looked at: {_nothing_read(report)}"
        stopped = "Stopped, the rest was not looked at: " if message.cancelled else ""
        skipped = f" {len(report.skipped)} not analysed." if report.skipped else ""
        return f"{stopped}{count(len(report.findings), 'finding')} in {count(looked, 'file')} ({took}).{skipped}"
    if message.kind == "overhead" and report.overhead is not None:
        from auditor.tui.drawing.cost import ratio_text

        ratios = [f"{each.label} {ratio_text(each, signs)}" for each in report.overhead.ratios]
        return f"Measured in {took}: {', '.join(ratios) or 'no ratio; the notes say why'}."
    if report.verdict is not None:
        from auditor.tui.drawing.verdict import headline

        verdict = report.verdict
        why = verdict.causes[0].title if verdict.causes else next(iter(verdict.reasons), "")
        return f"{headline(verdict)}. {why} ({took})"
    return f"Done in {took}."


def _nothing_read(report: AuditReport) -> str:
    if report.skipped:
        return f"{count(len(report.skipped), 'file')} cannot be read; the list says why."
    return "there is no Python file here."


def show_failure(app: AuditApp, message: JobFailed) -> None:
    """Tell our own errors as they are; anything else is a bug of ours and says so."""
    from auditor.tui.screens.modal import TextPanel

    error = message.error
    text = str(error) if isinstance(error, ReproAuditError | OSError) else f"{type(error).__name__}: {error}"
    lines = [line for line in text.splitlines() if line.strip()] or [type(error).__name__]
    if not isinstance(error, ReproAuditError | OSError):
        lines.insert(0, "This is a bug in repro-audit, not in your program. Nothing was judged.")
    says_last = isinstance(error, ProgramError) or lines[0].startswith("This is")  # a failed program is quoted first
    app.say(lines[-1 if says_last else 0].strip(), "error")
    if len(lines) > 1:
        app.push_screen(TextPanel(f"{TITLES.get(message.kind, message.kind)}: failed", lines, app.signs, "error"))
