"""Further runs around a first divergence: a close-up of the event, and changes from outside that may remove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.dynamic.causes import hash_order
from auditor.dynamic.closeup import focus_on, look
from auditor.dynamic.evidence import Intervention, case_of
from auditor.model.divergence import Closeup, Difference, Divergence
from auditor.model.run import RunRecord
from auditor.model.trace import EventKind
from auditor.services.compare import Pair
from auditor.services.progress import Progress

CHEAP_S = 30.0
"""Runs that take so long are repeated where it may help; longer ones only where the answer rests on it."""

RunPair = Callable[[str, int, Mapping[str, object], Mapping[str, str]], tuple[RunRecord, RunRecord] | None]
"""Runs the program twice more: stage, steps to stop after, probe settings, environment. None where that failed."""


class Experiments:
    """Both kinds, on one divergence. The runs end with the step that diverged."""

    def __init__(self, run_pair: RunPair, pair: Pair, progress: Progress) -> None:
        self._run_pair = run_pair
        self._pair = pair
        self._progress = progress
        first = pair.outcome.comparison.first
        assert first is not None, "runs that agree leave nothing to look at"
        self._first: Divergence = first
        event = first.reference or first.candidate
        self._stop_after = (event.identity.step if event is not None else 0) + 1

    def look_closely(self, leaking: bool) -> Closeup | None:
        """Run a second pair that keeps the tensors of the divergent event; None where that cannot help.

        Where state leaks between runs, a third and a fourth run start from yet another state.
        """
        if leaking or not self._is_worth_it():
            return None
        records = self._run_pair("close-up", self._stop_after, {"focus": focus_on(self._first)}, {})
        if records is None:
            return _nothing("a second pair of runs did not come to its end")
        return look(self._first, Pair.of(records).traces)

    def intervene(self) -> list[Intervention]:
        """Fix the hash secret, if hashes can be the cause, and see whether the runs then agree at the event."""
        case = case_of(self._pair.outcome.comparison, self._pair.traces, self._pair.records)
        if not hash_order.is_open(case) or not self._is_cheap():
            return []
        records = self._run_pair("hash seed", self._stop_after, {}, {"PYTHONHASHSEED": "0"})
        if records is None or self._progress.cancelled():
            return []
        again = Pair.of(records).outcome.comparison
        agreed = again.first is None or again.equal_before > self._pair.outcome.comparison.equal_before
        note = "They part later, at another event." if agreed and again.first is not None else ""
        return [Intervention(kind=hash_order.INTERVENTION, agreed=agreed, note=note)]

    def _is_worth_it(self) -> bool:
        """There are two tensors to hold against each other, and the runs are cheap or the answer rests on it."""
        first = self._first
        if first.reference is None or first.candidate is None or first.reference.kind is not EventKind.OP:
            return False
        if first.difference is Difference.VALUE and first.inputs_agree is not False:
            return True
        return first.difference in (Difference.VALUE, Difference.STATE, Difference.ARGUMENT) and self._is_cheap()

    def _is_cheap(self) -> bool:
        """A run up to the divergent step is short, judged by the reference."""
        record = self._pair.records[0]
        steps = max((process.steps for process in record.processes), default=0)
        share = min(1.0, self._stop_after / steps) if steps else 1.0
        return record.duration_s * share <= CHEAP_S


def _nothing(note: str) -> Closeup:
    return Closeup(magnitude=None, replay=None, kernels=(), kernels_missing="", note=note)
