"""From a program that differs to a set of patches with which it does not: one divergence after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.dynamic.classify import is_settled
from auditor.errors import ReproAuditError
from auditor.experiments.repetition import CERTAIN, rate_bound, runs_needed, settling_runs
from auditor.model.divergence import Divergence
from auditor.model.lean import dataclass, replace
from auditor.model.rule import Confidence
from auditor.model.run import RunRecord
from auditor.model.verdict import Cause, Status, Verdict
from auditor.report.prose.numbers import count
from auditor.services.compare import Pair
from auditor.services.laboratory import AS_IS, FAILED, Laboratory, Version
from auditor.services.twice import diagnose
from auditor.static.patches import PlannedPatch

LEAST_RUNS = 3
"""Runs of the patched program, however certain its divergence was before."""

TARGETED_ROUNDS = 4
"""After so many rounds everything that is left is applied at once; what was not needed goes out again."""

CERTAINLY = ("unseeded-rng", "seed-differs", "seeded-too-late", "worker-rng")
"""Causes that are at work in every run: draws from the system's entropy, and seeds that are others each time."""

HASH_ORDER = "hash-order"
HASH_SEED = "PYTHONHASHSEED=0"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of a version from the runs so far."""

    version: Version
    pair: Pair | None = None
    """The two runs that differ; else the last that were compared."""

    verdict: Verdict | None = None
    failed: RunRecord | None = None
    """The run in which the program failed."""

    @property
    def status(self) -> Status | None:
        """None where the program failed."""
        return self.verdict.status if self.verdict is not None and self.failed is None else None

    @property
    def differs(self) -> bool:
        """Two runs differ: in a tensor, or at least in a figure that they printed."""
        return self.failed is None and self.pair is not None and differ(self.pair)

    @property
    def first(self) -> Divergence | None:
        return self.pair.outcome.comparison.first if self.pair is not None and self.failed is None else None

    @property
    def causes(self) -> tuple[Cause, ...]:
        return self.verdict.causes if self.verdict is not None else ()


@dataclass(frozen=True, kw_only=True)
class Round:
    """A version that was tried on the way, and what was added to come to it."""

    added: tuple[str, ...]
    standing: Standing
    rate: float | None = None


def examine(lab: Laboratory, version: Version, label: str, runs: int) -> Standing:
    """Run a version until two runs differ, one fails, nothing can be said, or so many agree."""
    known = lab.runs(version)
    for record in known:
        if record.status.ending in FAILED:
            return Standing(version=version, failed=record)
    standing = _hold(lab, version, len(known) - 1) if len(known) >= 2 else Standing(version=version)
    while len(known) < runs and standing.status in (None, Status.REPRODUCIBLE):
        record = lab.run(version, label)
        if record.status.ending in FAILED:
            return Standing(version=version, failed=record)
        if len(known) >= 2:
            standing = _hold(lab, version, len(known) - 1)
    return standing


def _hold(lab: Laboratory, version: Version, index: int) -> Standing:
    """Hold a run against the version's first one, and look for causes where they differ."""
    records = lab.runs(version)
    pair = lab.pair(records[0], records[index])
    if pair.outcome.comparison.first is None:
        verdict = pair.judge((), lab.options.steps)
        return Standing(version=version, pair=pair, verdict=verdict)
    causes = pair.classify(lab.scanned(version))
    return Standing(version=version, pair=pair, verdict=pair.judge(causes, lab.options.steps))


def look_closer(lab: Laboratory, standing: Standing) -> Standing:
    """Ask for the cause of a divergence with further runs, where it is not sure yet."""
    if standing.pair is None or is_settled(standing.causes):
        return standing
    lab.prepare(standing.version)
    pair, causes, _ = diagnose(lab.session(standing.version), standing.pair, lab.scanned(standing.version))
    return replace(standing, pair=pair, verdict=pair.judge(causes, lab.options.steps))


class Search:
    """Adds patches until the program is reproducible, or nothing is left to add."""

    def __init__(self, lab: Laboratory, patches: Sequence[PlannedPatch], *, confidence: float, most_runs: int) -> None:
        self.lab = lab
        self.patches = {patch.id: patch for patch in patches}
        self.confidence = confidence
        self.most_runs = most_runs
        self.rounds: list[Round] = []
        self.broken: dict[str, RunRecord] = {}
        """Patch → the run in which the program failed with it."""

        self.refused: dict[str, str] = {}
        """Patch → why it cannot be combined with the others."""

    @property
    def standing(self) -> Standing:
        return self.rounds[-1].standing

    def begin(self) -> Standing:
        """Run the program as it is, two times."""
        standing = examine(self.lab, AS_IS, "as it is", 2)
        self.rounds.append(Round(added=(), standing=standing))
        return standing

    def go(self) -> None:
        """Search; `rounds` has the whole way. The last standing tells how it ended."""
        again = True
        while again:
            while self.standing.differs and (group := self._choose()):
                self._add(group)
            confirmed = self.standing.status is Status.REPRODUCIBLE
            if confirmed:
                self._confirm()
            again = confirmed and self.standing.differs

    def runs_wanted(self) -> int | None:
        """Agreeing runs that rule out every divergence that was seen; None where no number does."""
        wanted = [LEAST_RUNS]
        for each in self.rounds:
            if each.standing.differs:
                needed = runs_needed(each.rate or 0.0, self.confidence)
                if needed is None:
                    return None
                wanted.append(needed)
        return max(wanted) if len(wanted) > 1 or not self.patches else self.most_runs

    def runs_to_settle(self) -> int | None:
        """What `--max-runs` would have to be; None where no number of runs promises an answer."""
        rates = [
            (each.rate, len(self.lab.runs(each.standing.version))) for each in self.rounds if each.rate is not None
        ]
        if not rates:
            return None
        rate, runs = min(rates)
        if rate >= rate_bound(True, 0, runs, self.confidence):  # all of them differ, they were only too few
            return max(settling_runs(self.confidence), runs + 1)
        return runs_needed(rate, self.confidence)

    def _confirm(self) -> None:
        """Run the version at hand as often as the rates of all divergences before it ask for."""
        for number, each in enumerate(self.rounds):
            if each.standing.differs and each.rate is None:
                self.rounds[number] = replace(each, rate=self._rate(each.standing))
        wanted = self.runs_wanted() or self.most_runs
        last = self.rounds[-1]
        self.lab.expected = wanted
        standing = examine(
            self.lab, last.standing.version, self._label(last.standing.version), min(wanted, self.most_runs)
        )
        self.rounds[-1] = replace(last, standing=standing)

    def _rate(self, standing: Standing) -> float:
        """A lower bound of how often pairs of a version differ; runs it again where one pair says too little."""
        best = standing.causes[0] if standing.causes else None
        if best is not None and best.kind in CERTAINLY and best.confidence is Confidence.HIGH:
            return CERTAIN
        version = standing.version
        while True:
            records = self.lab.runs(version)
            bound = rate_bound(*_differing(self.lab, records), len(records), self.confidence)
            needed = runs_needed(bound, self.confidence)
            if len(records) >= self.most_runs or (needed is not None and needed <= self.most_runs):
                return bound
            self.lab.expected = self.most_runs - len(records) + LEAST_RUNS
            if self.lab.run(version, self._label(version)).status.ending in FAILED:
                records.pop()
                return bound

    def _choose(self) -> tuple[str, ...]:
        """Patches for the divergence at hand: those of its causes' findings, else all; at last the launcher."""
        standing = self.standing
        left = [patch for patch in self.patches.values() if patch.id not in self._spent()]
        if len(self.rounds) <= TARGETED_ROUNDS:
            for cause in standing.causes:
                if found := tuple(patch.id for patch in left if set(patch.finding_keys) & set(cause.findings)):
                    return found
            if found := tuple(patch.id for patch in left if set(patch.finding_keys) & self._findings_there()):
                return found
        if left:
            return tuple(patch.id for patch in left)
        # Only where no patch is left to try is it worth runs to know the cause better.
        standing = look_closer(self.lab, standing)
        self.rounds[-1] = replace(self.rounds[-1], standing=standing)
        hashes = any(cause.kind == HASH_ORDER for cause in standing.causes)
        return (HASH_SEED,) if hashes and HASH_SEED not in self._spent() else ()

    def _spent(self) -> set[str]:
        return {*self.standing.version, *self.broken, *self.refused}

    def _findings_there(self) -> set[str]:
        """Keys of the findings at the line where the runs part."""
        first, scanned = self.standing.first, self.lab.scanned(self.standing.version)
        event = (first.reference or first.candidate) if first is not None else None
        if event is None or event.site is None or scanned is None:
            return set()
        here = event.site.path, event.site.line
        return {
            finding.key
            for finding in scanned.findings
            if here
            in {(place.path, place.line) for place in (finding.location, *(r.location for r in finding.related))}
        }

    def _add(self, group: tuple[str, ...]) -> None:
        """Try a group of patches together; where that cannot be, one by one, without those that break the program."""
        before = self.standing
        good = self._combinable(before.version, group)
        if not good:
            return
        standing = self._look(before.version | set(good))
        if standing.failed is not None and len(good) == 1:
            self.broken[good[0]] = standing.failed
            return
        if standing.failed is not None:
            kept: list[str] = []
            for each in good:
                alone = self._look(before.version | {*kept, each})
                if alone.failed is None:
                    kept.append(each)
                    standing = alone
                else:
                    self.broken[each] = alone.failed
            good = tuple(kept)
        if good:
            self.rounds.append(Round(added=good, standing=standing))

    def _combinable(self, version: Version, group: Iterable[str]) -> tuple[str, ...]:
        """Those of a group that can stand beside the version's patches and each other."""
        kept: list[str] = []
        for each in group:
            if "=" not in each:
                try:
                    self.lab.plan.texts(sorted(m for m in version | {*kept, each} if "=" not in m))
                except ReproAuditError as error:
                    self.refused[each] = str(error)
                    continue
            kept.append(each)
        return tuple(kept)

    def _look(self, version: Version) -> Standing:
        self.lab.expected = 2 + LEAST_RUNS
        return examine(self.lab, version, self._label(version), 2)

    def _label(self, version: Version) -> str:
        if not version:
            return "as it is"
        return f"with {next(iter(version)) if len(version) == 1 else count(len(version), 'patch', 'patches')}"


def differ(pair: Pair) -> bool:
    """Whether two runs differ in a tensor, or in a figure of the training that they printed."""
    comparison = pair.outcome.comparison
    return comparison.first is not None or any(line.metric for line in comparison.output)


def _differing(lab: Laboratory, records: Sequence[RunRecord]) -> tuple[bool, int]:
    """Whether no two runs agree, and how many of the disjoint pairs differ."""
    parted = {(i, j): differ(lab.pair(records[i], records[j])) for j in range(len(records)) for i in range(j)}
    return all(parted.values()), sum(parted[i, i + 1] for i in range(0, len(records) - 1, 2))
