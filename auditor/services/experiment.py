"""Further runs around a first divergence: a close-up of the event, and changes from outside that may remove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from auditor.dynamic.causes import hash_order
from auditor.dynamic.closeup import focus_on, look
from auditor.dynamic.evidence import LATER_RUNS, ONE_TAPE, Asked, Intervention, Unseeded, case_of, line
from auditor.errors import TraceFormatError
from auditor.model.divergence import Closeup, Comparison, Difference, Divergence
from auditor.model.location import Location
from auditor.model.run import RunRecord
from auditor.model.tape import ProcessTape
from auditor.model.trace import EventKind
from auditor.probe.taping.wire import SUFFIX
from auditor.runs.tapefile import read_process
from auditor.services.compare import Pair

CHEAP_S = 20.0
"""Runs that take so long are repeated where it may help; longer ones only where the answer rests on it."""

SECRETS = ("0", "0", "1", "1", "0", "1")
"""Hash secrets of the runs that try whether hashes are the cause."""

REPLAYS = 2
"""Replays of one tape that must agree with the recording: a race with few outcomes agrees now and then."""

_KEPT = (EventKind.OP, EventKind.REGION, EventKind.OUTSIDE, EventKind.BATCH)

RunAgain = Callable[[str, int, Mapping[str, object], Mapping[str, str]], RunRecord | None]
"""Runs the program once more: stage, steps to stop after, probe settings, environment. None where that failed."""


class Experiments:
    """Both kinds, on one divergence. The runs end with the step that diverged."""

    def __init__(self, run: RunAgain, pair: Pair) -> None:
        self._run = run
        self._pair = pair
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
        probe = {"focus": focus_on(self._first)}
        records = [self._run("close-up", self._stop_after, probe, {}) for _ in range(2)]
        if records[0] is None or records[1] is None:
            return _nothing("a second pair of runs did not come to its end")
        again = Pair.of((records[0], records[1]))
        return look(self._first, again.traces, again.outcome.comparison)

    def intervene(self) -> list[Intervention]:
        """Fix the hash secret, if hashes can be the cause: do runs with one secret agree, and with two not?

        A race with few outcomes agrees now and then: three runs with each secret must do so. The first that does not
        ends the experiment.
        """
        case = case_of(self._pair.outcome.comparison, self._pair.traces, self._pair.records)
        if not hash_order.is_open(case) or not self._is_cheap():
            return []
        before = self._pair.outcome.comparison.equal_before
        known: dict[str, RunRecord] = {}
        parts_later = False
        for secret in SECRETS:
            record = self._run("hash seed", self._stop_after, {}, {"PYTHONHASHSEED": secret})
            if record is None:
                return []
            for other, earlier in known.items():
                compared = Pair.of((earlier, record)).outcome.comparison
                if _gets_past(compared, before) is not (other == secret):
                    return [Intervention(kind=hash_order.INTERVENTION, agreed=False)]
                parts_later |= other == secret and compared.first is not None
            known.setdefault(secret, record)
        note = "They part later, at another event." if parts_later else ""
        return [Intervention(kind=hash_order.INTERVENTION, agreed=True, note=note)]

    def on_one_tape(self) -> Intervention | None:
        """Record what the system gives the program, and give it to further runs: does the divergence go away?

        If it does, randomness was the whole cause, unless the recording, whose randomness is its own, agrees with one
        of the pair: then the other one is odd, for another reason. If it does not, what is left is implementation
        noise. None where runs are too long for that, or one of them failed.
        """
        if not self._is_cheap():
            return None
        secret = {"PYTHONHASHSEED": "0"}
        recorded = self._run("one tape", self._stop_after, {"tape": {"mode": "record"}}, secret)
        if recorded is None:
            return None
        tape = {"mode": "replay", "folder": str(Path(recorded.folder) / "tape"), "strict": False}
        for _ in range(REPLAYS):
            replayed = self._run("one tape", self._stop_after, {"tape": tape}, secret)
            if replayed is None:
                return None
            outcome = Pair.of((recorded, replayed)).outcome
            if outcome.comparison.first is not None:
                return Intervention(kind=ONE_TAPE, agreed=False, note=_where(outcome.comparison.first))
            if not outcome.evidence_events:
                return None
        before = self._pair.outcome.comparison.equal_before
        for earlier, is_candidate in zip(self._pair.records, (False, True), strict=True):
            if _gets_past(Pair.of((earlier, recorded)).outcome.comparison, before):
                return Intervention(kind=LATER_RUNS, agreed=is_candidate)
        tapes = _tapes(Path(recorded.folder) / "tape")
        return Intervention(kind=ONE_TAPE, agreed=True, asked=_asked(tapes), unseeded=unseeded(tapes))

    def _is_worth_it(self) -> bool:
        """There are two tensors to hold against each other, and the runs are cheap or the answer rests on it."""
        first = self._first
        if first.reference is None or first.candidate is None or first.reference.kind not in _KEPT:
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


def _gets_past(comparison: Comparison, events: int) -> bool:
    """True if two runs agree for more than so many events."""
    return comparison.first is None or comparison.equal_before > events


def _tapes(folder: Path) -> tuple[ProcessTape, ...]:
    """What the processes of a run were given; none where one of them cannot be read."""
    try:
        return tuple(read_process(path) for path in sorted(folder.glob(f"*{SUFFIX}")))
    except (TraceFormatError, OSError):
        return ()


def _asked(tapes: Sequence[ProcessTape]) -> tuple[Asked, ...]:
    """Lines of the program that a tape has answers for, by process and line."""
    counts: dict[tuple[str, Location], int] = {}
    for entry in (entry for tape in tapes for entry in tape.entries):
        if entry.kind == "entropy" and entry.site is not None and not entry.stream.startswith("~"):
            key = (entry.call, entry.site)
            counts[key] = counts.get(key, 0) + 1
    return tuple(Asked(call=call, site=site, times=times) for (call, site), times in counts.items())


def unseeded(tapes: Sequence[ProcessTape]) -> tuple[Unseeded, ...]:
    """Processes and the global generators that they moved, and that no call of theirs seeds."""
    found = []
    for tape in tapes:
        seeded = {entry.call.rpartition(".")[0] for entry in tape.entries if entry.kind == "seed"}
        found += [
            Unseeded(process=tape.name, argv=tape.argv, library=library)
            for library in tape.moved
            if library not in seeded
        ]
    return tuple(found)


def _where(first: Divergence) -> str:
    event = first.reference or first.candidate
    if event is None:
        return f"in process {first.process}"
    identity = event.identity
    return f"{identity.op} at {line(event.site)} (step {identity.step:,}, {identity.phase.value})"


def _nothing(note: str) -> Closeup:
    return Closeup(magnitude=None, replay=None, kernels=(), kernels_missing="", note=note)
