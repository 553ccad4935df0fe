"""Scan speed beside ruff's two RNG rules, over one tree in one run.

    python benchmarks/scan_speed.py [FOLDER] [--runs N]

Without a folder: the site-packages of this environment. Each program runs as a process of its own, in turns, so that
all meet the same machine; the median is printed. ruff runs without its cache and with it; we keep no cache yet, so our
figure is for cold and warm alike. CPU is that of all processes of the program.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SCAN = """
import sys
from pathlib import Path
from auditor.services.scan import scan
from auditor.services.settings import Settings
report = scan([Path(sys.argv[1])], Settings())
print(report.scan.files, len(report.findings), len(report.skipped))
"""


@dataclass(frozen=True)
class Sample:
    """One run of one program."""

    wall_s: float
    cpu_s: float


def measure(command: list[str]) -> Sample:
    """Run a program to its end; its findings are no failure."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    finished = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if finished.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} ended with {finished.returncode}:\n{finished.stderr}")
    return Sample(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def commands(folder: Path, cache: Path) -> dict[str, list[str]]:
    ruff = [
        str(Path(sys.executable).with_name("ruff")), "check", "--isolated", "--select", "NPY002,S311", "--quiet",
        "--exit-zero", "--no-respect-gitignore",
    ]  # fmt: skip
    return {
        "ruff, no cache": [*ruff, "--no-cache", str(folder)],
        "ruff, cached": [*ruff, "--cache-dir", str(cache), str(folder)],
        "repro-audit, all rules": [sys.executable, "-c", SCAN, str(folder)],
    }


def size_of(folder: Path) -> tuple[int, int]:
    """Python files and lines, for the heading."""
    files = lines = 0
    for path in folder.rglob("*.py"):
        files += 1
        lines += path.read_bytes().count(b"\n")
    return files, lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_paths()["purelib"]))
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    files, lines = size_of(args.folder)
    print(f"{files:,} files, {lines:,} lines, {os.cpu_count()} cores, median of {args.runs} interleaved runs\n")
    samples: dict[str, list[Sample]] = {}
    with tempfile.TemporaryDirectory() as cache:
        programs = commands(args.folder, Path(cache))
        measure(programs["ruff, cached"])
        for _ in range(args.runs):
            for name, command in programs.items():
                samples.setdefault(name, []).append(measure(command))
    base = statistics.median(sample.wall_s for sample in samples["ruff, no cache"])
    print(f"{'':24}{'wall s':>9}{'CPU s':>9}{'wall / ruff':>13}")
    for name, taken in samples.items():
        wall = statistics.median(sample.wall_s for sample in taken)
        cpu = statistics.median(sample.cpu_s for sample in taken)
        print(f"{name:24}{wall:9.2f}{cpu:9.2f}{wall / base:13.2f}")


if __name__ == "__main__":
    main()
