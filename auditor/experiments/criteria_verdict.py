"""From criteria to an answer. What was not seen is never equal, and too little is no answer."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.criteria import Agreement, CriteriaReport, CriterionResult
from auditor.model.variance import Criterion
from auditor.model.verdict import Status

_RESULTS = frozenset((Criterion.OVERALL, Criterion.PREDICTIONS, Criterion.LOSSES))


def conclude(
    names: tuple[str, str], results: Sequence[CriterionResult], chosen: Sequence[Criterion] = (), remark: str = ""
) -> CriteriaReport:
    """Divergent where a criterion differs; reproducible where enough was seen and all of that is equal.

    Enough is every chosen criterion; without a choice the whole trace, or the overall metric, predictions and losses
    (as published), or the final weights together with any of these three. `remark`: a sentence for the basis.
    """
    counted = [result for result in results if not chosen or result.criterion in chosen]
    differing = next((each.criterion for each in counted if each.agreement is Agreement.DIFFERS), None)
    equal = [each.criterion for each in counted if each.agreement is Agreement.EQUAL]
    if differing is not None:
        status = Status.DIVERGENT
    elif len(equal) == len(counted) if chosen else _is_enough(frozenset(equal)):
        status = Status.REPRODUCIBLE
    else:
        status = Status.INCONCLUSIVE
    return CriteriaReport(
        reference=names[0],
        candidate=names[1],
        status=status,
        first=differing,
        chosen=tuple(each for each in Criterion if each in chosen),
        results=tuple(results),
        basis=f"{_basis(counted, status)} {remark}".rstrip(),
    )


def _is_enough(equal: frozenset[Criterion]) -> bool:
    with_weights = Criterion.WEIGHTS in equal and bool(equal & _RESULTS)
    return Criterion.TRACE in equal or equal >= _RESULTS or with_weights


def _basis(counted: Sequence[CriterionResult], status: Status) -> str:
    by_agreement = {
        agreement: [each.criterion.value for each in counted if each.agreement is agreement] for agreement in Agreement
    }
    equal, differing, unseen = (by_agreement[each] for each in Agreement)
    parts = []
    if differing:
        parts.append(f"differs: {', '.join(differing)}")
    if equal:
        parts.append(f"equal: {', '.join(equal)}")
    if unseen:
        parts.append(f"not seen: {', '.join(unseen)}")
    text = "; ".join(parts)
    text = f"{text[:1].upper()}{text[1:]}."
    if status is Status.INCONCLUSIVE and equal:
        text += (
            f" That is too little to call the training reproducible; --only {','.join(equal)} asks about these alone."
        )
    return text
