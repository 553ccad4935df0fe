"""CPU time of a scan of a small project, from the start of Python to the last line of the report.

    python benchmarks/scan_startup.py [FOLDER] [--runs N]

Without a folder: 15 files of `sample_projects/`. Each program runs as a process of its own, in turns with an
interpreter that does nothing, so that all meet the same machine. User and system time are added up; the least and the
median of all runs are printed. The cache folder is a temporary one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "sample_projects"
FILES = 15
ROOT = Path(__file__).resolve().parent.parent


def cpu_ms(command: list[str], environment: dict[str, str]) -> float:
    """Run a program to its end; its findings are no failure."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def small_project(to: Path) -> Path:
    """Copy some sample programs: as many files as a small repository has."""
    for path in sorted(SAMPLES.rglob("*.py"))[:FILES]:
        target = to / path.relative_to(SAMPLES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return to


def measure(folder: Path, caches: Path, runs: int) -> dict[str, list[float]]:
    """Name of what ran → CPU in milliseconds."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(caches), "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    scan = [sys.executable, "-m", "auditor", "scan", str(folder)]

    def nothing() -> None:
        """The caches stay."""

    def forget_results() -> None:
        shutil.rmtree(caches / "repro-audit" / "scan", ignore_errors=True)

    def forget_everything() -> None:
        shutil.rmtree(caches, ignore_errors=True)

    ruff = shutil.which("ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    programs: dict[str, tuple[list[str], Callable[[], None]]] = {
        "python -c pass": ([sys.executable, "-c", "pass"], nothing),
        "scan, unchanged project": (scan, nothing),
        "scan, no result kept": (scan, forget_results),
        "scan --no-cache": ([*scan, "--no-cache"], nothing),
        "scan, first one of all": (scan, forget_everything),
        "--version": ([sys.executable, "-m", "auditor", "--version"], nothing),
    }
    if ruff is not None:
        programs["ruff check --no-cache"] = ([ruff, "check", "--isolated", "--no-cache", "-q", str(folder)], nothing)
    figures: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(runs + 1):
        for name, (command, prepare) in programs.items():
            if name == "scan, unchanged project":
                cpu_ms(command, environment)  # the one before it may have left another state
            prepare()
            used = cpu_ms(command, environment)
            if number:  # the first round compiles modules and fills the page cache
                figures[name].append(used)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="project to scan; default: 15 sample files")
    parser.add_argument("--runs", type=int, default=20, help="rounds (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder.resolve() if options.folder else small_project(Path(name) / "project")
        figures = measure(folder, Path(name) / "caches", options.runs)
    print(f"CPU in ms, {options.runs} runs each, {folder if options.folder else f'{FILES} files'}")
    print(f"{'':<26}{'least':>8}{'median':>8}")
    for label, used in figures.items():
        print(f"{label:<26}{min(used):>8.1f}{statistics.median(used):>8.1f}")


if __name__ == "__main__":
    main()
