"""Points 3 to 5: criteria are chosen, the training ran at least twice and was compared, a difference is explained."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.evidence import Evidence, EvidenceKind, KeptCause
from auditor.model.guideline import GuidelineFact, GuidelinePoint, Standing
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Status
from auditor.report.prose.numbers import count
from auditor.services.guideline.facts import listed, met, missing, not_met, not_shown, older, point, sentence, told
from auditor.services.guideline.known import Held, Known
from auditor.services.guideline.pinned import SHOWN_VARIABLES

_HARDWARE = frozenset({Category.OPERATORS})


def criteria_chosen(known: Known) -> GuidelinePoint:
    """Point 3, judged by the metrics that replicas were measured in; bits alone are no choice for a domain."""
    spread = known.current(EvidenceKind.VARIANCE)
    run = known.twice()
    facts: list[GuidelineFact] = []
    if spread is None:
        facts.append(missing(known, EvidenceKind.VARIANCE, "No metric of the domain was measured over replicas."))
    elif not spread.evidence.criteria:
        facts.append(not_shown("Replicas ran, but no metric of them is known.", spread.name))
    else:
        facts.append(met(f"Measured over replicas: {', '.join(spread.evidence.criteria)}.", spread.name))
        facts.append(told(sentence(spread.evidence.answer), spread.name))
    if run is not None and run.evidence.criteria:
        facts.append(told(f"Runs were compared in {', '.join(run.evidence.criteria)}.", run.name))
    facts += older(known, EvidenceKind.VARIANCE, spread)
    return point(
        3, "Criteria are chosen for the domain", facts, [known.words[EvidenceKind.VARIANCE] if spread is None else None]
    )


def ran_twice(known: Known) -> GuidelinePoint:
    """Point 4: that it was compared, over how much of the training; what came of it is point 5."""
    run, proof = known.twice(), _proof(known)
    facts: list[GuidelineFact] = []
    again = known.words[EvidenceKind.TWICE]
    commands: list[str | None] = []
    if run is not None and run.evidence.status is not Status.INCONCLUSIVE:
        facts += _coverage(run)
        commands.append(again if not run.evidence.is_whole else None)
    elif proof is not None and proof.evidence.is_whole:
        facts.append(met(f"Runs of the source as it is now: {proof.evidence.answer}", proof.name))
    elif proof is not None:
        limit = f"the first {count(proof.evidence.steps, 'step')}"
        facts.append(
            not_shown(f"Only {limit} were run, of the source as it is now: {proof.evidence.answer}", proof.name)
        )
        commands.append(again)
    elif run is not None:
        facts.append(not_shown(f"Two runs could not be held against each other: {run.evidence.answer}", run.name))
        commands.append(again)
    else:
        facts.append(missing(known, EvidenceKind.TWICE, "No two runs of this program were compared."))
        commands.append(again)
    facts += older(known, EvidenceKind.TWICE, run)
    facts += [not_shown(f"Evidence that cannot be read: {reason}.") for reason in known.unread]
    return point(4, "The training ran at least twice and was compared", facts, commands)


def _coverage(run: Held) -> Iterator[GuidelineFact]:
    evidence = run.evidence
    pair = " and ".join(evidence.runs[:2])
    compared = f"{pair} of `{' '.join(evidence.command)}`, {count(evidence.steps, 'step')}: {evidence.answer}"
    if evidence.is_whole or evidence.status is Status.DIVERGENT:
        yield met(compared, run.name)
    else:
        yield not_shown(f"The runs were ended before the program did: {compared}", run.name)


def explained(known: Known) -> GuidelinePoint:
    """Point 5: no difference, or one that is understood and removed."""
    title = "If it differed: software or hardware, with evidence"
    run, proof = known.twice(), _proof(known)
    again = known.words[EvidenceKind.TWICE]
    verify = known.words[EvidenceKind.VERIFY]
    facts: list[GuidelineFact] = []
    commands: list[str | None] = []
    if run is None and proof is None:
        nothing = "Nothing was compared, so nobody knows whether it differs."
        return point(5, title, [missing(known, EvidenceKind.TWICE, nothing)], [again])
    for each in _conclusive(known):
        if each.evidence.status is Status.DIVERGENT and not _is_superseded(each, run):
            if run is not None and _accepts(run, each):
                facts.append(told(f"Before, without a look at margins: {each.evidence.answer}", each.name))
                continue
            facts += _difference(each, agreed=run is not None and run.evidence.status is Status.REPRODUCIBLE)
            commands.append(None if known.current(EvidenceKind.VERIFY) else verify)
    decided = any(fact.standing is not Standing.TOLD for fact in facts)
    if not decided and run is not None and run.evidence.status is Status.WITHIN_TOLERANCE:
        facts += _accepted(run)
    elif not decided:
        facts.append(_agreement(run, proof))
        commands.append(None if facts[-1].standing is Standing.MET else again)
    facts += _other_conditions(known, run)
    accepted = run is not None and run.evidence.status is Status.WITHIN_TOLERANCE
    facts += _unequal_replicas(known, decided or accepted)
    facts += _remedies(known, commands)
    return point(5, title, facts, commands)


def _accepts(run: Held, each: Held) -> bool:
    """Whether the newest runs were accepted within a margin, and earlier ones differed without one being measured."""
    return run.evidence.status is Status.WITHIN_TOLERANCE and not each.evidence.margins


def _accepted(each: Held) -> Iterator[GuidelineFact]:
    """A difference that somebody allowed because every layer keeps its distance from what it tolerates."""
    yield met(f"The runs differ by no more than was allowed: {sentence(each.evidence.answer)}", each.name)
    yield from _why(each)


def _agreement(run: Held | None, proof: Held | None) -> GuidelineFact:
    """What is shown where no run of this source differed."""
    answered = [each for each in (run, proof) if each is not None and each.evidence.status is Status.REPRODUCIBLE]
    whole = next((each for each in answered if each.evidence.is_whole), None)
    if whole is not None:
        return met("No run of this source differed, as far as is known.", whole.name)
    if answered:
        return not_shown("No difference was seen, but the runs were ended before the program did.", answered[0].name)
    assert run is not None
    return not_shown(f"The comparison came to no answer: {run.evidence.answer}", run.name)


def _conclusive(known: Known) -> list[Held]:
    current = [each for each in known.of(EvidenceKind.TWICE) if each.is_current]
    return [each for each in current if each.evidence.status not in (Status.INCONCLUSIVE, None)]


def _is_superseded(each: Held, run: Held | None) -> bool:
    """Whether a difference was seen under other conditions than the newest runs had."""
    return run is not None and each is not run and _conditions(each.evidence) != _conditions(run.evidence)


def _conditions(evidence: Evidence) -> object:
    """What a person sets around the same source to make it repeat: threads, some variables, switches.

    Arguments and variables that change none of these are no excuse: what differs in fifteen epochs is not mended by two
    runs of one, and a race does not end with another LANG.
    """
    environment = evidence.environment
    if environment is None:
        return None
    variables = [(name, value) for name, value in environment.variables.items() if name in SHOWN_VARIABLES]
    return (environment.threads, sorted(variables), sorted(environment.flags.items()))


def _difference(each: Held, *, agreed: bool) -> Iterator[GuidelineFact]:
    answer = each.evidence.answer
    if agreed:
        yield not_met(
            f"Runs of the same source under the same settings differed, later ones agreed: {answer}", each.name
        )
    else:
        yield not_met(f"The runs differ: {answer}", each.name)
    yield from _why(each)


def _why(each: Held) -> Iterator[GuidelineFact]:
    """The sort of cause, with its evidence."""
    cause = each.evidence.cause
    if cause is None:
        yield not_shown("Why they differ is not known.", each.name)
        return
    sort = _sort(cause)
    if cause.confidence is Confidence.HIGH:
        yield told(f"{sort}: {sentence(cause.title)} {sentence(cause.evidence)}".strip(), each.name)
        yield told(f"Remedy: {sentence(cause.remedy)}", each.name)
    else:
        yield not_shown(f"Probably {sort.lower()} ({cause.confidence.value} confidence): {cause.title}.", each.name)


def _sort(cause: KeptCause) -> str:
    if cause.category in _HARDWARE:
        return "Hardware non-determinism"
    return "Other surroundings" if cause.category is Category.ENVIRONMENT else "Software randomness"


def _other_conditions(known: Known, run: Held | None) -> Iterator[GuidelineFact]:
    for each in _conclusive(known):
        if each.evidence.status is Status.DIVERGENT and _is_superseded(each, run):
            yield told(f"Under other settings it differs: {each.evidence.answer}", each.name)


def _unequal_replicas(known: Known, decided: bool) -> Iterator[GuidelineFact]:
    """Replicas that had the same entropy are runs of the same set-up; two runs that agreed may have been luck."""
    spread = known.current(EvidenceKind.VARIANCE)
    if spread is None or not spread.evidence.unequal:
        return
    text = f"Replicas that were given the same entropy came to other results ({spread.evidence.unequal})"
    if decided:
        yield told(f"{text}.", spread.name)
    else:
        yield not_shown(f"{text}, so two runs that agree do not settle it.", spread.name)


def _remedies(known: Known, commands: list[str | None]) -> Iterator[GuidelineFact]:
    proof = known.current(EvidenceKind.VERIFY)
    if proof is not None and proof.evidence.status is Status.REPRODUCIBLE and not proof.is_applied:
        if proof.evidence.patched:
            files = listed(sorted(proof.evidence.patched))
            yield told(
                f"Proven by runs in a copy: {proof.evidence.answer} The patches of {files} are not in.", proof.name
            )
            commands.append("repro-audit fix --apply --unsafe")
        elif proof.evidence.variables:
            yield told(f"Proven with {listed(proof.evidence.variables)}: {proof.evidence.answer}", proof.name)
    replay = known.current(EvidenceKind.REPLAY)
    if replay is not None:
        yield told(f"Replayed from a tape: {replay.evidence.answer}", replay.name)
    price = known.current(EvidenceKind.OVERHEAD)
    if price is not None:
        yield told(f"What determinism costs: {sentence(price.evidence.answer)}", price.name)


def _proof(known: Known) -> Held | None:
    """A proof by runs of the source as it is now."""
    proof = known.current(EvidenceKind.VERIFY)
    if proof is None or proof.evidence.status is not Status.REPRODUCIBLE or proof.evidence.variables:
        return None
    return proof if proof.is_applied or not proof.evidence.patched else None
