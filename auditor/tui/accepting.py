"""Accepting findings into the baseline, and taking that back: what is asked before, and what is said after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.model.lean import replace
from auditor.report.prose.numbers import count
from auditor.services.baseline import FILE_NAME, shown_name
from auditor.tui.drawing.findings import place_of

if TYPE_CHECKING:
    from auditor.model.finding import Finding
    from auditor.model.known import KnownFinding
    from auditor.model.report import AuditReport
    from auditor.services.acceptance import BaselineChange
    from auditor.tui.app import AuditApp
    from auditor.tui.messages import BaselineWritten
    from auditor.tui.session import Session


def ask_to_accept(app: AuditApp, findings: Sequence[Finding]) -> None:
    """Ask for the reason, naming the file; the answer is written there."""
    from auditor.tui.screens.accept_dialog import AcceptDialog

    session = app.session
    path = _file(session)
    report, keys = _report(session, findings), [each.key for each in findings]

    def answered(reason: str | None) -> None:
        if reason is not None and not app.say_if_busy():
            app.launcher.accept(report, keys, path, reason)

    app.push_screen(AcceptDialog(_name(findings), _file_words(session, path), app.signs), answered)


def ask_to_take_out(app: AuditApp, findings: Sequence[Finding]) -> None:
    """Take findings out of the baseline, after a question that names the file and the reasons that go with them."""
    from auditor.tui.screens.modal import Question

    session = app.session
    path, keys = _file(session), [each.key for each in findings]

    def answered(answer: str | None) -> None:
        if answer == "take out" and not app.say_if_busy():
            app.launcher.take_out(keys, path)

    reasons = dict.fromkeys(reason for key in keys if (reason := session.known.get(key)))
    lines = [f"Writes to {shown_name(path, session.root)}. u takes it back."]
    lines += [f"Accepted because: {reason}" for reason in list(reasons)[:3]]
    answers = (("y", "take out: scans tell it again", "take out"), ("n", "leave the baseline as it is", "leave"))
    app.push_screen(Question(f"Take {_name(findings)} out of the baseline?", answers, app.signs, lines), answered)


def written(app: AuditApp, message: BaselineWritten) -> None:
    """Mark what the baseline knows now, and say what was written. Nothing is scanned: the source is the same."""
    session, change = app.session, message.change
    if message.kind == "take back":
        session.changes.pop()
    elif change.added or change.removed:
        session.changes.append((change, session.last_number))
        session.desk.marked.clear()
    names_file = session.baseline is not None
    session.baseline = change.path if change.path.exists() else None
    listed = {finding.key for finding in session.findings}
    session.known.update({entry.key: entry.reason for entry in change.added if entry.key in listed})
    for entry in change.removed:
        session.known.pop(entry.key, None)
    app.say(_sentence(change, session, is_undo=message.kind == "take back", names_file=names_file))


def _sentence(change: BaselineChange, session: Session, *, is_undo: bool, names_file: bool) -> str:
    file = shown_name(change.path, session.root)
    hint = "." if is_undo else "; u takes it back."
    if not change.added and not change.removed:
        return f"{file} is as it was: nothing in it had to change."
    if change.removed:
        gone = f" {file} is gone: nothing else was in it." if not change.path.exists() else ""
        return f"Took {_entries(change.removed)} out of {file}{hint}{gone}"
    rest = ""
    if not names_file and not is_undo:
        rest = f' Put `baseline = "{file}"` into the settings of the project, so that scans leave it out.'
    return f"{'Put back' if is_undo else 'Accepted'} {_entries(change.added)} into {file}{hint}{rest}"


def _file(session: Session) -> Path:
    """The baseline in force, else the one that would be made."""
    return session.baseline or session.root / FILE_NAME


def _file_words(session: Session, path: Path) -> str:
    """The file's name, and what is not to be expected of it."""
    name = shown_name(path, session.root)
    if not path.exists():
        return f"{name}, a new file"
    return name if session.baseline is not None else f"{name}, which the settings do not name"


def _report(session: Session, findings: Sequence[Finding]) -> AuditReport:
    """These findings with their rules; a finding that only a run named may come without them."""
    assert session.scanned is not None
    rules = {finding.rule_id: session.rule(str(finding.rule_id)) for finding in findings}
    return replace(
        session.scanned, findings=tuple(findings), rules=tuple(rule for rule in rules.values() if rule is not None)
    )


def _name(findings: Sequence[Finding]) -> str:
    """`RA301 at src/data.py:14`, `3 findings`."""
    if len(findings) == 1:
        return f"{findings[0].rule_id} at {place_of(findings[0].location)}"
    return count(len(findings), "finding")


def _entries(entries: Sequence[KnownFinding]) -> str:
    """`RA301 in src/data.py`, `3 findings`."""
    if len(entries) == 1:
        return f"{entries[0].rule_id} in {entries[0].path}"
    return count(len(entries), "finding")
