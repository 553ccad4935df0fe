"""What takes each non-deterministic operator of a profile out of the program: a patch, a switch, or other code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import join, quote

from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.patch import Applicability
from auditor.model.profile import Holding, OperatorProfile, OperatorUse, ProfileCommand, Removal
from auditor.model.report import AuditReport
from auditor.model.rule import Category
from auditor.model.run import RunRecord
from auditor.ruleset import OperatorFact, load
from auditor.ruleset.operators import DeterministicMode
from auditor.services.compare import scan_for_causes
from auditor.services.fix import plan_for, with_patches
from auditor.services.program import command_line, script_of
from auditor.services.progress import Progress
from auditor.services.settings import Settings


def with_removals(
    report: AuditReport, run: RunRecord, settings: Settings, progress: Progress, *, scan: bool
) -> AuditReport:
    """Give each use that holds its removal, and the report the findings and patches at these lines."""
    profile = report.profile
    if profile is None:
        return report
    holding = [use for use in profile.uses if use.holding is Holding.HOLDS]
    scanned = _scanned(run, settings, progress, holding) if scan and holding else None
    findings = _findings_at(holding, scanned) if scanned is not None else ()
    uses = tuple(_with_removal(use, findings) for use in profile.uses)
    profile = replace(profile, uses=uses)
    rules = {finding.rule_id for finding in findings}
    return replace(
        report,
        findings=findings,
        rules=tuple(rule for rule in (scanned.rules if scanned is not None else ()) if rule.id in rules),
        skipped=scanned.skipped if scanned is not None else (),
        profile=replace(profile, commands=tuple(_commands(profile, findings, run))),
    )


def _scanned(
    run: RunRecord, settings: Settings, progress: Progress, holding: Sequence[OperatorUse]
) -> AuditReport | None:
    """The findings about the program, those at the lines of the operators with their patches."""
    project = Path(run.project)
    scanned = scan_for_causes(project, script_of(run.argv, Path(run.cwd)), settings, progress)
    if scanned is None:
        return None
    chosen = replace(scanned, findings=_findings_at(holding, scanned))
    if not chosen.findings:
        return chosen
    return with_patches(plan_for(chosen, [project], settings, progress, root=project))


def _findings_at(holding: Sequence[OperatorUse], scanned: AuditReport) -> tuple[Finding, ...]:
    about = {rule.id for rule in scanned.rules if rule.category is Category.OPERATORS}
    return tuple(
        finding
        for finding in scanned.findings
        if finding.rule_id in about and any(_explains(finding, use) for use in holding)
    )


_COMPILED = frozenset(("RA231", "RA239"))
"""Rules about compiled models; what they find stands where a layer is made or compiled, not where it runs."""


def _explains(finding: Finding, use: OperatorUse) -> bool:
    """The finding is about the line of the use; of a compiled region, about compiled code of the program."""
    if use.operator.startswith("compiled.") and finding.rule_id in _COMPILED:
        return True
    return _covers(finding.location, use.site)


def _covers(found: Location, site: Location | None) -> bool:
    return site is not None and found.path == site.path and found.line <= site.line <= (found.end_line or found.line)


def _with_removal(use: OperatorUse, findings: Sequence[Finding]) -> OperatorUse:
    entry = load().operators.find(use.operator, use.device)
    if use.holding is not Holding.HOLDS or entry is None:
        return use
    finding = next((each for each in findings if _explains(each, use)), None)
    patch = finding.patch if finding is not None else None
    return replace(
        use,
        removal=Removal(
            advice=_advice(entry),
            mode=entry.mode.value,
            rule_id=finding.rule_id if finding is not None else "",
            patch=patch.id if patch is not None else "",
            patch_title=patch.title if patch is not None else "",
        ),
    )


_MODES = {
    DeterministicMode.SWITCHES: "",
    DeterministicMode.RAISES: " (torch's deterministic mode raises an error here)",
    DeterministicMode.SILENT: " (torch's deterministic mode does not reach it)",
    DeterministicMode.MIXED: "",
}


def _advice(entry: OperatorFact) -> str:
    return f"{entry.remedy}{_MODES[entry.mode]}"


def _commands(profile: OperatorProfile, findings: Sequence[Finding], run: RunRecord) -> Iterator[ProfileCommand]:
    holding = [use for use in profile.uses if use.holding is Holding.HOLDS]
    if not holding:
        return
    argv = list(run.argv)
    patches = [finding.patch for finding in findings if finding.patch is not None]
    ids = list(dict.fromkeys(patch.id for patch in patches if patch.applicability is not Applicability.DISPLAY))
    if ids:
        program = _program(argv)
        yield ProfileCommand(
            command=f"repro-audit fix {' '.join(ids)} --verify {quote(program)}",
            purpose="prove the patch by running with and without it",
        )
    if any(use.removal is not None and use.removal.mode in ("switches", "mixed") for use in holding):
        yield ProfileCommand(
            command=command_line("exec", argv, "--deterministic"), purpose="switch it from outside, once"
        )
        yield ProfileCommand(
            command=command_line("variance", argv, "--variants impl,control --runs 3"),
            purpose="prove the switch: replicas with operators as they are, and deterministic ones",
        )
    else:
        yield ProfileCommand(command=command_line("run", argv, "--twice"), purpose="see whether two runs part there")


def _program(argv: Sequence[str]) -> str:
    """As `fix --verify` takes it: without the interpreter where it is only called `python`."""
    words = command_line("", argv).split(" ", 1)
    return words[1].strip() if len(words) > 1 else join(argv)
