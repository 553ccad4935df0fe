"""The sentences of a proof: what it amounts to, why a patch stands where it stands, what a person can do."""

from __future__ import annotations

from auditor.experiments.repetition import excluded_rate, undetected
from auditor.model.proof import Need
from auditor.model.verdict import Status
from auditor.report.prose.numbers import count, share
from auditor.report.prose.place import place
from auditor.report.prose.proof import parting_place
from auditor.services.laboratory import Plan, Version
from auditor.services.proof_search import Search, Standing

SHOWN = 5
STATE_LEAK = "state-leak"


def answer(search: Search, *, proven: bool, minimal: Version, interrupted: bool) -> tuple[Status, tuple[str, ...]]:
    """What the runs amount to, the answer first. No evidence is never called reproducible."""
    if not search.rounds:
        return Status.INCONCLUSIVE, ("You stopped it before two runs of the program were there to compare.",)
    standing = search.standing
    runs = len(search.lab.runs(standing.version))
    if standing.status is Status.DIVERGENT and not interrupted:
        return Status.DIVERGENT, (_still(search),)
    if standing.status is Status.REPRODUCIBLE and proven:
        return Status.REPRODUCIBLE, _proven(search, minimal, interrupted)
    if interrupted:
        return Status.INCONCLUSIVE, ("You stopped it before there was a proof.",)
    if standing.status is Status.REPRODUCIBLE:
        wanted = search.runs_to_settle()
        rate = min((each.rate for each in search.rounds if each.rate is not None), default=0.0)
        told = (
            f"{count(runs, 'run')} with {_patches(standing.version)} are equal, but what made runs differ before may "
            f"show in as few as {share(rate)} of the pairs: it stays hidden in so many runs with a probability of "
            f"up to {share(undetected(rate, runs))}."
        )
        return Status.INCONCLUSIVE, (told, f"--max-runs {wanted} would settle it.") if wanted is not None else (told,)
    reasons = standing.verdict.reasons if standing.verdict is not None else ("Nothing could be compared.",)
    return Status.INCONCLUSIVE, reasons


def _proven(search: Search, minimal: Version, interrupted: bool) -> tuple[str, ...]:
    lab = search.lab
    runs = len(lab.runs(minimal)) or len(lab.runs(search.standing.version))
    bound = excluded_rate(runs, search.confidence)
    scope = (
        f"Ruled out at {share(search.confidence)}: anything that makes more than {share(bound)} of the pairs differ. "
        "Says nothing about other machines, GPU counts or versions."
    )
    verdict = search.standing.verdict
    limits = [reason for reason in (verdict.reasons if verdict is not None else ()) if "stopped after" in reason]
    if not search.standing.version:
        first = f"{count(runs, 'run')} of the program as it is are equal, bit for bit: no patch is needed for this run."
    else:
        first = f"{count(runs, 'run')} with {_patches(minimal)} are equal, bit for bit."
    stopped = ("You stopped it before it was known which patches can be left out.",) if interrupted else ()
    return first, *stopped, *limits, scope


def _still(search: Search) -> str:
    tried = search.standing.version
    with_patches = f" with {_patches(tried)}" if tried else ""
    return f"Still diverges{with_patches} at {_place(search, search.standing)}: no known patch."


def _place(search: Search, standing: Standing) -> str:
    return parting_place(search.lab.original(standing.version).tell(standing.first))


def _patches(version: Version) -> str:
    patches = [measure for measure in version if "=" not in measure]
    variables = sorted(measure for measure in version if "=" in measure)
    words = [count(len(patches), "patch", "patches")] if patches else []
    return " and ".join([*words, *(f"{variable} in the launcher" for variable in variables)]) or "no patch"


def equal_without(runs: int, confidence: float) -> str:
    """What so many equal runs without a patch say."""
    bound = share(excluded_rate(runs, confidence))
    return (
        f"{count(runs, 'run')} without it are equal; a source that makes more than {bound} of the pairs "
        f"differ is ruled out at {share(confidence)}"
    )


def reason_left_out(search: Search, proven: bool) -> tuple[Need, str]:
    """A patch that is not in the last version."""
    runs = len(search.lab.runs(search.standing.version)) if search.rounds else 0
    if proven:
        return Need.NOT_NEEDED, equal_without(runs, search.confidence)
    return Need.UNKNOWN, "not judged before it ended"


def reason_applied(search: Search, patch: str) -> str:
    """A patch of a program that is not proven reproducible: what adding it did to the first divergence."""
    for before, after in zip(search.rounds, search.rounds[1:], strict=False):
        if patch in after.added:
            old, new = _place(search, before.standing), _place(search, after.standing)
            if after.standing.status is Status.REPRODUCIBLE:
                return f"with it, runs no longer differ at {old}"
            if old == new:
                return f"with it, runs still differ at {old}"
            return f"with it, the first difference moved from {old} to {new}"
    return "not judged before it ended"


def advice(search: Search, plan: Plan) -> tuple[str, ...]:
    """What a person can do about the divergence that is left."""
    if not search.rounds or search.standing.status is not Status.DIVERGENT:
        return ()
    told = []
    keys = {key for cause in search.standing.causes for key in cause.findings}
    told += [f"{cause.title}: {cause.remedy}" for cause in search.standing.causes[:2]]
    if any(cause.kind == STATE_LEAK for cause in search.standing.causes) and not search.lab.fresh:
        told.append("add --fresh to see whether runs are equal that start without what earlier ones wrote")
    told += [
        f"{refused.rule_id} at {place(refused.location)}: no patch, because {refused.reason}; {refused.advice}"
        for refused in plan.refused
        if refused.finding_key in keys
    ][:SHOWN]
    told += [f"{patch}: left out, {reason}" for patch, reason in sorted(search.refused.items())]
    return tuple(told) or ("`repro-audit tui` shows the events around the difference.",)
