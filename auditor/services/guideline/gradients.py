"""How far the gradients of the newest runs are apart, by what is kept today: replicas may be newer than they."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import TraceFormatError, UsageError
from auditor.report.prose.parameter_margin import gradient_summary
from auditor.services.gradient_margin import gradient_margin
from auditor.services.guideline.known import Known
from auditor.services.history import find_run
from auditor.services.settings import Settings


def gradients_apart(known: Known, store: Path, settings: Settings) -> str:
    """Return a sentence without its full stop; empty where the runs are gone, or kept no gradients."""
    run = known.twice()
    if run is None or len(run.evidence.runs) != 2:
        return ""
    try:
        first, second = (find_run(str(store / each), store, settings) for each in run.evidence.runs)
        margin, replicas = gradient_margin((first, second), [store])
    except (UsageError, TraceFormatError):
        return ""
    if margin is None:
        return ""
    others = replicas.other_versions(run.evidence.sources) if replicas is not None else ()
    changed = f"; {', '.join(others[:3])} changed between replicas and runs" if others else ""
    return f"{gradient_summary(margin)}{changed}"
