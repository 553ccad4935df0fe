"""What the exit code of a command says, and which one wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from auditor.errors import ProgramError, ReproAuditError, TraceFormatError
from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.model.guideline import GuidelineReport
    from auditor.model.profile import OperatorProfile
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.model.variance import ReplicaSetUp, VarianceReport
    from auditor.model.verdict import Status


class ExitCode(IntEnum):
    CLEAN = 0
    """Nothing was found; or two runs were equal, bit for bit, or differ by no more than --accept-margin allows."""

    FOUND = 1
    """Findings; or two runs differ."""

    USAGE = 2
    """The command line, a setting, a rule file or a path is wrong; or we have a bug. Nothing was judged."""

    PROGRAM_FAILED = 3
    """The audited program crashed, hung or ended with an exit code of its own."""

    INCONCLUSIVE = 4
    """We cannot tell; never to be read as "nothing found"."""

    INTERRUPTED = 130


PRECEDENCE = (
    ExitCode.USAGE,
    ExitCode.PROGRAM_FAILED,
    ExitCode.FOUND,
    ExitCode.INTERRUPTED,
    ExitCode.INCONCLUSIVE,
    ExitCode.CLEAN,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the one that counts where several hold; `CLEAN` for none."""
    held = set(codes)
    return next((code for code in PRECEDENCE if code in held), ExitCode.CLEAN)


def of_report(report: AuditReport) -> ExitCode:
    """Return what a report amounts to. A verdict decides where there is one: findings are suspicion only."""
    codes = []
    if report.guideline is not None:
        return _of_guideline(report.guideline)
    if report.proof is not None:
        return worst([_of_status(report.proof.status), *([ExitCode.INTERRUPTED] if report.proof.interrupted else [])])
    if report.criteria is not None:
        return _of_status(report.criteria.status)
    if report.profile is not None:
        return _of_profile(report.profile)
    if report.verdict is not None:
        from auditor.model.run import Ending  # a scan has no runs

        codes.append(_of_status(report.verdict.status))
        if any(run.status.ending is Ending.INTERRUPTED for run in report.runs):
            codes.append(ExitCode.INTERRUPTED)
    else:
        codes += [_of_run(run) for run in report.runs]
        codes += [ExitCode.FOUND] if report.findings else []
        codes += [ExitCode.INCONCLUSIVE] if report.scan is not None and not report.scan.files else []
    if report.overhead is not None and not any(ratio.conclusive for ratio in report.overhead.ratios):
        codes.append(ExitCode.INCONCLUSIVE)
    walk = report.sensitivity
    if walk is not None and walk.kind is not None and not walk.evaluations:
        codes.append(ExitCode.INCONCLUSIVE)
    if report.simulation is not None and not report.simulation.profiles:
        codes.append(ExitCode.INCONCLUSIVE)
    if report.variance is not None and report.variance.set_up is not None:
        codes += _of_replicas(report.variance, report.variance.set_up)
    return worst(codes)


def _of_profile(profile: OperatorProfile) -> ExitCode:
    """What could not be seen, or nothing at all that was seen, is no clean answer."""
    from auditor.model.profile import Holding

    held = {use.holding for use in profile.uses}
    codes = [ExitCode.FOUND] if Holding.HOLDS in held else []
    codes += [ExitCode.INTERRUPTED] if profile.interrupted else []
    unknown = Holding.UNKNOWN in held or not profile.complete or not profile.calls
    return worst([*codes, ExitCode.INCONCLUSIVE] if unknown else codes)


def _of_guideline(guideline: GuidelineReport) -> ExitCode:
    """A required point that is not met counts more than one that nothing shows."""
    from auditor.model.guideline import Standing

    codes = {
        Standing.MET: ExitCode.CLEAN,
        Standing.NOT_MET: ExitCode.FOUND,
        Standing.NOT_SHOWN: ExitCode.INCONCLUSIVE,
        Standing.TOLD: ExitCode.INCONCLUSIVE,
    }
    required = [point for point in guideline.points if point.number in guideline.required]
    return worst(codes[point.standing] for point in required) if required else ExitCode.INCONCLUSIVE


def _of_replicas(variance: VarianceReport, set_up: ReplicaSetUp) -> list[ExitCode]:
    """A variant that was asked for and has no spread leaves its question open."""
    measured = {group.name for group in variance.groups if group.replicas > 1}
    found = [ExitCode.INTERRUPTED] if set_up.interrupted else []
    measured |= {one.variant for one in variance.undrawn if one.certain}  # there is nothing to vary: an answer
    return found + [ExitCode.INCONCLUSIVE for name in set_up.variants if name not in measured]


def of_error(error: ReproAuditError) -> ExitCode:
    """Return what an error of ours amounts to."""
    if isinstance(error, ProgramError):
        return ExitCode.PROGRAM_FAILED
    if isinstance(error, TraceFormatError):
        return ExitCode.INCONCLUSIVE
    return ExitCode.USAGE


def forgiving(code: ExitCode) -> ExitCode:
    """Return the code under `--exit-zero`: results don't show, errors still do."""
    return ExitCode.CLEAN if code in (ExitCode.FOUND, ExitCode.INCONCLUSIVE) else code


def _of_status(status: Status) -> ExitCode:
    from auditor.model.verdict import Status

    return {
        Status.REPRODUCIBLE: ExitCode.CLEAN,
        Status.DIVERGENT: ExitCode.FOUND,
        Status.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        Status.WITHIN_TOLERANCE: ExitCode.CLEAN,  # which nothing but --accept-margin makes of a divergence
    }[status]


def _of_run(run: RunRecord) -> ExitCode:
    from auditor.model.run import Ending

    return {
        Ending.FINISHED: ExitCode.CLEAN,
        Ending.STOPPED: ExitCode.CLEAN,
        Ending.FAILED: ExitCode.PROGRAM_FAILED,
        Ending.TIMED_OUT: ExitCode.PROGRAM_FAILED,
        Ending.INTERRUPTED: ExitCode.INTERRUPTED,
        Ending.LOST: ExitCode.INCONCLUSIVE,
    }[run.status.ending]
