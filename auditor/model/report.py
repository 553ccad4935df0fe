"""What every renderer takes."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass

if TYPE_CHECKING:
    from auditor.model.criteria import CriteriaReport
    from auditor.model.finding import Finding, Remark, Skipped, Suppressed
    from auditor.model.guideline import GuidelineReport
    from auditor.model.hardware import SimulationReport
    from auditor.model.known import Earlier
    from auditor.model.margin import MarginReport
    from auditor.model.overhead import OverheadReport
    from auditor.model.profile import OperatorProfile
    from auditor.model.proof import Proof
    from auditor.model.rule import Rule
    from auditor.model.run import RunRecord
    from auditor.model.sensitivity import SensitivityReport
    from auditor.model.variance import VarianceReport
    from auditor.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSummary:
    """How much a scan looked at."""

    files: int
    entry_points: tuple[str, ...]
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Everything one command found out; parts that were not asked for are None or empty."""

    tool: str
    """`repro-audit 1.0.0`."""

    project: str
    """Name of the project's root folder; never an absolute path."""

    scan: ScanSummary | None = None
    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences about the scan itself, for `-v`: suppressions that do not count or that nothing needs."""

    remarks: tuple[Remark, ...] = ()
    """Those of `notes` that are about a place, with it."""

    earlier: tuple[Earlier, ...] = ()
    """What `findings` were held against: baseline first, then revision. What these know already is left out."""

    rules: tuple[Rule, ...] = ()
    """The rules that `findings` refer to, by id."""

    runs: tuple[RunRecord, ...] = ()
    """Reference first."""

    verdict: Verdict | None = None
    criteria: CriteriaReport | None = None
    """Two trainings held against each other by their results."""

    overhead: OverheadReport | None = None
    variance: VarianceReport | None = None
    sensitivity: SensitivityReport | None = None
    simulation: SimulationReport | None = None
    margins: MarginReport | None = None
    """Of the two runs that `verdict` is about."""

    proof: Proof | None = None
    """Of patches, by running the program with them; `runs` and `verdict` are then those of the last version."""

    profile: OperatorProfile | None = None
    """Executed operators against the list of non-deterministic ones; `findings` are then those at their lines."""

    guideline: GuidelineReport | None = None
    """What kept evidence says about the project as a whole."""
