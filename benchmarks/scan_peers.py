"""Cold scans beside linters that are hosted in Python, over one tree in one run.

    pip install pylint dslinter torchfix fixit semgrep      # in an environment of their own
    python benchmarks/scan_peers.py [FOLDER] --peers ENVIRONMENT/bin

Without a folder: the site-packages' scikit-learn of this environment. Its Python files are copied first. Each program
runs once, as a process of its own, with all of its own rules (pylint with dslinter's beside its own; Semgrep, which
ships none, with one rule of six patterns for draws), without a cache, and with as many processes as it takes by itself
or, where it has to be told, as there are cores. CPU is that of all processes of the program and the figure to
compare on a busy machine. A peer that is not there is listed as such.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from scan_speed import copied

SEMGREP = """
rules:
  - id: draw
    languages: [python]
    severity: WARNING
    message: a draw
    pattern-either:
      - pattern: random.$F(...)
      - pattern: numpy.random.$F(...)
      - pattern: torch.rand(...)
      - pattern: torch.randn(...)
      - pattern: torch.randint(...)
      - pattern: torch.randperm(...)
"""


def peers(folder: Path, rules: Path) -> dict[str, list[str]]:
    """Command lines of the peers, the first word of each the name of a program."""
    cores = str(os.cpu_count() or 1)
    return {
        "Semgrep": [
            "semgrep", "scan", "--metrics=off", "--disable-version-check", "--no-git-ignore", "--quiet",
            "--jobs", cores, "--config", str(rules), str(folder),
        ],
        "pylint + dslinter": [
            "pylint", "--recursive=y", "--jobs", cores, "--load-plugins=dslinter", "--exit-zero", str(folder),
        ],
        "TorchFix": ["torchfix", "--select=ALL", str(folder)],
        "Fixit": ["fixit", "--quiet", "lint", str(folder)],
    }  # fmt: skip


def measure(command: list[str], folder: Path, cache: Path) -> tuple[float, float, int]:
    """Wall and CPU seconds of a program, and its exit status."""
    started = time.perf_counter()
    with open(os.devnull, "wb") as nothing:
        process = subprocess.Popen(
            command, stdout=nothing, stderr=nothing, cwd=folder, env={**os.environ, "XDG_CACHE_HOME": str(cache)}
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, process.returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_paths()["purelib"], "sklearn"))
    parser.add_argument("--peers", type=Path, default=Path(sys.executable).parent, help="folder with their programs")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        tree, rules, cache = (Path(temporary, name) for name in ("tree", "rules.yaml", "cache"))
        rules.write_text(SEMGREP)
        cache.mkdir()
        files, lines = copied(args.folder, tree)
        print(
            f"{files:,} files, {lines:,} lines, {os.cpu_count()} cores, one run each, load {os.getloadavg()[0]:.1f}\n"
        )
        print(f"{'':20}{'wall s':>9}{'CPU s':>9}{'lines / CPU s':>15}{'CPU / ours':>12}", flush=True)
        ours = [sys.executable, "-m", "auditor", "scan", str(tree)]
        programs = {"repro-audit, cold": ours, "repro-audit, again": ours, **peers(tree, rules)}
        base = 0.0
        time.sleep(3)  # younger files are compared by content, by us
        for name, command in programs.items():
            program = command[0] if command is ours else str(args.peers / command[0])
            if not Path(program).exists():
                print(f"{name:20} is not in {args.peers}")
                continue
            wall, cpu, status = measure([program, *command[1:]], tree, cache)
            base = base or cpu
            # Findings are no failure; what is killed, or ends with another status, measured nothing.
            ended = "" if status in (0, 1) else f"  ended with {status}"
            print(f"{name:20}{wall:9.2f}{cpu:9.2f}{lines / cpu:15,.0f}{cpu / base:12.2f}{ended}", flush=True)


if __name__ == "__main__":
    main()
