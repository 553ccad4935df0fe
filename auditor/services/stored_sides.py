"""Reads what the store holds of a training: a traced run, or a replica of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.errors import TraceFormatError
from auditor.model.run import Ending, RunRecord
from auditor.model.variance import Criterion
from auditor.probe.losses import LIMIT
from auditor.runs import collected as collected_files
from auditor.runs import record as run_record
from auditor.runs.output import LOG_NAME
from auditor.runs.replicas import COLLECTED, Kept
from auditor.runs.result_files import class_samples
from auditor.runs.sides import FinalTensor, FinalWeights, Number, Series, Side, Written
from auditor.runs.tracefile import ProcessTrace, RunTraces, open_run
from auditor.runs.written import digest_of, kept_copy
from auditor.services.side_files import Looking, SideBuilder, finish

_MAX_FILES = 2_000


def of_run(run: RunRecord, looking: Looking) -> Side:
    """A traced run: losses and weights of its trace, files as far as they are still as it left them."""

    def find(name: str) -> Path | str:
        return _written_file(run, name)

    builder = SideBuilder(name=run.id, looking=looking, log=_log(Path(run.folder)), find=find, cut=_cut(run))
    hints: dict[Criterion, Sequence[str]] = {}
    try:
        traces = open_run(Path(run.folder))
        _add_trace(builder, traces)
        if builder.weights is None:
            hints[Criterion.WEIGHTS] = [f"{run.id}: no optimizer of torch stepped a module's parameters"]
        if not builder.losses:
            hints[Criterion.LOSSES] = [f"{run.id}: the trace has no scalar that backward was called on"]
    except TraceFormatError as error:
        builder.note(Criterion.WEIGHTS, str(error))
    builder.files = _written(run)
    readable = [(name, path) for name in run.files_written if isinstance(path := find(name), Path)]
    gone = [name for name in run.files_written if isinstance(find(name), str)]
    if gone:
        told = f"{run.id}: {', '.join(gone[:3])} {'was' if len(gone) == 1 else 'were'} written anew since; {_ISOLATE}"
        for criterion in (Criterion.OVERALL, Criterion.PER_CLASS, Criterion.PREDICTIONS):
            builder.note(criterion, told)
    return finish(builder, readable[:_MAX_FILES], hints)


_ISOLATE = "run --isolate copy keeps the files of every run"


def _written_file(run: RunRecord, name: str) -> Path | str:
    """A file as the run left it, in the project or as a copy; where it is gone, a sentence that says so."""
    path = Path(run.cwd) / name
    try:
        inside = path.resolve().relative_to(Path(run.project).resolve()).as_posix()
    except ValueError:
        inside = ""
    if inside not in run.file_digests:
        path, inside = Path(run.project) / name, name
    if inside not in run.file_digests:
        wrote = ", ".join(run.files_written[:5]) or "none"
        return f"{run.id} wrote no {name} in the project; files that it wrote: {wrote}"
    copy = kept_copy(Path(run.folder), inside)
    if copy.is_file():
        return copy
    try:
        same = digest_of(path) == run.file_digests[inside]
    except OSError:
        return f"{run.id}: {name} is gone; {_ISOLATE}"
    return path if same else f"{run.id}: {name} was written anew since; {_ISOLATE}"


def _written(run: RunRecord) -> Written | None:
    unread = [path for path in run.files_written if path not in run.file_digests]
    told = [f"{run.id}: {len(unread):,} files were not read ({', '.join(unread[:3])})"] if unread else []
    told += [f"{run.id}: {note}" for note in run.notes if "files" in note]
    return Written(digests=run.file_digests, source="the project", unseen=tuple(told))


def _cut(run: RunRecord) -> str:
    steps = max((process.steps for process in run.processes), default=0)
    told = {
        Ending.STOPPED: f"{run.id} was stopped after {steps:,} steps (run --twice --full lets both runs end)",
        Ending.INTERRUPTED: f"{run.id} was interrupted after {steps:,} steps",
        Ending.TIMED_OUT: f"{run.id} ran out of time after {steps:,} steps",
        Ending.FAILED: f"{run.id} failed with exit code {run.status.code}",
    }
    return told.get(run.status.ending, "")


def _add_trace(builder: SideBuilder, traces: RunTraces) -> None:
    """Losses of every step, and final weights, of all processes that trained."""
    tensors: dict[str, FinalTensor] = {}
    unseen: list[str] = []
    trained = [trace for trace in traces.processes.values() if trace.steps]
    for trace in trained:
        before = f"process {trace.name}, " if len(trained) > 1 else ""
        if trace.losses and builder.looking.losses is None:
            builder.losses[f"{before}loss"] = Series(
                values=[loss.value for loss in trace.losses],
                places=[f"step {loss.step:,}" for loss in trace.losses],
                source="backward passes" if len(trace.losses) < LIMIT else f"the first {LIMIT:,} backward passes",
            )
        for name, tensor in _final(trace):
            if tensor is None:
                unseen.append(f"{before}{name} has no digest")
            else:
                tensors[f"{before}{name}"] = tensor
    if (tensors or unseen) and not builder.looking.weights:
        builder.weights = FinalWeights(tensors=tensors, source="trained modules", unseen=tuple(unseen))


def _final(trace: ProcessTrace) -> list[tuple[str, FinalTensor | None]]:
    import numpy as np

    from auditor.probe import wire

    found: list[tuple[str, FinalTensor | None]] = []
    for index in np.flatnonzero(trace.events["kind"] == wire.WEIGHTS):
        event = trace.event(int(index))
        print_ = event.tensors[0]
        name = event.identity.module
        if print_.digest is None:
            found.append((name, None))
        else:
            dtype = print_.dtype.removeprefix("torch.")
            found.append((name, FinalTensor(dtype=dtype, shape=print_.shape, digest=f"{print_.digest:016x}")))
    return found


# replicas


def of_replica(name: str, kept: Kept, looking: Looking) -> Side:
    """A replica: its final weights, its evaluation, the files that were kept."""

    def find(asked: str) -> Path | str:
        if asked in kept.files:
            return kept.folder / kept.files[asked]
        copy = kept_copy(kept.folder, asked)
        if copy.is_file():
            return copy
        there = ", ".join(kept.files) or "none"
        return f"{name} kept no {asked} (variance --predictions or --metric names what is kept; it kept: {there})"

    builder = SideBuilder(name=name, looking=looking, log=_log(kept.folder), find=find)
    collected = collected_files.read_collected(kept.folder / COLLECTED)
    if collected is not None:
        _add_collected(builder, collected)
    paths = [(asked, kept.folder / copy) for asked, copy in kept.files.items()]
    try:
        run = run_record.read(kept.folder)
        builder.files = _written(run)
        copies = {inside: kept_copy(kept.folder, inside) for inside in run.files_written if inside not in kept.files}
        paths += [(inside, copy) for inside, copy in copies.items() if copy.is_file()]
    except TraceFormatError as error:
        builder.note(Criterion.FILES, str(error))
    return finish(builder, paths)


def _add_collected(builder: SideBuilder, collected: collected_files.Collected) -> None:
    """Final weights, and what the user's own evaluation said."""
    for problem in collected.problems:
        builder.note(Criterion.WEIGHTS, problem)
    if collected.tensors and not builder.looking.weights:
        earlier = {
            f"model {number} that was trained and let go": FinalTensor(dtype="", shape=(), digest=digest)
            for number, digest in enumerate(collected.earlier, 1)
        }
        builder.weights = FinalWeights(
            tensors={**earlier, **{each["name"]: _collected_tensor(each, collected) for each in collected.tensors}},
            source="trained modules",
            unseen=collected.problems,
        )
    evaluation = collected.evaluation or {}
    told = "the evaluation"
    if "error" in evaluation:
        builder.note(Criterion.PREDICTIONS, f"--evaluate: {evaluation['error']}")
    for name, value in (evaluation.get("metrics") or {}).items():
        builder.metrics[name] = Number(value=value, source=told)
    if evaluation.get("predictions") is not None:
        builder.predictions["predictions"] = class_samples(evaluation["predictions"], told)
    if evaluation.get("labels") is not None:
        builder.labels = class_samples(evaluation["labels"], told).classes


def _collected_tensor(entry: dict[str, object], collected: collected_files.Collected) -> FinalTensor:
    dtype = str(entry["dtype"]).removeprefix("torch.")
    shape = entry["shape"]
    place = entry.get("kept")
    path = collected.path.with_suffix(".weights")
    data = None
    if isinstance(place, dict) and path.is_file() and str(place["dtype"]) == dtype:

        def data() -> tuple[bytes, str]:
            with path.open("rb") as file:
                file.seek(place["offset"])
                return file.read(place["count"] * {"float32": 4, "float64": 8}[dtype]), dtype

    return FinalTensor(
        dtype=dtype, shape=tuple(shape) if isinstance(shape, list) else (), digest=str(entry["digest"]), data=data
    )


def _log(folder: Path) -> str | None:
    try:
        return (folder / LOG_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
