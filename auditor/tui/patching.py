"""Applying, taking back and trying patches: what is asked before, and what is said after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from auditor.errors import ConflictError
from auditor.model.patch import Applicability
from auditor.report.prose.numbers import count, duration
from auditor.tui.gateway import ProgramRequest
from auditor.tui.launcher import default_request

if TYPE_CHECKING:
    from auditor.services.fix import PlannedPatch
    from auditor.services.journal import Step
    from auditor.tui.app import AuditApp
    from auditor.tui.messages import PatchesWritten, ProofEnded, TrialEnded


def ask_to_apply(app: AuditApp, patches: Sequence[PlannedPatch], what: str, *, always: bool) -> None:
    """Apply patches, all or none. Asks for several, where one is not safe, and with `always`."""
    plan = app.session.desk.plan
    if plan is None or not patches:
        return
    ids = [patch.id for patch in patches]
    try:
        plan.texts(ids)
    except ConflictError as error:
        app.say(f"{error}. Nothing was applied.", "warning")
        return
    risky = [patch for patch in patches if patch.applicability is not Applicability.SAFE]
    if len(patches) == 1 and not risky and not always:
        app.launcher.apply(plan, ids)
        return

    def answered(answer: str | None) -> None:
        if answer == "apply" and not app.say_if_busy():
            app.launcher.apply(plan, ids)

    from auditor.tui.screens.modal import Question

    files = sorted({path for patch in patches for path in patch.files})
    lines = [f"Writes to {_some(files)}. u takes it back.", *_effects(risky, len(patches))]
    answers = (("y", "apply", "apply"), ("n", "leave the source as it is", "leave"))
    app.push_screen(Question(f"Apply {what}?", answers, app.signs, lines), answered)


def _some(words: Sequence[str]) -> str:
    """`a.py, b.py, c.py and 2 more`."""
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def _effects(risky: Sequence[PlannedPatch], total: int) -> list[str]:
    """One line for each different effect, with how many patches have it."""
    effects: dict[str, int] = {}
    for patch in risky:
        effect = patch.effect or "results or speed may change"
        effects[effect] = effects.get(effect, 0) + 1
    if total == 1:
        return [f"Unsafe: {effect}." for effect in effects]
    return [f"Unsafe, {count_patches(number)}: {effect}." for effect, number in effects.items()]


def count_patches(number: int) -> str:
    """`1 patch`, `3 patches`."""
    return count(number, "patch", "patches")


def ask_to_undo(app: AuditApp) -> None:
    """Take back the last step; asks where it is not of this session."""
    step = app.session.desk.last_step
    if step is None:
        return
    if step.id in app.session.desk.own_steps:
        app.launcher.undo(step.id)
        return
    from auditor.tui.screens.modal import Question

    def answered(answer: str | None) -> None:
        if answer == "undo" and not app.say_if_busy():
            app.launcher.undo(step.id)

    lines = [f"{patch.id}: {patch.title}" for patch in step.patches[:6]]
    if len(step.patches) > 6:
        lines.append(f"and {len(step.patches) - 6} more")
    lines.append(f"Writes to {_some([file.path for file in step.files])}.")
    answers = (("y", "put the old contents back", "undo"), ("n", "leave it applied", "leave"))
    app.push_screen(Question(f"Take back {step.id}, applied {when(step)}?", answers, app.signs, lines), answered)


def when(step: Step) -> str:
    """`2026-03-01 10:12 UTC`."""
    return f"{step.applied_at[:10]} {step.applied_at[11:16]} UTC"


def verify(app: AuditApp, patches: Sequence[PlannedPatch]) -> None:
    """Try patches with the program that ran last; ask what to run where there is none."""
    plan = app.session.desk.plan
    if plan is None:
        return
    ids = tuple(sorted(patch.id for patch in patches))
    try:
        plan.texts(ids)
    except ConflictError as error:
        app.say(f"{error}. Mark other patches.", "warning")
        return

    def start(request: ProgramRequest) -> None:
        app.launcher.verify(plan, ids, request)
        app.say(f"Copying the project, to run {' '.join(request.command)} there twice.", "accent")

    _with_program(app, "verify: run twice in a copy", start)


def prove(app: AuditApp) -> None:
    """Find the patches that the program needs; always asks what to run, since it takes many runs."""
    plan = app.session.desk.plan
    if plan is None:
        return

    def start(request: ProgramRequest) -> None:
        app.launcher.prove(plan, request)
        app.say(f"Copying the project, to run {' '.join(request.command)} there many times.", "accent")

    _with_program(app, "prove: many runs in a copy, to find the patches that are needed", start, always=True)


def _with_program(app: AuditApp, title: str, start: Callable[[ProgramRequest], None], *, always: bool = False) -> None:
    """Start with the program that ran last; ask for one where none did, and with `always`."""

    def answered(request: ProgramRequest | None) -> None:
        if request is not None and not app.say_if_busy():
            start(request)
            app.frame_changed()

    request = default_request(app.session)
    if not always and (app.session.command or app.session.runs):
        answered(request)
        return
    from auditor.tui.screens.run_dialog import RunDialog

    app.push_screen(RunDialog(title, request, asks="", signs=app.signs), answered)


def written(app: AuditApp, message: PatchesWritten) -> None:
    """Say what was written, and scan again."""
    result = message.result
    files = _some(result.files)
    what = name_of(result.patches)
    desk = app.session.desk
    if message.kind == "apply":
        desk.own_steps.add(result.step)
        desk.marked.clear()
        words = f"Applied {what} to {files}; u takes it back."
    else:
        words = (
            f"Took back {what}: {files} {'is' if len(result.files) == 1 else 'are'} as before."
            if files
            else f"{what} was taken back already."
        )
    app.launcher.list_steps()
    app.source.forget()
    app.say(words)
    app.launcher.scan(after=words)


def name_of(patches: Sequence[str]) -> str:
    """`RA301-4f09ab`, `3 patches`."""
    return patches[0] if len(patches) == 1 else count_patches(len(patches))


def tried(app: AuditApp, message: TrialEnded) -> None:
    """Keep what came out, and say it."""
    from auditor.tui.drawing.patch import trial_sentence

    session = app.session
    session.desk.keep_trial(message.trial)
    text, tone = trial_sentence(message.trial, session.first)
    hint = " a applies it." if tone == "good" else ""
    if tone == "good" and len(message.trial.patches) > 1:
        hint = " a applies them."
    app.say(f"{name_of(message.trial.patches)}: {text} ({duration(message.seconds)}).{hint}", tone)


def proved(app: AuditApp, message: ProofEnded) -> None:
    """Keep the proof, mark what it needs, and say what came out."""
    proof = message.report.proof
    if proof is None:
        return
    desk = app.session.desk
    desk.proof = proof
    if proof.price is not None:
        app.session.costed = message.report
    needed = [patch for patch in (desk.plan.patches if desk.plan else ()) if patch.id in proof.minimal]
    text = f"{proof.status.name}: {proof.reasons[0]}"
    if needed:
        desk.marked = {key for patch in needed for key in patch.finding_keys if app.session.finding(key)}
        text += f" {'It is' if len(needed) == 1 else 'They are'} marked; a applies."
    app.say(f"{text} ({duration(message.seconds)})", "good" if proof.minimal else "warning")
