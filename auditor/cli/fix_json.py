"""What `fix` prints for programs; described in docs/fix.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.services.apply import Applied, Undone
    from auditor.services.fix import FixPlan, PlannedPatch
    from auditor.services.journal import Step

FORMAT = "repro-audit-fixes"
VERSION = 1
# Version 1: first version.


def plan_json(plan: FixPlan, applied: Applied | None = None, left_out: Mapping[str, str] | None = None) -> str:
    """The plan for programs, and what was done with it; described in docs/fix.md."""
    content: dict[str, object] = {
        "tool": plan.report.tool,
        "project": plan.report.project,
        "findings": len(plan.report.findings),
        "patches": [_patch_json(patch) for patch in plan.patches],
        "refused": [
            {
                "finding": refused.finding_key,
                "rule": refused.rule_id,
                **_place_json(refused.location),
                "reason": refused.reason,
                "advice": refused.advice,
            }
            for refused in plan.refused
        ],
        "applied": None
        if applied is None
        else {"step": applied.step, "patches": list(applied.patches), "files": list(applied.files)},
        "left_out": dict(left_out or {}),
    }
    return _text(content)


def _patch_json(patch: PlannedPatch) -> dict[str, object]:
    return {
        "id": patch.id,
        "title": patch.title,
        "applicability": patch.applicability.value,
        "effect": patch.effect,
        "rules": list(patch.rule_ids),
        "findings": list(patch.finding_keys),
        **_place_json(patch.location),
        "files": list(patch.files),
        "diff": patch.diff,
    }


def _place_json(location: Location) -> dict[str, object]:
    return {name: getattr(location, name) for name in ("path", "line", "column", "cell")}


def undone_json(undone: Undone) -> str:
    """What was taken back."""
    return _text({"step": undone.step, "patches": list(undone.patches), "files": list(undone.files)})


def log_json(steps: Sequence[Step]) -> str:
    """Every step of the journal, the oldest first."""
    return _text({"steps": [asdict(step) for step in steps]})


def _text(content: dict[str, object]) -> str:
    return json.dumps({"format": FORMAT, "version": VERSION, **content}, indent=2, ensure_ascii=False) + "\n"
