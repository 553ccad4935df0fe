"""Stored runs: which there are, what is in them, and what may go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.run import RunRecord
from auditor.model.trace import Phase, TraceEvent
from auditor.runs import record
from auditor.runs.store import Store, open_store
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_root

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events of a trace to show; None and empty mean all."""

    process: str | None = None
    step: int | None = None
    phase: Phase | None = None
    op: str = ""
    """Part of the operator's name."""

    limit: int = 200


def stored_runs(cwd: Path, settings: Settings) -> tuple[RunRecord, ...]:
    """Return the finished runs of the project that `cwd` is in, oldest first."""
    return _store(cwd, settings).list()


def find_run(name: str, cwd: Path, settings: Settings) -> RunRecord:
    """Return a run by its id, or by the path of its folder. Raises `UsageError` where there is none."""
    if "/" in name or (Path(name) / record.FILE_NAME).is_file():
        folder = Path(name)
        if not folder.is_dir():
            raise UsageError(f"{name}: no such run folder")
        return record.read(folder.resolve())
    return _store(cwd, settings).load(name)


def newest_pair(cwd: Path, settings: Settings) -> tuple[RunRecord, RunRecord] | None:
    """Return the runs that `run --twice` compared last in this project, reference first; None where they are gone."""
    from auditor.model.evidence import EvidenceKind
    from auditor.runs.evidencefile import read_evidence

    store = _store(cwd, settings)
    runs = {run.id: run for run in store.list()}
    for evidence in reversed(read_evidence(store.root)[0]):
        if (
            evidence.kind is EvidenceKind.TWICE
            and len(evidence.runs) == 2
            and all(each in runs for each in evidence.runs)
        ):
            return runs[evidence.runs[0]], runs[evidence.runs[1]]
    return None


def prune_runs(keep: int, cwd: Path, settings: Settings) -> tuple[str, ...]:
    """Remove all but the newest `keep` runs, noise walks, and trainings of such walks; return what was removed.

    What goes on stays, and so do evidence and the replicas of `variance`.
    """
    from auditor.runs.trainings import prune_trainings
    from auditor.services.walks import prune_walks

    if keep < 0:
        raise UsageError(f"--keep {keep}: a number of runs, 0 or more")
    store = _store(cwd, settings)
    return (*store.prune(keep), *prune_trainings(store.root, keep), *prune_walks(store.root, keep))


def store_folder(cwd: Path, settings: Settings) -> Path:
    """Return where the project's runs are kept, whether or not there are any."""
    return _store(cwd, settings).root


def run_size_bytes(run: RunRecord) -> int:
    """Return how much disk a run takes."""
    return sum(path.stat().st_blocks * 512 for path in Path(run.folder).rglob("*") if path.is_file())


def trace_events(run: RunRecord, chosen: EventFilter) -> Iterator[TraceEvent]:
    """Yield the events of a run that pass the filter, process by process, at most `limit` of each."""
    from auditor.runs.tracefile import open_run  # needs numpy, which listing runs does not

    traces = open_run(Path(run.folder)).processes
    if chosen.process is not None and chosen.process not in traces:
        known = ", ".join(traces) or "none"
        raise UsageError(f"run {run.id} has no process `{chosen.process}`; there are: {known}")
    for name, trace in traces.items():
        if chosen.process in (None, name):
            yield from _of_process(trace, chosen)


def _of_process(trace: ProcessTrace, chosen: EventFilter) -> Iterator[TraceEvent]:
    shown = 0
    for index in range(len(trace.events)):
        if shown >= chosen.limit:
            return
        row = trace.events[index]
        if chosen.step is not None and int(row["step"]) != chosen.step:
            continue
        if chosen.op and chosen.op not in trace.names.get(int(row["op"]), ""):
            continue
        event = trace.event(index)
        if chosen.phase in (None, event.identity.phase):
            shown += 1
            yield event


def _store(cwd: Path, settings: Settings) -> Store:
    return open_store(find_root([cwd.resolve()]), settings.store)
