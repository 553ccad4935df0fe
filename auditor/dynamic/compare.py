"""Two runs held against each other: the first divergence, how far it spreads, and what could not be compared.

`RunComparison` follows two runs as their traces grow; `compare` takes two that have ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor.dynamic.extent import comparable_rows, extent, settled_rows, trainers
from auditor.dynamic.pair import PairComparison
from auditor.dynamic.pools import families
from auditor.dynamic.summary import Outcome, Summary
from auditor.dynamic.vocabulary import Vocabulary
from auditor.model.run import Ending

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace, RunTraces


def compare(
    reference: RunTraces,
    candidate: RunTraces,
    endings: tuple[Ending | None, Ending | None] = (None, None),
    on_progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Compare two runs whose programs have ended."""
    comparison = RunComparison()
    comparison.advance(reference, candidate, final=True, endings=endings, on_progress=on_progress)
    return comparison.outcome()


class RunComparison:
    """Call `advance` with the candidate opened anew as often as it grows, the last time with `final`."""

    def __init__(self) -> None:
        self._pairs: dict[str, PairComparison] = {}
        self._vocabularies: dict[str, tuple[tuple[int, int], Vocabulary]] = {}
        self._unlike: dict[str, str] = {}

    def advance(
        self,
        reference: RunTraces,
        candidate: RunTraces,
        *,
        final: bool,
        endings: tuple[Ending | None, Ending | None] = (None, None),
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        """Compare as far as both runs go. The reference must have ended."""
        self._runs = reference, candidate
        self._extent = extent(reference, candidate, endings)
        for name in sorted(set(reference.processes) & set(candidate.processes)):
            a, b = reference.processes[name], candidate.processes[name]
            if a.header["digest"] != b.header["digest"]:
                self._unlike[name] = (
                    f"digests of different kinds: {a.header['digest']} in the reference, {b.header['digest']} in the "
                    "candidate; run both in the same environment"
                )
                continue
            pair = self._pairs.setdefault(name, PairComparison(name))
            if final:
                stops = comparable_rows(a, self._extent.reference_cut), comparable_rows(b, self._extent.candidate_cut)
            else:
                stops = len(a.events), settled_rows(b)
            pair.advance(a, b, self._vocabulary(name, a, b), stops=stops, final=final)
            if on_progress is not None:
                on_progress(self.position)

    @property
    def position(self) -> int:
        """Rows that were looked at so far and agree, over all processes."""
        return sum(pair.position for pair in self._pairs.values())

    def divergent_step(self) -> int | None:
        """The step at which a training process has surely diverged; None so far.

        Helpers and side threads don't count yet, nor do siblings that train: a pool may only have shared its work out
        differently, or they were started in another order.
        """
        training = trainers(self._runs)
        training -= {name for names in families(self._runs, training) for name in names}
        steps = []
        for name, pair in self._pairs.items():
            hit = pair.firsts.get(0)
            if name in training and hit is not None:
                trace = self._runs[0 if hit.reference is not None else 1].processes[name]
                row = hit.reference if hit.reference is not None else hit.candidate
                steps.append(int(trace.events["step"][row]))
        return min(steps, default=None)

    def outcome(self) -> Outcome:
        """Sum up after the last `advance`."""
        return Summary(self._runs, self._pairs, self._vocabularies_only(), self._unlike, self._extent).outcome()

    def _vocabulary(self, name: str, a: ProcessTrace, b: ProcessTrace) -> Vocabulary:
        sizes = len(a.names), len(b.names)
        known = self._vocabularies.get(name)
        if known is None or known[0] != sizes:
            known = self._vocabularies[name] = (sizes, Vocabulary(a.names, b.names))
        return known[1]

    def _vocabularies_only(self) -> dict[str, Vocabulary]:
        return {name: vocabulary for name, (_, vocabulary) in self._vocabularies.items()}
