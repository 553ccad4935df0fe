"""What recording and replaying cost: start-up of an empty program, and a training run, against the program as it is.

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

from auditor.runs import native  # noqa: E402
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
    samples = _in_turns(folder, "empty.py", ("as is", "record", "record, native"), runs, _cpu_s)
    print(f"start-up of an empty program, user and system time, {runs} runs each")
    base = statistics.median(samples["as is"])
    for label, values in samples.items():
        middle = statistics.median(values)
        print(f"  {label:<16} {middle * 1000:6.0f} ms   added {(middle - base) * 1000:4.0f} ms")


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
    extra = {}
    if label.endswith("native"):
        built, reason = native.library()
        if built is None:
            print(f"  {reason}")
        else:
            extra = native.variables(built, "record", Path(run_dir), Path(run_dir), False)
    plan = tape_plan(["python", program], folder, Path(run_dir), settings, "0", None, extra)
    return environment(plan, base), run_dir if label == "record" else ""


def _cpu_s(argv: list[str], variables: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, env=variables, check=True)
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
