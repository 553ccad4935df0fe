"""Keys of the findings screen that act on patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.patch import Applicability
from auditor.tui.commands import Command
from auditor.tui.screens.frame import FrameScreen

if TYPE_CHECKING:
    from auditor.model.finding import Finding
    from auditor.services.fix import PlannedPatch

ACTIONS = (
    Command("apply", "a", "apply", "Apply this patch, or those of the marked findings as one step", True),
    Command("verify", "v", "verify", "Try the patch in a copy: run the program there twice", True),
    Command("prove", "V", "prove", "Find out which patches the program needs, and their price; many runs in a copy"),
    Command("undo", "u", "undo", "Take back what was applied or accepted last; patches also on a later day", True),
    Command("apply_rule", "A", "apply all", "Apply all patches of this rule; asks once"),
    Command("mark", "space", "mark", "Mark the finding; a, v and x act on the marked"),
    Command("mark_all", "asterisk", "mark all", "Mark all listed findings that have a patch, or none"),
    Command("beside", "d", "side by side", "Show the patch side by side or unified, from 120 columns on"),
)


class PatchCommands(FrameScreen):
    """Needs a list of findings, one of which is the current one."""

    listed: list[Finding]
    current: Finding | None

    def chosen_keys(self) -> tuple[str, ...]:
        """Findings that are marked and listed, else the current one."""
        marked = self.session.desk.marked
        if marked:
            return tuple(finding.key for finding in self.session.findings if finding.key in marked)
        return (self.current.key,) if self.current is not None else ()

    def why_no_patch(self, keys: tuple[str, ...]) -> str:
        """Why nothing can be done with the patches of these findings; empty if something can."""
        desk = self.session.desk
        if not keys:
            return "There is no finding here."
        patches = desk.of_findings(keys)
        if not patches and len(keys) == 1:
            return f"No patch: {desk.why_none(keys[0])}."
        if not patches:
            return f"None of the {len(keys)} marked findings has a patch."
        if all(patch.applicability is Applicability.DISPLAY for patch in patches):
            return "This patch is only to look at: a person must decide. e opens the place in your editor."
        return ""

    def _usable(self, keys: tuple[str, ...]) -> tuple[PlannedPatch, ...]:
        """Those that may be applied by us."""
        return _applicable(self.session.desk.of_findings(keys))

    # apply

    def why_not_apply(self) -> str:
        return self.audit.launcher.busy or self.why_no_patch(self.chosen_keys())

    def do_apply(self) -> None:
        from auditor.tui import patching

        patches = self._usable(self.chosen_keys())
        what = patches[0].id if len(patches) == 1 else f"{patching.count_patches(len(patches))} as one step"
        patching.ask_to_apply(self.audit, patches, what, always=False)

    def why_not_apply_rule(self) -> str:
        busy = self.audit.launcher.busy
        if busy or self.current is None:
            return busy or "There is no finding here."
        rule = str(self.current.rule_id)
        desk = self.session.desk
        if _applicable(desk.of_rule(rule)):
            return ""
        if not desk.is_planned:
            return f"No patch: {desk.why_none(self.current.key)}."
        return f"No patch of {rule} can be applied: {desk.why_none(self.current.key) or 'they are only to look at'}."

    def do_apply_rule(self) -> None:
        from auditor.tui import patching

        if self.current is None:
            return
        rule = str(self.current.rule_id)
        patches = _applicable(self.session.desk.of_rule(rule))
        count = "the only patch" if len(patches) == 1 else f"all {patching.count_patches(len(patches))}"
        patching.ask_to_apply(self.audit, patches, f"{count} of {rule}", always=True)

    # undo, verify

    def why_not_undo(self) -> str:
        desk = self.session.desk
        if self.audit.launcher.busy:
            return self.audit.launcher.busy
        if desk.steps is None:
            return "The journal is still being read."
        return (
            ""
            if desk.last_step
            else "Nothing to undo: no patch of this project is applied, and nothing was accepted here."
        )

    def do_undo(self) -> None:
        from auditor.tui import patching

        patching.ask_to_undo(self.audit)

    def why_not_verify(self) -> str:
        return self.why_not_apply()

    def do_verify(self) -> None:
        from auditor.tui import patching

        patching.verify(self.audit, self._usable(self.chosen_keys()))

    def why_not_prove(self) -> str:
        busy, desk = self.audit.launcher.busy, self.session.desk
        if busy or desk.total:
            return busy
        return "No patch could be planned." if desk.is_planned else "Patches are still being planned."

    def do_prove(self) -> None:
        from auditor.tui import patching

        patching.prove(self.audit)

    # marks

    def why_not_mark(self) -> str:
        return "" if self.current is not None else "There is no finding to mark."

    why_not_mark_all = why_not_mark

    def do_mark(self) -> None:
        if self.current is not None:
            self.session.desk.marked ^= {self.current.key}
            self.marks_changed(step=1)

    def do_mark_all(self) -> None:
        from auditor.tui import patching

        desk = self.session.desk
        able = {finding.key for finding in self.listed if _applicable(desk.of_findings([finding.key]))}
        if desk.marked >= able:
            desk.marked.clear()
        else:
            desk.marked |= able
        self.marks_changed(step=0)
        number = len(desk.of_findings(desk.marked))
        self.audit.say(f"Marked: {patching.count_patches(number)}." if number else "Nothing is marked.")

    def marks_changed(self, step: int) -> None:
        """Draw the marks, and move the cursor down by `step`."""
        raise NotImplementedError


def _applicable(patches: tuple[PlannedPatch, ...]) -> tuple[PlannedPatch, ...]:
    return tuple(patch for patch in patches if patch.applicability is not Applicability.DISPLAY)
