"""Everything an `AuditReport` holds, for programs; described in docs/report-format.md."""

from __future__ import annotations

import json

from auditor.model.annotations import cast
from auditor.model.report import AuditReport
from auditor.report import RenderOptions
from auditor.report.schema.portable import portable
from auditor.report.schema.values import to_json

FORMAT = "repro-audit-report"
VERSION = 1
# Version 1: first version.


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return JSON with two spaces of indentation; keys stand in the order of the model's fields."""
    content = cast("dict[str, object]", to_json(portable(report)))
    return json.dumps({"format": FORMAT, "version": VERSION, **content}, indent=2, ensure_ascii=False) + "\n"


RENDERER = render
