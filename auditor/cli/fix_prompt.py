"""`fix --interactive`: one patch at a time, with the letter of an answer."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.console import is_terminal
from auditor.cli.exit_codes import ExitCode, of_report
from auditor.cli.fix_page import add_patch, add_refused, add_summary
from auditor.cli.options import page_text
from auditor.cli.stdout import write_stdout
from auditor.errors import ProjectError, UsageError
from auditor.model.patch import Applicability
from auditor.report.prose.page import Page

if TYPE_CHECKING:
    from auditor.cli.fix import Look
    from auditor.services.fix import FixPlan, PlannedPatch
    from auditor.services.settings import Settings

QUESTION = "Apply this patch? [y]es, [n]o, [e]dit, [a]ll that remain, [q]uit: "
HELP = """  y  apply it
  n  leave it out
  e  open the patched file in your editor; what you save is applied
  a  apply this one and all that remain
  q  apply what you said yes to, leave out the rest
"""


def ask_for_each(plan: FixPlan, paths: Sequence[Path], settings: Settings, look: Look) -> int:
    """Show each patch and ask; what was accepted is applied at the end, or before an edit. Needs a terminal."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise UsageError("--interactive: needs a terminal to ask on; without one use --apply, --select or patch ids")
    if look.format != "text":
        raise UsageError(f"--interactive and --format {look.format} exclude each other")
    session = _Session(plan, paths, settings, look)
    session.run()
    return session.end()


class _Session:
    def __init__(self, plan: FixPlan, paths: Sequence[Path], settings: Settings, look: Look) -> None:
        self._plan = plan
        self._paths = paths
        self._settings = settings
        self._look = look
        self._asked: set[str] = set()
        self._accepted: list[str] = []
        self._fixed: set[str] = set()
        self._only = {patch.id for patch in plan.patches}

    def run(self) -> None:
        """Ask until there is nothing left to ask, or enough."""
        while (patch := self._next()) is not None:
            self._asked.add(patch.id)
            self._show(patch)
            if patch.applicability is Applicability.DISPLAY:
                write_stdout("  This one is to look at: it is never applied by us.\n\n")
                continue
            answer = self._answer()
            if answer == "q":
                return
            if answer == "a":
                self._accepted += [patch.id, *(each.id for each in self._remaining() if _may_be_applied(each))]
                return
            if answer == "y":
                self._accept(patch)
            elif answer == "e":
                self._edit(patch)

    def end(self) -> int:
        """Apply what was accepted and say what is left."""
        self._apply()
        findings = {finding.key for finding in self._plan.report.findings}
        page = Page()
        if not self._plan.patches:
            add_summary(page, self._plan)
        add_refused(page, self._plan, self._look.verbosity)
        write_stdout(page_text(page, self._look.color, self._look.ascii))
        return ExitCode.CLEAN if findings and findings <= self._fixed else of_report(self._plan.report)

    def _remaining(self) -> list[PlannedPatch]:
        return [patch for patch in self._plan.patches if patch.id not in self._asked and patch.id in self._only]

    def _next(self) -> PlannedPatch | None:
        return next(iter(self._remaining()), None)

    def _show(self, patch: PlannedPatch) -> None:
        page = Page()
        add_patch(page, patch)
        write_stdout(page_text(page, self._look.color, self._look.ascii))

    def _answer(self) -> str:
        while True:
            try:
                word = input(QUESTION).strip().lower()
            except EOFError:
                write_stdout("\n")
                return "q"
            if word[:1] in ("y", "n", "e", "a", "q") and word:
                write_stdout("\n")
                return word[0]
            write_stdout(HELP)

    def _accept(self, patch: PlannedPatch) -> None:
        chosen, left_out = self._plan.compatible([*self._accepted, patch.id])
        if left_out:
            write_stdout("".join(f"  {reason}\n" for reason in left_out.values()) + "  It is left out.\n\n")
        else:
            self._accepted = list(chosen)

    def _apply(self) -> None:
        from auditor.services.apply import apply

        chosen, left_out = self._plan.compatible(self._accepted)
        for reason in left_out.values():
            write_stdout(f"Left out: {reason}\n")
        if chosen:
            applied = apply(self._plan, chosen, store=self._settings.store)
            self._report(applied.step, chosen, applied.files)
        self._accepted = []

    def _report(self, step: str, ids: Sequence[str], files: Sequence[str]) -> None:
        for patch in self._plan.patches:
            if patch.id in ids:
                self._fixed |= set(patch.finding_keys)
        write_stdout(
            f"Applied {', '.join(ids)} to {', '.join(files)} as {step}; "
            f"`repro-audit fix --undo {step}` takes it back.\n\n"
        )

    def _edit(self, patch: PlannedPatch) -> None:
        """Apply what was accepted so far, then this patch as the person writes it, and plan the rest anew."""
        from auditor.services.apply import write_step
        from auditor.services.fix import plan_fixes
        from auditor.services.journal import AppliedPatch

        if self._accepted:
            self._apply()
            self._plan = plan_fixes(self._paths, self._settings)
            again = [each for each in self._plan.patches if each.id == patch.id]
            if not again:
                write_stdout(f"  {patch.id} is not needed any more.\n\n")
                return
            patch = again[0]
        edited = {
            path: _edited(path, content, _first_change(self._plan.original(path), content))
            for path, content in self._plan.texts([patch.id]).items()
        }
        if broken := next((reason for path, content in edited.items() if (reason := _broken(path, content))), None):
            write_stdout(f"  {broken}; nothing was changed by this patch.\n\n")
            return
        changed = {path: new for path, new in edited.items() if new != self._plan.original(path)}
        if not changed:
            write_stdout("  Nothing was changed.\n\n")
            return
        applied = write_step(
            self._plan,
            [AppliedPatch(id=patch.id, title=f"{patch.title} (edited)")],
            changed,
            store=self._settings.store,
        )
        self._report(applied.step, [patch.id], applied.files)
        self._plan = plan_fixes(self._paths, self._settings)


def _may_be_applied(patch: PlannedPatch) -> bool:
    return patch.applicability is not Applicability.DISPLAY


def _first_change(before: bytes, after: bytes) -> int:
    """The first line, from 1, that is another one."""
    pairs = zip_longest(before.split(b"\n"), after.split(b"\n"))
    return next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 1)


def _broken(path: str, content: bytes) -> str | None:
    """Why a file cannot be meant so."""
    try:
        if path.endswith(".py"):
            ast.parse(content)
        elif path.endswith(".ipynb"):
            json.loads(content)
    except (SyntaxError, ValueError) as error:
        return f"{path} cannot be read any more as you left it: {error}"
    return None


def _edited(path: str, content: bytes, line: int) -> bytes:
    """The file as a person leaves it. Raises `UsageError` where there is no editor, `ProjectError` where it fails."""
    from auditor.tui.editor import editor_command

    with tempfile.TemporaryDirectory(prefix="repro-audit-") as folder:
        file = Path(folder) / Path(path).name
        file.write_bytes(content)
        command = editor_command(file, line)
        if command is None:
            raise UsageError("edit: neither $VISUAL nor $EDITOR is set; nothing was changed by this patch")
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ProjectError(f"edit: the editor failed: {error}; nothing was changed by this patch") from None
        return file.read_bytes()
