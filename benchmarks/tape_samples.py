"""Trace programs while they are recorded and replayed: is every tensor, final weight and printed byte the same?

python benchmarks/tape_samples.py                      sample projects that differ for want of seeds
python benchmarks/tape_samples.py FOLDER COMMAND...    a program of yours, run in FOLDER
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from auditor.dynamic.printed import output_differences  # noqa: E402
from auditor.model.run import RunRecord  # noqa: E402
from auditor.runs.launch import check, launch  # noqa: E402
from auditor.runs.output import LOG_NAME  # noqa: E402
from auditor.runs.plan import LaunchPlan  # noqa: E402
from auditor.services.compare import Pair  # noqa: E402

SAMPLES = (
    "worker_numpy",
    "numpy_augment",
    "seed_none",
    "seed_too_late",
    "time_seed",
    "set_labels",
    "configured_null",
    "helper_never_called",
)


def main(arguments: Sequence[str]) -> int:
    """Print a line a program; 1 where one is not the same."""
    wanted = [(ROOT / "sample_projects" / name, _command(name)) for name in SAMPLES]
    if arguments:
        wanted = [(Path(arguments[0]).resolve(), tuple(arguments[1:]))]
    return max(_check(folder, command) for folder, command in wanted)


def _command(name: str) -> tuple[str, ...]:
    return ("python", "finetune.py" if name == "seed_none" else "train.py")


def _check(folder: Path, command: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        runs = Path(temporary)
        recorded = _run(folder, command, runs, "r1", {"mode": "record"})
        tape = {"mode": "replay", "folder": str(runs / "r1" / "tape"), "strict": True}
        replayed = _run(folder, command, runs, "r2", tape)
        plain = _run(folder, command, runs, "r3", None)
        same, other = Pair.of((recorded, replayed)), Pair.of((recorded, plain))
        weights = same.outcome.comparison.weights
        first = same.outcome.comparison.first
        events = same.outcome.comparison.compared_events
        compared = weights.compared if weights else 0
        equal = compared - weights.differing if weights else 0
        printed = _printed(recorded, replayed)
        print(
            f"{folder.name:<20} {len(recorded.processes)} processes, {events:,} events "
            f"{'equal' if first is None else 'DIFFERENT'}, {equal} of {compared} final weights equal, "
            f"output {printed}; "
            f"without a tape {'equal' if other.outcome.comparison.first is None else 'different'}",
            flush=True,
        )
        return int(first is not None or equal < compared or printed == "DIFFERENT")


def _printed(recorded: RunRecord, replayed: RunRecord) -> str:
    """Whether every printed byte is the same; elapsed times and rates are no entropy."""
    first, second = ((Path(run.folder) / LOG_NAME).read_bytes() for run in (recorded, replayed))
    if first == second:
        return f"equal ({len(first):,} bytes)"
    texts = first.decode("utf-8", "replace"), second.decode("utf-8", "replace")
    return "DIFFERENT" if output_differences(*texts, cut=False) else "equal but for times"


def _run(folder: Path, command: Sequence[str], runs: Path, name: str, tape: dict[str, object] | None) -> RunRecord:
    (runs / name).mkdir()
    project = runs / name / "project"
    shutil.copytree(folder, project)
    plan = LaunchPlan(
        argv=command,
        cwd=project,
        project=project,
        run_dir=runs / name,
        run_id=name,
        environment={"PYTHONHASHSEED": "5"} if tape else {},
        probe={"tape": tape} if tape else {},
        quiet=True,
        watch_files=False,
    )
    run = launch(plan)
    check(run)
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
