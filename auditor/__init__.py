"""repro-audit: finds what makes a training script give another result each time.

The public API is what `__all__` names; it is loaded on first use, so that `import auditor` costs little.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # as in `typing`, which takes 3 ms to load
if TYPE_CHECKING:
    from auditor.errors import (
        ConflictError,
        ProgramError,
        ProjectError,
        ReproAuditError,
        RuleError,
        TraceFormatError,
        UsageError,
    )
    from auditor.model.finding import Finding
    from auditor.model.report import AuditReport
    from auditor.model.rule import Rule
    from auditor.model.run import RunRecord
    from auditor.model.verdict import Status, Verdict
    from auditor.report import RenderOptions, formats, render
    from auditor.services.api import (
        apply,
        compare,
        compare_criteria,
        explain,
        fix,
        follow_guideline,
        measure_overhead,
        measure_sensitivity,
        measure_variance,
        open_run,
        profile,
        record,
        record_tape,
        replay,
        rules,
        run_twice,
        scan,
        undo,
        verify,
    )
    from auditor.services.fix import FixPlan
    from auditor.services.settings import Settings, load_settings

_HOMES = {
    "auditor.errors": (
        "ConflictError",
        "ProgramError",
        "ProjectError",
        "ReproAuditError",
        "RuleError",
        "TraceFormatError",
        "UsageError",
    ),
    "auditor.model.finding": ("Finding",),
    "auditor.model.report": ("AuditReport",),
    "auditor.model.rule": ("Rule",),
    "auditor.model.run": ("RunRecord",),
    "auditor.model.verdict": ("Status", "Verdict"),
    "auditor.report": ("RenderOptions", "formats", "render"),
    "auditor.services.api": (
        "apply",
        "compare",
        "compare_criteria",
        "explain",
        "fix",
        "follow_guideline",
        "measure_overhead",
        "measure_sensitivity",
        "measure_variance",
        "open_run",
        "profile",
        "record",
        "record_tape",
        "replay",
        "rules",
        "run_twice",
        "scan",
        "undo",
        "verify",
    ),
    "auditor.services.fix": ("FixPlan",),
    "auditor.services.settings": ("Settings", "load_settings"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AuditReport",
    "ConflictError",
    "Finding",
    "FixPlan",
    "ProgramError",
    "ProjectError",
    "RenderOptions",
    "ReproAuditError",
    "Rule",
    "RuleError",
    "RunRecord",
    "Settings",
    "Status",
    "TraceFormatError",
    "UsageError",
    "Verdict",
    "__version__",
    "apply",
    "compare",
    "compare_criteria",
    "explain",
    "fix",
    "follow_guideline",
    "formats",
    "load_settings",
    "measure_overhead",
    "measure_sensitivity",
    "measure_variance",
    "open_run",
    "profile",
    "record",
    "record_tape",
    "render",
    "replay",
    "rules",
    "run_twice",
    "scan",
    "undo",
    "verify",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module `auditor` has no attribute `{name}`")
    import importlib

    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
