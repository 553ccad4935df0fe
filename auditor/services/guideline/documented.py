"""Point 6: what remains is documented, and a command that CI can run checks it again."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.evidence import EvidenceKind
from auditor.model.guideline import GuidelineFact, GuidelinePoint
from auditor.model.rule import Severity
from auditor.model.verdict import Status
from auditor.report.prose.numbers import count
from auditor.services.guideline.facts import listed, met, missing, not_met, not_shown, point, sentence, told
from auditor.services.guideline.known import Known
from auditor.services.guideline.workflow import looks_at_runs


def documented(known: Known, again: str) -> GuidelinePoint:
    """Judge by the findings of a fresh scan, by what is known of a difference that remains, and by CI's files."""
    facts = [*_findings(known), *_remaining(known), *_checked(known)]
    run = known.twice()
    remains = run is not None and run.evidence.status is Status.DIVERGENT
    commands = [
        "repro-audit scan ." if known.scan.findings else None,
        known.words[EvidenceKind.VARIANCE] if remains and known.current(EvidenceKind.VARIANCE) is None else None,
        None if any(looks_at_runs(line, known.program) for _, line in known.ci) else again,
    ]
    return point(6, "What remains is documented, and CI checks it again", facts, commands)


def _findings(known: Known) -> Iterator[GuidelineFact]:
    scan = known.scan
    if scan.scan is None or not scan.scan.files:
        yield not_shown("A scan found no source to look at.")
        return
    weighty = [finding for finding in scan.findings if finding.severity is not Severity.NOTE]
    if weighty:
        names = {rule.id: rule.name for rule in scan.rules}
        rules = dict.fromkeys(f"{finding.rule_id} {names.get(finding.rule_id, '')}".strip() for finding in weighty)
        number = count(len(weighty), "finding")
        yield not_met(f"{number} neither fixed nor allowed with a reason: {listed(rules)}.", "scan")
    elif not known.hidden:
        yield met(f"A scan of {count(scan.scan.files, 'file')} has no finding that is open.", "scan")
    silent = [entry for entry in scan.suppressed if not entry.reason]
    if silent:
        where = listed(f"{entry.finding.location.path}:{entry.finding.location.line}" for entry in silent)
        yield not_met(f"{count(len(silent), 'finding')} allowed without a reason: {where}.", "scan")
    if reasoned := len(scan.suppressed) - len(silent):
        yield told(f"{count(reasoned, 'finding')} allowed, each with a reason.", "scan")
    known_before = sum(earlier.known for earlier in scan.earlier)
    if known_before:
        where = listed(each.name for each in scan.earlier)
        yield told(f"{count(known_before, 'finding')} accepted in {where}.", "scan")
    if known.hidden:
        out_of_sight = listed(dict.fromkeys(finding.rule_id for finding in known.hidden))
        number = count(len(known.hidden), "finding")
        yield not_met(
            f"{number} kept out of sight by settings or a baseline, without a reason: {out_of_sight}.", "settings"
        )
    if known.left_out:
        yield told(f"The settings keep findings out of sight: {listed(known.left_out)}.", "settings")
    if scan.skipped:
        yield told(
            f"{count(len(scan.skipped), 'item')} not looked at: {listed(each.subject for each in scan.skipped)}."
        )


def _remaining(known: Known) -> Iterator[GuidelineFact]:
    """A difference that stays needs its size: the spread of results, or what the model tolerates."""
    run = known.twice()
    spread, walk = known.current(EvidenceKind.VARIANCE), known.current(EvidenceKind.NOISE)
    differs = run is not None and run.evidence.status in (Status.DIVERGENT, Status.WITHIN_TOLERANCE)
    if run is not None and run.evidence.margins:
        size = met if differs and run.evidence.status is Status.WITHIN_TOLERANCE else told
        yield size(f"How far the runs are apart: {sentence(run.evidence.margins)}", run.name)
    if run is not None and known.gradients:
        yield told(sentence(known.gradients), run.name)
    if differs and spread is not None:
        yield met(f"How far results spread is measured: {sentence(spread.evidence.answer)}", spread.name)
    elif run is not None and run.evidence.status is Status.DIVERGENT:
        yield missing(known, EvidenceKind.VARIANCE, "Runs differ, and by how much results spread was not measured.")
    if walk is not None:
        yield told(f"Noise that the model tolerates: {sentence(walk.evidence.answer)}", walk.name)


def _checked(known: Known) -> Iterator[GuidelineFact]:
    if not known.ci:
        yield not_shown("No configuration of a CI service runs repro-audit so that its failure counts.")
        return
    running = [(file, line) for file, line in known.ci if looks_at_runs(line, known.program)]
    for file, line in running[:1]:
        yield met(f"CI runs `{line}`.", file)
    if not running:
        file, line = known.ci[0]
        yield not_shown(f"CI runs `{line}`, but does not run this program twice.", file)
