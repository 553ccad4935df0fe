"""Keys of the findings screen that act on the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.tui.commands import Command
from auditor.tui.screens.patch_commands import PatchCommands

if TYPE_CHECKING:
    from auditor.model.finding import Finding

ACTIONS = (
    Command("accept", "x", "accept", "Accept the finding, or the marked ones, into the baseline; or take it out", True),
    Command("accept_all", "X", "accept all", "Accept all listed findings into the baseline; asks once"),
    Command("known", "b", "known", "List findings that the baseline knows, or leave them out"),
)


class BaselineCommands(PatchCommands):
    """Beside those for patches: `u` takes back whichever was written last."""

    def _chosen(self) -> list[Finding]:
        """The marked findings, else the current one; without those that a baseline cannot hold."""
        marked = self.session.desk.marked
        if marked:
            return [each for each in self.session.findings if each.key in marked and _is_of_scan(each)]
        return [self.current] if self.current is not None and _is_of_scan(self.current) else []

    def _new(self, findings: list[Finding]) -> list[Finding]:
        """Those that the baseline does not know and can hold."""
        return [each for each in findings if each.key not in self.session.known and _is_of_scan(each)]

    def why_not_accept(self) -> str:
        if busy := self.audit.launcher.busy:
            return busy
        if not self.chosen_keys():
            return "There is no finding here."
        return "" if self._chosen() else "Only runs show this: a scan does not find it, so no baseline can hold it."

    def do_accept(self) -> None:
        """Accept what is new; where all of it is known, take it out."""
        from auditor.tui import accepting

        chosen = self._chosen()
        if new := self._new(chosen):
            accepting.ask_to_accept(self.audit, new)
        else:
            accepting.ask_to_take_out(self.audit, chosen)

    def why_not_accept_all(self) -> str:
        if busy := self.audit.launcher.busy:
            return busy
        return "" if self._new(self.listed) else "There is nothing to accept: no listed finding is new."

    def do_accept_all(self) -> None:
        from auditor.tui import accepting

        accepting.ask_to_accept(self.audit, self._new(self.listed))

    def why_not_undo(self) -> str:
        if self.audit.launcher.busy or self.session.last_change is None:
            return super().why_not_undo()
        return ""

    def do_undo(self) -> None:
        change = self.session.last_change
        if change is None:
            super().do_undo()
        else:
            self.audit.launcher.take_back(change)

    def why_not_known(self) -> str:
        if self.audit.launcher.busy:
            return self.audit.launcher.busy
        session = self.session
        if session.scanned is not None and not (session.scanned.earlier or session.shows_known or session.baseline):
            return "No baseline: the settings name none; x accepts a finding, and makes one."
        is_some = session.hidden or session.shows_known or session.known
        return "" if is_some else "The baseline knows none of what was found."

    def do_known(self) -> None:
        """Leave out those that are listed; where none is, list them."""
        self.session.shows_known = not (self.session.known or self.session.shows_known)
        self.audit.launcher.scan()


def _is_of_scan(finding: Finding) -> bool:
    """What only a comparison of runs found would look gone to every scan after it."""
    return bool(finding.source_lines)
