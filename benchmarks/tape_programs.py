"""Record and replay programs that Hypothesis makes up; add a call to some of them and see whether strict replay tells.

python benchmarks/tape_programs.py 1000
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "probe"))

from entropy_programs import programs, source  # noqa: E402

ADDED = "print(os.urandom(5).hex())"


def main(count: int, first_seed: int) -> int:
    """Run `count` programs; print what went wrong and a summary."""
    tally = {"same": 0, "different": 0, "refused": 0, "caught": 0, "missed": 0}
    began = time.monotonic()
    rng = random.Random(first_seed)

    @seed(first_seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def run(lines: list[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            _check(lines, Path(folder), tally, rng)

    run()
    print(f"{tally} in {time.monotonic() - began:.0f} s")
    return 1 if tally["different"] or tally["refused"] or tally["missed"] else 0


def _check(lines: list[str], folder: Path, tally: dict[str, int], rng: random.Random) -> None:
    program = folder / "program.py"
    program.write_text(source(lines))
    recorded = _auditor(folder, "record", "-o", "t", "program.py")
    replayed = _auditor(folder, "replay", "t", "program.py")
    if recorded.returncode or replayed.returncode:
        tally["refused"] += 1
        print("REFUSED", source(lines), recorded.stderr, replayed.stderr, sep="\n", flush=True)
    elif recorded.stdout != replayed.stdout:
        tally["different"] += 1
        print("DIFFERENT", source(lines), recorded.stdout, replayed.stdout, replayed.stderr, sep="\n", flush=True)
    else:
        tally["same"] += 1
        at = rng.randrange(1, len(lines) + 1)
        program.write_text(source([*lines[:at], ADDED, *lines[at:]]))
        changed = _auditor(folder, "replay", "t", "program.py")
        if changed.returncode == 1 and "process 0-0" in changed.stderr and "request" in changed.stderr:
            tally["caught"] += 1
        else:
            tally["missed"] += 1
            print("MISSED", at, source(lines), changed.returncode, changed.stderr, sep="\n", flush=True)


def _auditor(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
