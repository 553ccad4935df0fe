"""Scan speed beside ruff's two RNG rules, over one tree in one run.

    python benchmarks/scan_speed.py [FOLDER] [--runs N]

Without a folder: the site-packages of this environment. Its Python files are copied, because one of them is changed,
another one is added beside it, and that is renamed.
Each program runs as a process of its own, in turns, so that all meet the same machine; the median is printed. CPU is
that of all processes of the program (on a busy machine the steadier figure), memory that of its largest one. One run
of everything over three million lines takes a few minutes. Every cold scan begins without a cache and leaves the one
that the scans after it use.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

COLD = "repro-audit, no cache yet"
CHANGED = "repro-audit, one file changed"
ADDED = "repro-audit, one file added"
RENAMED = "repro-audit, one file renamed"


@dataclass(frozen=True)
class Sample:
    """One run of one program."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(command: list[str], environment: dict[str, str]) -> Sample:
    """Run a program to its end; its findings are no failure."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def commands(folder: Path, cache: Path) -> dict[str, list[str]]:
    ruff = [
        str(Path(sys.executable).with_name("ruff")), "check", "--isolated", "--select", "NPY002,S311", "--quiet",
        "--exit-zero", "--no-respect-gitignore",
    ]  # fmt: skip
    scan = [sys.executable, "-m", "auditor", "scan", str(folder)]
    return {
        "ruff, no cache": [*ruff, "--no-cache", str(folder)],
        "ruff, cached": [*ruff, "--cache-dir", str(cache), str(folder)],
        COLD: scan,
        "repro-audit, unchanged": scan,
        CHANGED: scan,
        ADDED: scan,
        RENAMED: scan,
    }


def copied(folder: Path, to: Path) -> tuple[int, int]:
    """Copy the Python files; gives how many they are, and their lines."""
    files = lines = 0
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        target = to / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        files += 1
        lines += content.count(b"\n")
    return files, lines


def edit(name: str, path: Path) -> None:
    """Do to a file, or beside it, what the next scan is to meet."""
    added, renamed = path.with_name(f"added_{path.name}"), path.with_name(f"renamed_{path.name}")
    if name == COLD:
        renamed.unlink(missing_ok=True)
    elif name == CHANGED:
        with path.open("a") as stream:
            stream.write("# changed\n")
    elif name == ADDED:
        shutil.copyfile(path, added)
    elif name == RENAMED:
        added.rename(renamed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_paths()["purelib"]))
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    samples: dict[str, list[Sample]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        tree, cache = Path(temporary, "tree"), Path(temporary, "cache")
        files, lines = copied(args.folder, tree)
        print(f"{files:,} files, {lines:,} lines, {os.cpu_count()} cores, median of {args.runs} interleaved runs\n")
        time.sleep(3)  # younger files are compared by content, by us
        environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
        programs = commands(tree, cache)
        paths = sorted(tree.rglob("*.py"))
        middle = paths[len(paths) // 2]
        measure(programs["ruff, cached"], environment)
        for _ in range(args.runs):
            for name, command in programs.items():
                if name == COLD:
                    shutil.rmtree(cache / "repro-audit", ignore_errors=True)
                if name in (COLD, CHANGED, ADDED, RENAMED):
                    edit(name, middle)
                    time.sleep(3)
                samples.setdefault(name, []).append(measure(command, environment))
    base = statistics.median(sample.wall_s for sample in samples["ruff, no cache"])
    base_cpu = statistics.median(sample.cpu_s for sample in samples["ruff, no cache"])
    print(f"{'':32}{'wall s':>9}{'CPU s':>9}{'wall / ruff':>13}{'CPU / ruff':>12}{'peak MB':>9}")
    for name, taken in samples.items():
        wall = statistics.median(sample.wall_s for sample in taken)
        cpu = statistics.median(sample.cpu_s for sample in taken)
        peak = max(sample.peak_mb for sample in taken)
        print(f"{name:32}{wall:9.2f}{cpu:9.2f}{wall / base:13.2f}{cpu / base_cpu:12.2f}{peak:9.0f}")


if __name__ == "__main__":
    main()
