"""What training under noise does to the digits: midpoints beside those of a clean training, and the growth of weights.

    python benchmarks/noisy_training.py [--layers 6] [--jobs 1] [--epochs 100]

Measures, for each layer, the midpoint of noise in the evaluation alone and that of noise in training and evaluation,
then prints the spectral and Frobenius norms of every weight matrix by the sigma of its training.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from auditor.experiments.noiselevels import parse_levels  # noqa: E402
from auditor.model.sensitivity import NoiseMode, SensitivityReport  # noqa: E402
from auditor.services.noise import walk_noise  # noqa: E402
from auditor.services.noise_options import WalkOptions  # noqa: E402
from auditor.services.noise_session import NoiseProgram  # noqa: E402
from auditor.services.settings import Settings  # noqa: E402

SIGMAS = "log:1e-1:1e4:21"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", default="6")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=100)
    args = parser.parse_args()
    command = ["python", "train.py", "--epochs", str(args.epochs)]
    program = NoiseProgram(command=command, cwd=ROOT / "sample_projects" / "digits_mlp", quiet=True)
    with tempfile.TemporaryDirectory() as store:
        clean = walk(program, Path(store), args.layers, NoiseMode.EVALUATION, 1)
        noisy = walk(program, Path(store), args.layers, NoiseMode.TRAINING, args.jobs)
    print(f"accuracy without noise {noisy.baseline:.4f}; {noisy.evaluations} noisy trainings")
    print(f"{'layer':>8}  {'evaluation':>10}  {'training':>10}  {'ratio':>6}")
    for before, after in zip(clean.tolerances, noisy.tolerances, strict=True):
        ratio = after.midpoint / before.midpoint if after.midpoint and before.midpoint else float("nan")
        print(f"{before.name:>8}  {before.midpoint or 0:>10.3g}  {after.midpoint or 0:>10.3g}  {ratio:>6.1f}")
    print(f"\n{'noise at':>8}  {'sigma':>8}  weight     spectral  Frobenius  effective rank")
    for each in noisy.weights:
        for matrix in each.matrices:
            print(
                f"{each.layer or 'nowhere':>8}  {each.sigma:>8.3g}  {matrix.name:<9}  {matrix.spectral or 0:>8.3f}  "
                f"{matrix.frobenius or 0:>9.3f}  {matrix.effective_rank or 0:>14.2f}"
            )


def walk(program: NoiseProgram, store: Path, layers: str, mode: NoiseMode, jobs: int) -> SensitivityReport:
    """One walk with the accuracy of the digits as its metric."""
    options = WalkOptions(
        sigmas=parse_levels(SIGMAS),
        layers=layers,
        repeats=3 if mode is NoiseMode.EVALUATION else 1,
        evaluate="train:accuracy",
        chance=0.1,
        mode=mode,
        jobs=jobs,
    )
    report = walk_noise(program, options, settings=Settings(store=store)).sensitivity
    assert report is not None
    return report


if __name__ == "__main__":
    main()
