"""How long the comparison of two traces takes, and how much memory.

    python benchmarks/compare_traces.py [EVENTS]

Writes synthetic traces of ten million events each (about 2 GB in a temporary folder) and compares a trace with an equal
one, with one that differs in values from the middle on, and with one that has an extra event in the middle. Each
comparison runs in a process of its own, so that its peak memory is its own. The yardstick is what the machine needs to
hash both files with sha256, and to compare them with `numpy.array_equal`, in the same run.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from auditor.dynamic.compare import compare
from auditor.probe import wire
from auditor.runs.tracefile import open_run

EVENTS = 10_000_000
OPS_PER_STEP = 1000
MODULES = 60
OPS = 40
_CODES = {"B": "u1", "H": "<u2", "I": "<u4", "Q": "<u8"}


def table(fields: Any) -> np.dtype[Any]:
    return np.dtype([(name, _CODES[code]) for name, code in fields])


def synthetic_events(count: int) -> np.ndarray[Any, Any]:
    """A training of 1,000 ops a step: forward, backward and optimizer, with a STEP event at the end."""
    rows = np.zeros(count, table(wire.EVENT))
    place = np.arange(count) % OPS_PER_STEP
    rows["kind"] = np.where(place == OPS_PER_STEP - 1, wire.STEP, wire.OP)
    rows["phase"] = np.select([place < 400, place < 850], [wire.FORWARD, wire.BACKWARD], wire.OPTIMIZER)
    rows["step"] = np.arange(count) // OPS_PER_STEP
    rows["op"] = 1 + place % OPS
    rows["module"] = 1 + OPS + place * MODULES // OPS_PER_STEP
    rows["tensors"] = rows["kind"] == wire.OP
    rows["first_tensor"] = np.arange(count)
    for number, column in enumerate(("inputs", "arguments", "outputs")):
        rows[column] = np.random.default_rng(number).integers(1, 2**63, count, dtype=np.uint64)
    return rows


def write(run: Path, events: np.ndarray[Any, Any], *, shifted_names: bool = False) -> Path:
    folder = run / "trace"
    folder.mkdir(parents=True)
    tensors = np.zeros(len(events), table(wire.TENSOR))
    tensors["digest"] = events["outputs"]
    tensors["spec"] = 1 + OPS + MODULES
    header = {"record": "header", "format": wire.FORMAT, "version": wire.VERSION, "digest": wire.XXH3_64}
    header |= {"pid": 1, "parent_pid": 0, "place": "0", "rank": 0, "argv": [], "cwd": ".", "hash_seed": None}
    header |= {"started_at": "2025-01-01T00:00:00+00:00", "python": "3", "executable": "python", "probe": "0"}
    texts = [f"aten::op{i}" for i in range(OPS)] + [f"Net.layer{i}" for i in range(MODULES)]
    order = list(range(len(texts)))
    if shifted_names:
        order.reverse()
        events["op"] = len(texts) + 1 - events["op"]
        events["module"] = len(texts) + 1 - events["module"]
    lines = [header, *({"record": "name", "id": 1 + i, "text": texts[j]} for i, j in enumerate(order))]
    lines.append({"record": "spec", "id": 1 + OPS + MODULES, "dtype": "torch.float32", "shape": [8], "device": "cpu"})
    lines.append({"record": "end", "event": len(events), "events": len(events), "tensors": len(events), "rows": 0})
    lines[-1]["steps"] = len(events) // OPS_PER_STEP
    (folder / "0-0.names.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    events.tofile(folder / "0-0.events")
    tensors.tofile(folder / "0-0.tensors")
    (folder / "0-0.rows").write_bytes(b"")
    return run


def cases(root: Path, count: int) -> dict[str, Path]:
    """Write the reference and its candidates; return their folders by what is particular about them."""
    events = synthetic_events(count)
    middle = count // 2
    folders = {"reference": write(root / "reference", events), "equal": write(root / "equal", events)}
    folders["equal, names in another order"] = write(root / "names", events.copy(), shifted_names=True)
    other = events.copy()
    other["outputs"][middle:] ^= 1
    folders["values differ from the middle on"] = write(root / "values", other)
    folders["one extra event in the middle"] = write(root / "extra", np.insert(events, middle, events[middle - 7]))
    return folders


def measure(reference: str, candidate: str) -> None:
    """Compare, and print seconds, peak memory and what was found as JSON."""
    start = time.perf_counter()
    found = compare(open_run(Path(reference)), open_run(Path(candidate))).comparison
    seconds = time.perf_counter() - start
    first = found.first
    where = f"{first.difference.value} after {found.equal_before:,}" if first else "equal"
    print(json.dumps({"seconds": seconds, "peak": peak_bytes(), "found": where}))


def peak_bytes() -> int:
    """Peak resident memory; `getrusage` would count what the parent had before this process was started."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def yardsticks(reference: Path, candidate: Path) -> dict[str, float]:
    files = [folder / "trace/0-0.events" for folder in (reference, candidate)]
    start = time.perf_counter()
    digests = {hashlib.file_digest(file.open("rb"), "sha256").hexdigest() for file in files}
    hashed = time.perf_counter()
    equal = np.array_equal(*(np.fromfile(file, np.uint64) for file in files))
    compared = time.perf_counter()
    assert equal == (len(digests) == 1)
    return {"sha256 of both files": hashed - start, "numpy.array_equal of both files": compared - hashed}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as root:
        folders = cases(Path(root), count)
        reference = folders.pop("reference")
        rulers = yardsticks(reference, folders["equal"])
        size = 64 * count * 2
        print(f"two traces of {count:,} events, {size / 1e9:.2f} GB of event rows together\n")
        print(f"{'':36} {'seconds':>8} {'x array_equal':>14} {'peak memory':>12}   found")
        for name, seconds in rulers.items():
            print(f"{name:36} {seconds:8.2f} {seconds / rulers['numpy.array_equal of both files']:14.2f}")
        for name, folder in folders.items():
            command = [sys.executable, __file__, "--measure", str(reference), str(folder)]
            result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            ratio = result["seconds"] / rulers["numpy.array_equal of both files"]
            print(
                f"{name:36} {result['seconds']:8.2f} {ratio:14.2f} {result['peak'] / 1e6:9.0f} MB   {result['found']}"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], sys.argv[3])
    else:
        main()
