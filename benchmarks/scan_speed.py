"""Scan speed: `repro-audit scan` beside ruff's two RNG rules, over a big tree and a small one, in one run.

    python benchmarks/scan_speed.py [--rounds N] [TREE…]

Without a tree: this environment's site-packages, and `sample_projects`. The commands take turns; CPU seconds are those
of the whole process tree, user and system. "first" is each command's first turn (its files may not be in the page cache
yet), "then" the median of the others. Neither tool keeps a cache of results here: ruff gets `--no-cache`, and
`repro-audit scan` has none.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

RUFF_RULES = "NPY002,S311"


def commands(tree: Path) -> dict[str, list[str]]:
    """What is timed, by label; run with this interpreter's own tools."""
    ruff = Path(sys.executable).parent / "ruff"
    lint = [str(ruff), "check", "--isolated", "--no-cache", "--select", RUFF_RULES, "--exit-zero", "-q", str(tree)]
    audit = [sys.executable, "-m", "auditor", "scan", str(tree), "--exit-zero", "--format", "concise"]
    return {f"ruff --select {RUFF_RULES}": lint, "repro-audit scan": audit}


def timed(command: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of one run of a command and its children."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    wall, after = time.perf_counter() - started, os.times()
    if done.returncode not in (0, 4):
        sys.exit(f"{' '.join(command)} failed with exit code {done.returncode}:\n{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, wall


def size(tree: Path) -> tuple[int, int]:
    """Python files below a folder, and their lines."""
    files = [path for path in tree.rglob("*.py") if path.is_file()]
    return len(files), sum(path.read_bytes().count(b"\n") for path in files)


def report(tree: Path, rounds: int) -> None:
    """Print the table for one tree; ratios are against ruff's median in the same run."""
    files, lines = size(tree)
    print(f"{tree.name}: {files:,} files, {lines:,} lines, {rounds} rounds")
    found: dict[str, list[tuple[float, float]]] = {label: [] for label in commands(tree)}
    for _ in range(rounds):
        for label, command in commands(tree).items():
            found[label].append(timed(command))
    print(f"{'':28}{'CPU s first':>12}{'then':>8}{'ratio':>8}{'wall s first':>14}{'then':>8}{'ratio':>8}")
    base: tuple[float, float] | None = None
    for label, turns in found.items():
        rest = turns[1:] or turns
        cpu, wall = (statistics.median(turn[i] for turn in rest) for i in range(2))
        base = base or (cpu, wall)
        row = f"{turns[0][0]:12.2f}{cpu:8.2f}{cpu / base[0]:8.2f}{turns[0][1]:14.2f}{wall:8.2f}{wall / base[1]:8.2f}"
        print(f"{label:28}{row}", flush=True)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description="Time `repro-audit scan` beside ruff.")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("trees", nargs="*", type=Path)
    arguments = parser.parse_args()
    here = Path(__file__).resolve().parent.parent
    trees = arguments.trees or [Path(sysconfig.get_paths()["purelib"]), here / "sample_projects"]
    for tree in trees:
        report(tree, arguments.rounds)


if __name__ == "__main__":
    main()
