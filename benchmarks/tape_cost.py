"""What recording and replaying cost: start-up of an empty program, and a training run, against the program as it is.

The start-up is that of the whole command: user and system time of our process, of the program, of whatever they start.

    python benchmarks/tape_cost.py [RUNS]

Runs are taken in turns. Printed are medians, and for the training run the p-value of Wilcoxon's rank-sum test with
Cliff's delta, as the published method was judged (it asks for p > .05).
"""

from __future__ import annotations

import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from auditor.runs.plan import environment  # noqa: E402
from auditor.services.tape import tape_plan  # noqa: E402

EMPTY = "pass"
TRAINING = """
import time
import numpy as np, torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
torch.set_num_threads(1)
data = TensorDataset(torch.rand(2048, 64), torch.randint(10, (2048,)))
model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.1), nn.Linear(256, 10))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
began = time.process_time()
for epoch in range(12):
    for images, labels in DataLoader(data, batch_size=64, shuffle=True):
        images = images + 0.01 * torch.from_numpy(np.random.default_rng().normal(size=images.shape)).float()
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(time.process_time() - began)
"""


def main(runs: int) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        _startup(Path(folder), 2 * runs)
        _training(Path(folder), runs)


def _startup(folder: Path, runs: int) -> None:
    (folder / "empty.py").write_text(EMPTY)
    tape = str(folder / "tape")
    ours = [sys.executable, "-c", "import sys; from auditor.cli import main; sys.exit(main())"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")}
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "as is": [sys.executable, "empty.py"],
        "record": [*ours, "record", "-q", "--no-native", "--force", "-o", tape, "empty.py"],
        "record, native": [*ours, "record", "-q", "--force", "-o", tape, "empty.py"],
        "replay": [*ours, "replay", "-q", tape],
        "exec --seed": [*ours, "exec", "-q", "--seed", "7", "empty.py"],
    }
    samples: dict[str, list[tuple[float, float]]] = {label: [] for label in commands}
    for turn in range(runs + 1):  # the first compiles what has to be compiled
        for label, argv in commands.items():
            began = time.perf_counter()
            spent = _cpu_s(argv, variables, folder)
            if turn:
                samples[label].append((spent, time.perf_counter() - began))
    print(f"start-up of an empty program, {runs} runs each in turns: CPU least, median; wall median")
    base = statistics.median(cpu for cpu, _ in samples["as is"])
    for label, values in samples.items():
        cpu, wall = [one for one, _ in values], [one for _, one in values]
        middle = statistics.median(cpu)
        times = f"{min(cpu) * 1000:5.0f} {middle * 1000:5.0f} ms   {statistics.median(wall) * 1000:5.0f} ms"
        print(f"  {label:<16} {times}   added CPU {(middle - base) * 1000:4.0f} ms")


def _training(folder: Path, runs: int) -> None:
    (folder / "train.py").write_text(TRAINING)
    samples = _in_turns(folder, "train.py", ("as is", "record", "replay"), runs, _told_s)
    print(f"training of 12 epochs, CPU time of the loop, {runs} runs each")
    for label, values in samples.items():
        p, delta = rank_sum(values, samples["as is"])
        judged = "" if label == "as is" else f"   p = {p:.2f}, Cliff's delta {delta:+.2f}"
        print(f"  {label:<16} {statistics.median(values) * 1000:6.0f} ms{judged}")


def _in_turns(
    folder: Path, program: str, labels: Sequence[str], runs: int, measure: Callable[[list[str], dict[str, str]], float]
) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {label: [] for label in labels}
    tape = ""
    for _ in range(runs):
        for label in labels:
            variables, recorded = _environment(folder, program, label, tape)
            samples[label].append(measure([sys.executable, str(folder / program)], variables))
            tape = recorded or tape
    return samples


def _environment(folder: Path, program: str, label: str, tape: str) -> tuple[dict[str, str], str]:
    base = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if label == "as is":
        return base, ""
    run_dir = tempfile.mkdtemp(dir=folder)
    settings: dict[str, object] = {"mode": "record", "folder": run_dir, "volatile": []}
    if label == "replay":
        settings = {"mode": "replay", "folder": tape, "report": run_dir, "strict": True, "volatile": []}
    plan = tape_plan(["python", program], folder, Path(run_dir), settings, "0", None)
    return environment(plan, base), run_dir if label == "record" else ""


def _cpu_s(argv: list[str], variables: dict[str, str], folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, env=variables, cwd=folder, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _told_s(argv: list[str], variables: dict[str, str]) -> float:
    return float(subprocess.run(argv, env=variables, check=True, capture_output=True, text=True).stdout)


def rank_sum(ours: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """Two-sided p-value of Wilcoxon's rank-sum test by its normal approximation, and Cliff's delta."""
    count, other = len(ours), len(others)
    more = sum((x > y) + 0.5 * (x == y) for x in ours for y in others)
    deviation = math.sqrt(count * other * (count + other + 1) / 12)
    z = (abs(more - count * other / 2) - 0.5) / deviation
    p = math.erfc(max(z, 0.0) / math.sqrt(2))
    return min(1.0, p), 2 * more / (count * other) - 1


if __name__ == "__main__":
    began = time.monotonic()
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
    print(f"({time.monotonic() - began:.0f} s)")
