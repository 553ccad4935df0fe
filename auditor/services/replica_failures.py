"""Which replicas failed or were lost, and what that means for a spread."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from auditor.errors import ProgramError
from auditor.experiments.schedule import Task
from auditor.experiments.variants import Variant
from auditor.model.run import Ending, RunRecord
from auditor.runs.launch import check, log_tail

_SEARCHED_LINES = 40


class Failures:
    """What went wrong, in the order in which it did."""

    def __init__(self) -> None:
        self._ended: list[tuple[Task, RunRecord]] = []

    def add(self, task: Task, run: RunRecord) -> None:
        self._ended.append((task, run))

    def raise_first(self) -> None:
        """Raise `ProgramError` for an experiment in which nothing became whole."""
        own = [run for _, run in self._ended if run.status.ending is not Ending.LOST]
        for run in own or [run for _, run in self._ended]:
            check(run)
        raise ProgramError("interrupted before the first replica was whole; nothing was measured")

    def told(self, variants: Sequence[Variant], whole: AbstractSet[tuple[Variant, int]]) -> list[str]:
        """Return a sentence or two for each variant in which something went wrong; `whole` are the replicas there."""
        found = []
        for variant in variants:
            own = [(task, run) for task, run in self._ended if task.variant == variant]
            failed = [(task.number, run) for task, run in own if run.status.ending is not Ending.LOST]
            lost = [(task.number, run) for task, run in own if run.status.ending is Ending.LOST]
            numbers = {number for each, number in whole if each == variant}
            found += [_failed(variant, failed, numbers)] if failed else []
            found += [_lost(variant, lost, numbers)] if lost else []
        return found


def _failed(variant: Variant, failed: list[tuple[int, RunRecord]], whole: set[int]) -> str:
    first = failed[0][1]
    last = next(
        (line.strip() for line in reversed(log_tail(first, _SEARCHED_LINES)) if line.strip()), "it printed nothing"
    )
    mode = "" if variant.implementation else " in deterministic mode"
    replicas = sorted({number for number, _ in failed})
    count = f"{len(replicas)} of its replicas" if whole else "the program"
    ways = sorted({way(run) for _, run in failed})
    times = f" each of {len(failed)} times" if len(failed) > len(replicas) and not whole & set(replicas) else ""
    text = f"{variant.name}: {count} failed{mode}{times} ({', '.join(ways)}): {last} (log {first.folder}/program.log)"
    again = [number for number in replicas if number in whole]
    if not again:
        return text
    return f"{text}. {len(again)} ended well when run again; if luck decides who fails, the spread is of the lucky"


def _lost(variant: Variant, lost: list[tuple[int, RunRecord]], whole: set[int]) -> str:
    replicas = sorted({number for number, _ in lost})
    left = [number for number in replicas if number not in whole]
    end = f"; {len(left)} could not be finished" if left else "; all were run again and are whole"
    was = "was" if len(replicas) == 1 else "were"
    return f"{variant.name}: {len(replicas)} of its replicas {was} lost ({'; '.join(lost[0][1].notes)}){end}"


def way(run: RunRecord) -> str:
    """How a run failed: `exit code 1`, `signal 9`, `time limit`."""
    if run.status.ending is Ending.TIMED_OUT:
        return "time limit"
    return f"exit code {run.status.code}" if run.status.code >= 0 else f"signal {-run.status.code}"
