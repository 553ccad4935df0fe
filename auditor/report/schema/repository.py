"""A report whose places count from the top of the repository, as services name files that show a project's source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TypeVar

from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.report import AuditReport

T = TypeVar("T")

ELSEWHERE = ("/", "~", "site-packages/", "<")
"""How paths begin that are not below the project."""


def from_top(report: AuditReport, prefix: str) -> AuditReport:
    """Put `prefix` (`packages/train/`, or empty) before the path of every place inside the project."""
    if not prefix:
        return report
    return replace(
        report,
        findings=_moved(report.findings, prefix),
        suppressed=_moved(report.suppressed, prefix),
        verdict=_moved(report.verdict, prefix),
    )


def _moved(value: T, prefix: str) -> T:
    result: object = value
    if isinstance(value, Location):
        result = value if value.path.startswith(ELSEWHERE) else replace(value, path=prefix + value.path)
    elif isinstance(value, tuple):
        result = tuple(_moved(item, prefix) for item in value)
    elif isinstance(value, Mapping):
        result = {key: _moved(item, prefix) for key, item in value.items()}
    elif is_dataclass(value) and not isinstance(value, type) and not isinstance(value, Enum):
        result = replace(value, **{field.name: _moved(getattr(value, field.name), prefix) for field in fields(value)})
    return result  # type: ignore[return-value]
