"""What `fix` prints for people: patches with their diffs, what is left to a person, what was applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from auditor.model.patch import Applicability
from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.place import place

if TYPE_CHECKING:
    from auditor.services.apply import Applied, Undone
    from auditor.services.fix import FixPlan, PlannedPatch
    from auditor.services.journal import Step

STYLES = {Applicability.SAFE: Style.GOOD, Applicability.UNSAFE: Style.WARNING, Applicability.DISPLAY: Style.NOTE}
FEW_FILES = 6
"""Files of a step that are named without being asked for."""

FEW_REASONS = 5
"""Reasons for which findings have no patch that are shown without being asked for."""


def add_patch(page: Page, patch: PlannedPatch) -> None:
    """Add one patch: what it does, where, how safe it is, its diff."""
    page.add(
        (patch.applicability.value, STYLES[patch.applicability]),
        (f" {patch.id}", Style.STRONG),
        f"  {place(patch.location)}",
    )
    page.sentence(patch.title, "  ")
    others = len(patch.finding_keys) - 1
    if others:
        page.sentence(f"also for {count(others, 'more finding')}: {', '.join(patch.rule_ids)}", "  ", Style.FAINT)
    if patch.effect:
        page.sentence(f"changes: {patch.effect}", "  ")
    add_diff(page, patch.diff)
    page.add()


def add_diff(page: Page, diff: str) -> None:
    """Add the lines of a unified diff."""
    for line in diff.splitlines():
        if line.startswith(("--- ", "+++ ")):
            style = Style.STRONG
        elif line.startswith("@@"):
            style = Style.NOTE
        else:
            style = {"+": Style.ADDED, "-": Style.REMOVED}.get(line[:1], Style.PLAIN)
        page.add((f"  {line.rstrip()}", style))


def add_plan(page: Page, plan: FixPlan, words: str = "", verbosity: int = 0) -> None:
    """Add every patch, what has none, and what to do next; `words`: what the command line named."""
    for patch in plan.patches:
        add_patch(page, patch)
    add_summary(page, plan)
    add_refused(page, plan, verbosity)
    _add_next_steps(page, plan, words)


def add_summary(page: Page, plan: FixPlan) -> None:
    """Add how many patches there are, of which kind."""
    findings = len(plan.report.findings)
    scan = plan.report.scan
    if not findings:
        files = count(scan.files, "file") if scan else "nothing"
        good = scan is not None and scan.files > 0
        text = f"Nothing to fix: no findings in {files}." if good else "Nothing was analysed: no file that can be read."
        page.sentence(text, style=Style.GOOD if good else Style.WARNING)
        return
    fixed = len(findings_of(plan.patches))
    numbers = [(sum(each.applicability is kind for each in plan.patches), kind.value) for kind in Applicability]
    kinds = ", ".join(f"{number} {_word(kind)}" for number, kind in numbers if number)
    told = f"{count(len(plan.patches), 'patch', 'patches')} for {fixed:,} of {count(findings, 'finding')}"
    page.sentence(f"{told}{f': {kinds}' if kinds else ''}.", style=Style.STRONG)


def add_refused(page: Page, plan: FixPlan, verbosity: int) -> None:
    """Add the findings that are left to a person, grouped by the reason; `-v` shows each with its advice."""
    if not plan.refused:
        return
    page.sentence(f"{count(len(plan.refused), 'finding')} left to a person:")
    if verbosity > 0:
        for refused in plan.refused:
            page.add(f"  {place(refused.location)} ", (refused.rule_id, Style.STRONG), f" {refused.reason}")
            page.sentence(refused.advice, "    ", Style.FAINT)
        return
    groups: dict[str, list[str]] = {}
    for refused in plan.refused:
        groups.setdefault(refused.reason, []).append(f"{refused.rule_id} {place(refused.location)}")
    ordered = sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    for reason, places in ordered[:FEW_REASONS]:
        more = f", and {len(places) - 2} more" if len(places) > 2 else ""
        page.sentence(f"{len(places)}  {reason} ({', '.join(places[:2])}{more})", "  ")
    if len(ordered) > FEW_REASONS or any(len(places) > 2 for places in groups.values()):
        page.sentence("-v shows every one of them, with what to do.", "  ", Style.FAINT)


def _add_next_steps(page: Page, plan: FixPlan, words: str) -> None:
    safe = _number(plan, Applicability.SAFE)
    unsafe = _number(plan, Applicability.UNSAFE)
    command = f"repro-audit fix {words}".rstrip()
    steps = [
        (f"{command} --apply", f"apply {_the(safe)} safe", safe),
        (f"{command} --apply --unsafe", f"{'also' if safe else 'apply'} {_the(unsafe)} unsafe", unsafe),
        (f"{command} --interactive", "be asked for each", safe or unsafe),
    ]
    offered = [(line, what) for line, what, number in steps if number]
    width = max((len(line) for line, _ in offered), default=0)
    page.add()
    for line, what in offered:
        page.add(f"  {line:<{width}}   {what}")


def _number(plan: FixPlan, applicability: Applicability) -> int:
    return sum(patch.applicability is applicability for patch in plan.patches)


def _the(number: int) -> str:
    return "the one that is" if number == 1 else f"the {number:,} that are"


def _word(applicability: str) -> str:
    return "to look at" if applicability == Applicability.DISPLAY.value else applicability


def findings_of(patches: Collection[PlannedPatch]) -> set[str]:
    """Keys of the findings that patches remove."""
    return {key for patch in patches for key in patch.finding_keys}


def add_applied(
    page: Page, plan: FixPlan, applied: Applied | None, left_out: Mapping[str, str], verbosity: int
) -> None:
    """Add what was written, and what was not."""
    if not plan.report.findings:
        add_summary(page, plan)
        return
    if applied is None:
        page.sentence("Nothing was applied.", style=Style.STRONG)
    else:
        for patch in plan.patches:
            if patch.id in applied.patches and verbosity >= 0:
                word = (patch.applicability.value, STYLES[patch.applicability])
                page.add(word, (f" {patch.id}", Style.STRONG), f"  {place(patch.location)}  {patch.title}")
        what = count(len(applied.patches), "patch", "patches")
        files = count(len(applied.files), "file")
        named = applied.files if verbosity > 0 else applied.files[:FEW_FILES]
        more = f" and {len(applied.files) - len(named):,} more" if len(named) < len(applied.files) else ""
        page.sentence(f"Applied {what} to {files} as {applied.step}: {', '.join(named)}{more}.", style=Style.GOOD)
    for patch_id, reason in left_out.items():
        page.sentence(f"{patch_id} was left out: {reason}", style=Style.WARNING)
    done = set(applied.patches if applied else ())
    rest = [patch for patch in plan.patches if patch.id not in done and patch.id not in left_out]
    for kind, how in (
        (Applicability.SAFE, "fix --apply applies them"),
        (Applicability.UNSAFE, "fix --apply --unsafe applies them"),
        (Applicability.DISPLAY, "to look at: they are never applied by us"),
    ):
        number = sum(patch.applicability is kind for patch in rest)
        if number:
            page.sentence(f"Not applied: {count(number, f'{kind.value} patch', f'{kind.value} patches')} ({how}).")
    if verbosity >= 0:
        add_refused(page, plan, verbosity)
    if applied is not None:
        page.add()
        page.add(f"  repro-audit fix --undo {applied.step}   take it back")


def add_undone(page: Page, undone: Undone) -> None:
    """Add what was taken back."""
    what = f"{undone.step}: {', '.join(undone.patches)}" if undone.patches else undone.step
    page.sentence(f"Undone {what}.", style=Style.GOOD)
    if undone.files:
        page.sentence(f"As before, to the byte: {', '.join(undone.files)}.")
    else:
        page.sentence("Its files already were as before.")


def add_log(page: Page, steps: Sequence[Step]) -> None:
    """Add one line a step, below it its patches and files with the beginning of their digests."""
    if not steps:
        page.sentence("Nothing was applied to this project so far.")
    for step in steps:
        state = ("applied", Style.GOOD)
        if step.undone_at:
            state = (f"undone {step.undone_at}", Style.FAINT)
        elif not step.is_finished:
            state = ("cut short; --undo puts the old contents back", Style.ERROR)
        page.add((step.id, Style.STRONG), f"  {step.applied_at}  ", state)
        for patch in step.patches:
            page.add(f"    {patch.id}  {patch.title}")
        for file in step.files:
            page.add((f"    {file.path}  {file.before[:12]} -> {file.after[:12]}", Style.FAINT))
