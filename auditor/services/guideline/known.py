"""Everything that the points are judged by."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.finding import Finding
from auditor.model.lean import dataclass, field
from auditor.model.report import AuditReport
from auditor.model.verdict import Status
from auditor.runs.gitstate import GitState
from auditor.static.files.pins import Pins


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Kept evidence, held against the project as it is."""

    evidence: Evidence
    stale: tuple[str, ...]
    """Why it says nothing about the source, the data or the surroundings of today; empty where it does."""

    is_applied: bool = False
    """The patches that it proves are in the source."""

    @property
    def is_current(self) -> bool:
        return not self.stale

    @property
    def name(self) -> str:
        """`e3`, as the list of evidence has it."""
        return self.evidence.id


def _shows_all(evidence: Evidence) -> bool:
    return evidence.is_whole and not evidence.altered and evidence.trained is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A project, seen from outside, and what is kept about one of its programs."""

    program: str
    """Relative to the project; empty where nobody knows."""

    words: Mapping[EvidenceKind, str]
    """The command that gives evidence of a kind, as a person types it."""

    git: GitState | None
    """None outside a repository, and where git cannot be asked."""

    git_problem: str
    dvc: frozenset[str]
    """Files and folders that DVC keeps."""

    pins: Pins
    threads_set_by: Mapping[str, int | None]
    """Source files that set the number of threads → to what, None where the source does not tell."""

    scan: AuditReport
    left_out: tuple[str, ...] = ()
    """What the settings leave out of the scan: `ignore RA205`."""

    hidden: tuple[Finding, ...] = ()
    """Errors and warnings that the settings or a baseline keep out of sight without a reason."""

    ci: tuple[tuple[str, str], ...]
    """(file, command of ours in it)."""

    held: tuple[Held, ...] = field(default_factory=tuple)
    """About this program, newest first."""

    unread: tuple[str, ...] = ()
    """Evidence that cannot be read."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """What the newest current runs had set that bears on determinism."""

    gradients: str = ""
    """How far their gradients are apart, a sentence without its full stop; empty where that is not known."""

    def of(self, kind: EvidenceKind) -> tuple[Held, ...]:
        """Evidence of a kind, newest first."""
        return tuple(each for each in self.held if each.evidence.kind is kind)

    def current(self, kind: EvidenceKind) -> Held | None:
        """The newest of a kind that is about the project as it is."""
        return next((each for each in self.of(kind) if each.is_current), None)

    def twice(self) -> Held | None:
        """The current comparison that says most: the newest of whole runs or with a difference, else the newest."""
        current = [each for each in self.of(EvidenceKind.TWICE) if each.is_current]
        told = [each for each in current if each.evidence.status is not Status.INCONCLUSIVE]
        whole = [each for each in told if each.evidence.status is Status.DIVERGENT or _shows_all(each.evidence)]
        return next(iter(whole or told or current), None)
