"""A finding, or a verdict, as text for an issue or a pull request."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.model.verdict import Cause, Verdict
from auditor.tui.drawing.findings import place_of
from auditor.tui.drawing.patch import heading
from auditor.tui.drawing.verdict import headline

if TYPE_CHECKING:
    from auditor.services.fix import PlannedPatch


def finding_markdown(
    finding: Finding, rule: Rule | None, proof: Cause | None, command: Sequence[str], patch: PlannedPatch | None = None
) -> str:
    """Rule, place, source, what to do, the patch, and the proof with the command that repeats it."""
    name = f" {rule.name}" if rule else ""
    lines = [f"**{finding.rule_id}{name}** at `{place_of(finding.location)}`", "", finding.message, ""]
    if finding.source_lines:
        lines += ["```python", *finding.source_lines, "```", ""]
    if finding.advice:
        lines += [f"To do: {finding.advice}", ""]
    if patch is not None:
        lines += [f"Patch {patch.id} ({heading(patch).text}):", "", "```diff", *patch.diff.splitlines(), "```", ""]
    if proof is not None:
        lines += [f"Proved by two runs: {proof.title}", "", *(f"- {sentence}" for sentence in proof.evidence), ""]
        lines += _repeat(command)
    return "\n".join(lines).rstrip() + "\n"


def verdict_markdown(verdict: Verdict, command: Sequence[str]) -> str:
    """Headline, reasons and causes."""
    lines = [f"**{headline(verdict)}**", "", *(f"- {reason}" for reason in verdict.reasons)]
    for cause in verdict.causes:
        place = f" at `{place_of(cause.location)}`" if cause.location else ""
        lines += ["", f"{cause.title}{place} (confidence {cause.confidence.value})", ""]
        lines += [f"- {sentence}" for sentence in cause.evidence]
        lines += ["", f"To do: {cause.remedy}"]
    return "\n".join([*lines, "", *_repeat(command)]).rstrip() + "\n"


def _repeat(command: Sequence[str]) -> list[str]:
    return [f"To repeat: `repro-audit run --twice -- {shlex.join(command)}`"] if command else []
