"""What patches cost, and what the program learns with them: timed runs of all versions in turns, without the tracer."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.dynamic.overhead import Sample, compare, schedule, step_times
from auditor.dynamic.training import figures
from auditor.model.lean import dataclass, field
from auditor.model.overhead import OverheadReport, Ratio
from auditor.model.run import RunRecord
from auditor.runs.launch import log_tail
from auditor.runs.output import LOG_NAME
from auditor.runs.tracefile import ProcessTrace, open_run
from auditor.services.laboratory import AS_IS, FAILED, Laboratory, StoppedError, Version
from auditor.services.overhead import BASELINE, step_ends

WARMUP_STEPS = 3
LIMIT_CHARACTERS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One timed run."""

    ends_ns: tuple[int, ...]
    wall_s: float
    memory_bytes: int
    device_bytes: int | None
    losses: tuple[float, ...]
    figures: Mapping[str, float]


@dataclass(kw_only=True)
class Price:
    """Timed runs by label; `report` is None where the program as it is was never timed."""

    seen: dict[str, list[Seen]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    report: OverheadReport | None = None

    def ratio(self, label: str) -> Ratio | None:
        ratios = self.report.ratios if self.report is not None else ()
        return next((ratio for ratio in ratios if ratio.label == label), None)

    def figures(self, label: str) -> list[Mapping[str, float]]:
        return [run.figures for run in self.seen.get(label, ())]

    def losses_agree(self, label: str) -> bool:
        """All runs of a version had the same losses, bit for bit; True where none were seen."""
        return len({tuple(loss.hex() for loss in run.losses) for run in self.seen.get(label, ())}) <= 1


def measure(lab: Laboratory, versions: Mapping[str, Version], runs: int) -> Price:
    """Time the program as it is and each version, `runs` times in turns; an interrupt keeps the whole rounds."""
    price = Price(seen={label: [] for label in (BASELINE, *versions)})
    every = {BASELINE: AS_IS, **versions}
    gone: set[str] = set()
    total = runs * len(every)
    lab.progress.stage("price", total)
    try:
        for done, (number, label) in enumerate(schedule(tuple(every), runs)):
            if label in gone:
                continue
            lab.progress.update(done, f"round {number + 1} of {runs}, {label}")
            run = lab.timed(every[label], label)
            if run.status.ending in FAILED:
                gone.add(label)
                price.notes.append(f"{label}: the program fails ({' '.join(log_tail(run, 1)).strip()}); not timed")
            else:
                price.seen[label].append(_seen(run))
            shutil.rmtree(run.folder, ignore_errors=True)
    except StoppedError:
        price.notes.append("stopped before all timed runs were made")
    whole = [len(price.seen[label]) for label in every if label not in gone]
    timed = {label: price.seen[label][: min(whole, default=0)] for label in every if label not in gone}
    if timed.get(BASELINE):
        price.report = _report(timed, price.notes)
    return price


def _report(timed: Mapping[str, Sequence[Seen]], notes: list[str]) -> OverheadReport:
    by_step = all(step_times(run.ends_ns, WARMUP_STEPS) for runs in timed.values() for run in runs)
    if not by_step:
        notes.append("too few optimizer steps to time; whole runs were timed instead, start and imports included")
    samples = {label: [_sample(run, by_step) for run in runs] for label, runs in timed.items()}
    variants = [(label, found) for label, found in samples.items() if label != BASELINE]
    return compare((BASELINE, samples[BASELINE]), variants, warmup_steps=WARMUP_STEPS, notes=notes)


def _sample(run: Seen, by_step: bool) -> Sample:
    return Sample(
        step_s=step_times(run.ends_ns, WARMUP_STEPS) if by_step else (run.wall_s,),
        wall_s=run.wall_s,
        peak_memory_bytes=run.memory_bytes,
        peak_device_memory_bytes=run.device_bytes,
    )


def _seen(run: RunRecord) -> Seen:
    losses = losses_of(run)
    return Seen(
        ends_ns=tuple(step_ends(run)),
        wall_s=run.duration_s,
        memory_bytes=run.peak_memory_bytes or 0,
        device_bytes=run.peak_device_memory_bytes,
        losses=losses,
        figures=figures(losses, _printed(run)),
    )


def run_figures(run: RunRecord) -> Mapping[str, float]:
    """What a run came to: its final loss and the figures that it printed."""
    return figures(losses_of(run), _printed(run))


def losses_of(run: RunRecord) -> tuple[float, ...]:
    """The losses of the process that took most steps; of several ranks, the first."""
    traces: list[ProcessTrace] = list(open_run(Path(run.folder)).processes.values())
    trainer = max(traces, key=lambda trace: (trace.steps, len(trace.losses)), default=None)
    return tuple(loss.value for loss in trainer.losses) if trainer is not None else ()


def _printed(run: RunRecord) -> str:
    path = Path(run.folder) / LOG_NAME
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LIMIT_CHARACTERS))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
