"""Record and replay programs that Hypothesis makes up; add a call to some of them and see whether strict replay tells.

python benchmarks/tape_programs.py [PROGRAMS] [SEED]
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "probe")]

from entropy_programs import programs, source  # noqa: E402

from auditor.services.tape import record_tape, replay_tape  # noqa: E402

ADDED = "print(os.urandom(5).hex())"
EVERY = 4
"""One program of so many is also replayed with a call added."""

COMMAND = ["python", "program.py"]
Result = TypeVar("Result")


def main(count: int, first_seed: int) -> int:
    """Run `count` programs; print what went wrong, and a summary now and then."""
    tally = {"programs": 0, "same": 0, "different": 0, "diverged": 0, "caught": 0, "missed": 0}
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
        if tally["programs"] % 25 == 0:
            print(f"{tally} in {time.monotonic() - began:.0f} s", flush=True)

    run()
    print(f"{tally} in {time.monotonic() - began:.0f} s")
    return 1 if tally["different"] or tally["diverged"] or tally["missed"] else 0


def _check(lines: list[str], folder: Path, tally: dict[str, int], rng: random.Random) -> None:
    program = folder / "program.py"
    program.write_text(source(lines))
    tally["programs"] += 1
    recorded, first = _printed(folder, lambda: record_tape(COMMAND, folder / "t", cwd=folder, native=False))
    replayed, outcome = _printed(folder, lambda: replay_tape(folder / "t", cwd=folder))
    if first.exit_code or outcome.exit_code or outcome.divergences or outcome.problems:
        tally["diverged"] += 1
        print("DIVERGED", source(lines), first.exit_code, outcome, sep="\n", flush=True)
    elif recorded != replayed:
        tally["different"] += 1
        print("DIFFERENT", source(lines), recorded, replayed, outcome, sep="\n", flush=True)
    else:
        tally["same"] += 1
    if tally["programs"] % EVERY == 0:
        at = rng.randrange(1, len(lines) + 1)
        program.write_text(source([*lines[:at], ADDED, *lines[at:]]))
        _, changed = _printed(folder, lambda: replay_tape(folder / "t", cwd=folder))
        told = [found for found in changed.divergences if found.process == "0-0" and "os.urandom (5" in found.text]
        tally["caught" if told else "missed"] += 1
        if not told:
            print("MISSED", at, source(lines), changed, sep="\n", flush=True)


def _printed(folder: Path, call: Callable[[], Result]) -> tuple[str, Result]:
    """Return what programs print while `call` runs, and its result."""
    kept = os.dup(1)
    with (folder / "printed").open("wb+") as file:
        sys.stdout.flush()
        os.dup2(file.fileno(), 1)
        try:
            result = call()
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        file.seek(0)
        return file.read().decode(), result


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
