"""`kind = "shell-source"`: give the shell's shuffles a fixed source of random bytes."""

from __future__ import annotations

import re

from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.documents.kinds import Kind
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import ReplaceText
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

_SOURCE = " --random-source=<(yes 42)"
_BASH = re.compile(r"#!.*\b(?:bash|zsh|ksh)\b")


def _read(table: Table) -> None:
    """No options."""


class ShellSourceFix(WithFixOptions[None]):
    """`--random-source` behind the command; a number for awk's `srand`."""

    kind = "shell-source"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        place = finding.location
        if isinstance(target, ModuleFacts) or place.end_column is None:
            return Refusal(reason="the place is no line of a script")
        words = target.lines[place.line - 1][place.column - 1 : place.end_column - 1]
        if words.startswith("srand"):
            text = "srand(42)"
        elif _knows_substitution(target):
            text = words + _SOURCE
        else:
            return Refusal(reason="`<(yes 42)` needs bash, and this is run by another shell: make a file to read from")
        return Proposal(
            title=f"give `{words}` a fixed source",
            applicability=applicability(rule),
            changes=(ReplaceText(span=replace(place, function=None), text=text),),
            effect=effect(rule),
        )


def _knows_substitution(document: Document) -> bool:
    """Whether the script says that bash runs it; one that says nothing has a name that does."""
    if document.kind is not Kind.SHELL:
        return False
    first = document.lines[0] if document.lines else ""
    return _BASH.match(first) is not None if first.startswith("#!") else True


FIX = ShellSourceFix(_read)
