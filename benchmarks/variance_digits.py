"""The four variants of the reference script at the size that the method is stated for, and what must hold there.

    python benchmarks/variance_digits.py [REPLICAS]

`sample_projects/digits_embed`, 2 threads, 15 epochs, learning rate 4e-3, dropout .1; then operators alone with a
learning rate of 5e-2, 40 epochs and no dropout. Prints what each variant came to and exits with 1 where something does
not hold.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import auditor  # noqa: E402
from auditor.model.variance import GroupSpread  # noqa: E402

STATED = ("--threads", "2", "--epochs", "15", "--lr", "4e-3", "--dropout", "0.1")
COARSE = ("--threads", "2", "--epochs", "40", "--lr", "5e-2", "--dropout", "0")


def measure(
    store: Path, arguments: tuple[str, ...], variants: tuple[str, ...], replicas: int
) -> dict[str, GroupSpread]:
    """Run the variants in a copy of the sample, and print a line for each."""
    project = store / "project"
    shutil.copytree(ROOT / "sample_projects" / "digits_embed", project, dirs_exist_ok=True)
    began = time.monotonic()
    report = auditor.measure_variance(
        ["python", "train.py", *arguments, "--predictions", "predictions.npy"],
        project,
        runs=replicas,
        variants=variants,
        metrics=["accuracy=accuracy ([0-9.]+)"],
        predictions="predictions.npy",
        vary_seeds=True,
        settings=auditor.Settings(store=store / "store"),
    )
    assert report.variance is not None
    trainings = sum(group.replicas for group in report.variance.groups)
    print(f"{' '.join(arguments)}: {trainings} trainings, {time.monotonic() - began:.0f} s")
    for group in report.variance.groups:
        weights = group.weights
        assert weights is not None
        print(
            f"  {group.name:10} {weights.distinct} of {group.replicas} hashes   L2 {_distance(group):.3g}   "
            f"churn {_churn(group):.2%}   sd of accuracy {group.metrics[0].deviation:.4f}"
        )
    return {group.name: group for group in report.variance.groups}


def holds(what: str, truth: bool) -> bool:
    print(f"  {'holds' if truth else 'DOES NOT HOLD'}: {what}")
    return truth


def main() -> int:
    replicas = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder) / "stated", STATED, (), replicas)
        coarse = measure(Path(folder) / "coarse", COARSE, ("impl",), replicas)["impl"]
    control, impl = found["control"], found["impl"]
    checks = [
        holds("control: one hash, no churn, no distance", _distance(control) == 0 and _churn(control) == 0),
        holds("impl: as many hashes as replicas", impl.weights is not None and impl.weights.distinct == replicas),
        holds("impl: 0 < L2 <= .05", 0 < _distance(impl) <= 0.05),
    ]
    for name in ("algo", "algo+impl"):
        group = found[name]
        checks.append(
            holds(f"{name}: L2 > 1, accuracy spreads", _distance(group) > 1 and group.metrics[0].deviation > 0)
        )
    checks.append(holds("impl with coarse steps: churn > 0", _churn(coarse) > 0))
    return 0 if all(checks) else 1


def _distance(group: GroupSpread) -> float:
    assert group.weights is not None
    assert group.weights.normalised is not None
    return group.weights.normalised.mean


def _churn(group: GroupSpread) -> float:
    assert group.churn is not None
    return group.churn


if __name__ == "__main__":
    sys.exit(main())
