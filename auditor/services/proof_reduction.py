"""Which patches of a set that makes a program reproducible are needed for it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.errors import ReproAuditError
from auditor.experiments.reduction import Answer, Reduction, reduce
from auditor.experiments.repetition import runs_needed, undetected
from auditor.model.lean import dataclass
from auditor.model.verdict import Status
from auditor.report.prose.numbers import count, share
from auditor.report.prose.proof import parting_place
from auditor.services.laboratory import FAILED, Laboratory, StoppedError, Version, patches_of
from auditor.services.proof_search import LEAST_RUNS, Search, Standing, examine
from auditor.services.proof_words import equal_without


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """The minimal set, and a sentence for every version that was tried without some patches."""

    reduction: Reduction[str]
    reasons: Mapping[Version, str]

    def reason_without(self, measure: str) -> str:
        """What leaving out one of the kept ones showed."""
        return self.reasons.get(frozenset(self.reduction.kept) - {measure}, "not tried: it was stopped before")


class Trials:
    """Runs versions with some patches left out, and remembers why they hold or not."""

    def __init__(self, search: Search) -> None:
        self._lab: Laboratory = search.lab
        self._search = search
        self._full = search.standing.version
        self.reasons: dict[Version, str] = {}
        self._stopped = False
        rates = [each.rate for each in search.rounds if each.rate is not None]
        self._rate = min(rates, default=1.0)

    def run(self) -> Reduced:
        items = [*patches_of(self._full), *sorted(self._full - set(patches_of(self._full)))]
        reduction = reduce(items, self._answer_unless_stopped, lambda: self._stopped)
        return Reduced(reduction=reduction, reasons=self.reasons)

    def _answer_unless_stopped(self, kept: frozenset[str]) -> Answer:
        try:
            return self._answer(kept)
        except StoppedError:
            self._stopped = True
            return Answer.UNKNOWN

    def _answer(self, kept: frozenset[str]) -> Answer:
        for each in self._search.rounds:
            if each.standing.version == kept and each.standing.differs:
                self.reasons[kept] = self._parting(each.standing)
                return Answer.FAILS
        try:
            self._lab.plan.texts(patches_of(kept))
        except ReproAuditError as error:
            self.reasons[kept] = f"cannot be tried: {error}"
            return Answer.UNKNOWN
        wanted = runs_needed(self._rate, self._search.confidence)
        most = min(self._search.most_runs, max(LEAST_RUNS, wanted or self._search.most_runs))
        answer, runs = self._try(kept, most)
        if answer is Answer.HOLDS and (wanted is None or wanted > runs):
            settling = self._search.runs_to_settle()
            more = f"; --max-runs {settling} would settle it" if settling is not None else ""
            self.reasons[kept] = (
                f"{count(runs, 'run')} without it are equal, but where {share(self._rate)} of the pairs differ, that "
                f"comes by chance with a probability of up to {share(undetected(self._rate, runs))}{more}"
            )
            return Answer.UNKNOWN
        if answer is Answer.HOLDS:
            self.reasons[kept] = equal_without(runs, self._search.confidence)
        return answer

    def _try(self, kept: Version, runs: int) -> tuple[Answer, int]:
        """First against a run of the full set: what computes the same bits needs no reference of its own."""
        lab, label = self._lab, self._label(kept)
        lab.expected = runs * len(kept)
        known = lab.runs(kept)
        reference = lab.runs(self._full)[0]
        anchored = True
        while anchored and len(known) < runs:
            record = lab.run(kept, label)
            if record.status.ending in FAILED:
                self.reasons[kept] = "the program fails without it"
                return Answer.FAILS, len(known)
            pair = lab.pair(reference, record)
            anchored = pair.judge((), lab.options.steps).status is Status.REPRODUCIBLE
        if anchored:
            return Answer.HOLDS, runs
        standing = examine(lab, kept, label, max(2, runs))
        if standing.failed is not None:
            self.reasons[kept] = "the program fails without it"
            return Answer.FAILS, len(known)
        if standing.differs:
            self.reasons[kept] = self._parting(standing)
            return Answer.FAILS, len(known)
        if standing.status is Status.REPRODUCIBLE:
            return Answer.HOLDS, len(known)
        reasons = standing.verdict.reasons if standing.verdict is not None else ()
        self.reasons[kept] = f"without it: {' '.join(reasons[-1:])}"
        return Answer.UNKNOWN, len(known)

    def _parting(self, standing: Standing) -> str:
        first = self._lab.original(standing.version).tell(standing.first)
        return f"without it, runs differ at {parting_place(first)}"

    def _label(self, kept: Version) -> str:
        left_out = sorted(self._full - kept)
        return f"without {left_out[0] if len(left_out) == 1 else count(len(left_out), 'patch', 'patches')}"
