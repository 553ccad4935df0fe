"""From two runs that exist to a report: compare, ask for causes, judge."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import auditor
from auditor.dynamic.classify import classify
from auditor.dynamic.compare import compare
from auditor.dynamic.doubts import Facts
from auditor.dynamic.evidence import Case, Intervention, case_of, line
from auditor.dynamic.extent import last_ending
from auditor.dynamic.judge import judge, not_finite_from, without_comparison
from auditor.dynamic.leak import Leak, leaks
from auditor.dynamic.matching import matched
from auditor.dynamic.printed import LIMIT_CHARACTERS, output_differences
from auditor.dynamic.summary import Outcome
from auditor.errors import ReproAuditError, UsageError
from auditor.model.divergence import Closeup
from auditor.model.finding import Finding, Skipped
from auditor.model.lean import dataclass, replace
from auditor.model.location import Location
from auditor.model.report import AuditReport
from auditor.model.rule import Category, Confidence, RuleId, Severity
from auditor.model.run import Ending, RunRecord
from auditor.model.verdict import Cause, Verdict
from auditor.ruleset import Ruleset, load
from auditor.runs import record as run_record
from auditor.runs.output import LOG_NAME
from auditor.runs.tracefile import RunTraces, open_run
from auditor.services.program import about_program, script_of
from auditor.services.progress import Progress, Silent
from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.services.written_results import differing_results

LEAK_RULE = RuleId("RA603")
"""The rule that reads the same from the source; a leak that a run has shown is told under it."""

_SHOWN_FILES = 3


def compare_runs(
    reference: RunRecord | Path,
    candidate: RunRecord | Path,
    settings: Settings,
    progress: Progress | None = None,
    *,
    scan_project: bool = True,
) -> AuditReport:
    """Compare two runs of the store, given as records or as run folders.

    The project's source is scanned to link causes to findings, if it is still there. Raises `TraceFormatError` for
    damaged runs and `UsageError` for runs whose files are gone.
    """
    progress = progress or Silent()
    records = _record(reference), _record(candidate)
    ran = records[1]
    script = script_of(ran.argv, Path(ran.cwd))
    scanned = scan_for_causes(Path(ran.project), script, settings, progress) if scan_project else None
    progress.stage("compare")
    pair = Pair.of(records, progress)
    causes = pair.classify(scanned)
    return report(records, pair.judge(causes, scanned=scanned), scanned, pair.leaks)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two runs, held against each other."""

    records: tuple[RunRecord, RunRecord]
    traces: tuple[RunTraces, RunTraces]
    outcome: Outcome
    leaks: tuple[Leak, ...]

    @classmethod
    def of(cls, records: tuple[RunRecord, RunRecord], progress: Progress | None = None) -> Pair:
        """Read both traces from disk and compare them."""
        progress = progress or Silent()
        reference = open_run(Path(records[0].folder))
        traces = reference, matched(reference, open_run(Path(records[1].folder)))
        endings = last_ending(records[0]), last_ending(records[1])
        outcome = compare(*traces, endings, lambda done: progress.update(done, f"{done:,} events agree"))
        cut = outcome.extent.reference_cut or outcome.extent.candidate_cut
        printed = output_differences(*(_printed(record) for record in records), cut=cut)
        return cls(
            records=records,
            traces=traces,
            outcome=replace(outcome, comparison=replace(outcome.comparison, output=printed)),
            leaks=tuple(leaks(records[0], traces[1])),
        )

    def with_closeup(self, closeup: Closeup) -> Pair:
        """The same pair, with what a second pair of runs saw of the first divergence."""
        comparison = self.outcome.comparison
        assert comparison.first is not None, "a close-up is of a divergence"
        first = replace(comparison.first, closeup=closeup)
        return replace(self, outcome=replace(self.outcome, comparison=replace(comparison, first=first)))

    def case(self, scanned: AuditReport | None, interventions: Sequence[Intervention] = ()) -> Case:
        return case_of(
            self.outcome.comparison,
            self.traces,
            self.records,
            report=scanned,
            operators=ruleset().operators,
            interventions=tuple(interventions),
        )

    def classify(self, scanned: AuditReport | None, interventions: Sequence[Intervention] = ()) -> tuple[Cause, ...]:
        """Causes, best first; none for runs that agree."""
        return classify(self.case(scanned, interventions)) if self.outcome.comparison.first is not None else ()

    def judge(
        self,
        causes: tuple[Cause, ...],
        asked_steps: int | None = None,
        files_differing: Sequence[str] = (),
        one_tape: Intervention | None = None,
        scanned: AuditReport | None = None,
    ) -> Verdict:
        facts = Facts(
            records=self.records,
            leaks=self.leaks,
            files_differing=files_differing,
            results_differing=(
                differing_results(self.records, files_differing) if self.outcome.comparison.first is None else ()
            ),
            unseeded=_unseeded(scanned) if scanned is not None else (),
            asked_steps=asked_steps,
            one_tape=one_tape,
            not_finite_from=self._not_finite_from(),
        )
        return judge(self.outcome, causes, facts)

    def _not_finite_from(self) -> int | None:
        each = [not_finite_from(trace.losses) for traces in self.traces for trace in traces.processes.values()]
        return min((step for step in each if step is not None), default=None)


def report(
    records: tuple[RunRecord, ...],
    verdict: Verdict | None,
    scanned: AuditReport | None,
    found_leaks: Sequence[Leak] = (),
) -> AuditReport:
    """One report of the scan, the runs and the verdict. Files that leaked between the runs are findings."""
    base = scanned or AuditReport(tool=f"repro-audit {auditor.__version__}", project=Path(records[0].project).name)
    leaked = leak_findings(found_leaks, base.findings)
    rules = {rule.id: rule for rule in base.rules}
    if leaked:
        rules |= {rule.id: rule for rule in ruleset().rules if rule.id == LEAK_RULE}
    return replace(
        base,
        runs=records,
        verdict=verdict,
        findings=(*base.findings, *leaked),
        rules=tuple(rules[key] for key in sorted(rules)),
    )


def leak_findings(found_leaks: Sequence[Leak], known: Sequence[Finding]) -> tuple[Finding, ...]:
    """A finding for each line that read leaked files; none where the scan has found that line already."""
    told = {(f.location.path, f.location.line) for f in known if f.rule_id == LEAK_RULE}
    by_place: dict[Location, list[str]] = {}
    for leak in found_leaks:
        place = leak.site or Location(path=leak.path, line=1)
        if (place.path, place.line) not in told:
            by_place.setdefault(place, []).append(leak.path)
    return tuple(_leak_finding(place, paths) for place, paths in by_place.items())


def _leak_finding(place: Location, paths: Sequence[str]) -> Finding:
    """One line of the program that read files of the run before."""
    identity = f"{LEAK_RULE}\0{place.path}\0{place.function}\0{paths[0]}"
    more = f" and {len(paths) - _SHOWN_FILES} more" if len(paths) > _SHOWN_FILES else ""
    files = f"{', '.join(paths[:_SHOWN_FILES])}{more}"
    return Finding(
        rule_id=LEAK_RULE,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message=f"State leaks between runs: the second run read {files}, which the first one had written.",
        advice="start each run from an empty folder, or compare with --isolate copy",
        location=place,
        key=hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:16],
    )


def unfinished(records: tuple[RunRecord, ...], reason: str, scanned: AuditReport | None) -> AuditReport:
    """The report of runs that were ended before there was anything to compare."""
    return report(records, without_comparison([reason]), scanned)


def scan_for_causes(project: Path, script: Path | None, settings: Settings, progress: Progress) -> AuditReport | None:
    """Scan the project to link causes to findings: those that the program `script` reaches, where it is known.

    What goes wrong in the scan is told and keeps nobody from comparing.
    """
    if not project.is_dir():
        return None
    try:
        return about_program(scan([project], settings, progress, root=project), script, project)
    except UsageError:
        raise
    except ReproAuditError as error:
        skipped = (Skipped(subject="scan", reason=str(error)),)
        return AuditReport(tool=f"repro-audit {auditor.__version__}", project=project.name, skipped=skipped)


def ruleset() -> Ruleset:
    """The bundled rules; what is known of operators is in them."""
    return load()


def _record(run: RunRecord | Path) -> RunRecord:
    found = run_record.read(run) if isinstance(run, Path) else run
    if not found.folder or not Path(found.folder).is_dir():
        raise UsageError(f"run {found.id}: its folder is gone; it cannot be compared any more")
    return found


def _printed(record: RunRecord) -> str:
    try:
        with (Path(record.folder) / LOG_NAME).open("rb") as file:
            text = file.read(LIMIT_CHARACTERS).decode("utf-8", "replace")
    except OSError:
        return ""
    if record.status.ending is not Ending.STOPPED or not record.status.code:
        return text
    complaint = text.find("Traceback (most recent call last)")  # that it was stopped is not what the program prints
    return text if complaint < 0 else text[: text.rfind("\n", 0, complaint) + 1]


def _unseeded(scanned: AuditReport) -> tuple[str, ...]:
    """Where the source draws unseeded for sure."""
    seeding = {rule.id for rule in scanned.rules if rule.category is Category.SEEDING}
    return tuple(
        f"{finding.rule_id} at {line(finding.location)}"
        for finding in scanned.findings
        if finding.rule_id in seeding and finding.severity is Severity.ERROR
    )
