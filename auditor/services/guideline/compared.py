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
    facts += _unread(known)
    return point(4, "The training ran at least twice and was compared", facts, commands)


def _unread(known: Known) -> list[GuidelineFact]:
    """Nobody knows what it would say: perhaps that runs differed."""
    advice = "run again what it came from, and delete the file"
    return [not_shown(f"Evidence that cannot be read: {reason}; {advice}.") for reason in known.unread]


def _coverage(run: Held) -> Iterator[GuidelineFact]:
    evidence = run.evidence
    pair = " and ".join(evidence.runs[:2])
    compared = f"{pair} of `{' '.join(evidence.command)}`, {count(evidence.steps, 'step')}: {evidence.answer}"
    if evidence.altered:
        yield not_shown(f"The runs were not as the program is by itself, {evidence.altered}: {compared}", run.name)
    elif evidence.trained is False:
        yield not_shown(f"The runs took no step and computed no gradient, so nothing trained: {compared}", run.name)
    elif evidence.is_whole or evidence.status is Status.DIVERGENT:
        yield met(compared, run.name)
    else:
        yield not_shown(f"The runs were ended before the program did: {compared}", run.name)


def explained(known: Known) -> GuidelinePoint:
    """Point 5: no difference, or one that is understood and removed."""
    title = "If it differed: software or hardware, with evidence"
    run, proof = known.twice(), _proof(known)
    again = known.words[EvidenceKind.TWICE]
    verify = known.words[EvidenceKind.VERIFY]
    facts = [*_unread(known), *_differed_elsewhere(known, run)]
    commands: list[str | None] = []
    if run is None and proof is None and not facts:
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
    elif not decided and (run is not None or proof is not None):
        facts.append(_agreement(run, proof))
        commands.append(None if facts[-1].standing is Standing.MET else again)
    elif not decided or run is None:
        commands.append(again)
    facts += _other_conditions(known, run)
    facts += _remedies(known, commands)
    return point(5, title, facts, commands)


def _differed_elsewhere(known: Known, run: Held | None) -> Iterator[GuidelineFact]:
    """Differences that other commands than `run --twice` saw although nothing was varied."""
    accepted = run is not None and run.evidence.status in (Status.DIVERGENT, Status.WITHIN_TOLERANCE)
    for each in known.held:
        evidence = each.evidence
        if not evidence.apart or not each.is_current or each.is_applied:
            continue
        text = f"`{evidence.kind.value}` saw runs of this source differ: {sentence(evidence.apart)}"
        if accepted or _is_settled_outside(evidence, run):
            yield told(text, each.name)
        elif evidence.environment is not None and (run is None or _settings(evidence) == _settings(run.evidence)):
            yield not_met(text, each.name)
        else:
            yield not_shown(f"{text} Whether under the settings of the two runs is not known.", each.name)


def _is_settled_outside(evidence: Evidence, run: Held | None) -> bool:
    """Whether the newest runs had the variables that, as a proof shows, make them agree."""
    if run is None or not evidence.variables or evidence.patched or run.evidence.environment is None:
        return False
    had = run.evidence.environment.variables
    return all(had.get(name) == value for name, _, value in (each.partition("=") for each in evidence.variables))


def _settings(evidence: Evidence) -> object:
    """What is set around the program, of `_conditions`: switches are moved by the patches that a proof tries."""
    environment = evidence.environment
    if environment is None:
        return None
    variables = [(name, value) for name, value in environment.variables.items() if name in SHOWN_VARIABLES]
    return environment.threads, sorted(variables)


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
    if answered and answered[0].evidence.altered:
        by = answered[0]
        return not_shown(f"No difference was seen, but {by.evidence.altered}, unlike the program by itself.", by.name)
    if answered and answered[0].evidence.trained is False:
        return not_shown("No difference was seen, but nothing trained in the runs.", answered[0].name)
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
    return None if environment is None else (_settings(evidence), sorted(environment.flags.items()))


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
