"""Tasks of pools on their way to another process."""

from __future__ import annotations

import pickle
import subprocess
import sys

from auditor.probe.taping.tasks import Task

LOAD = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])) is len)"


def test_a_task_keeps_its_stream_and_who_submitted_it() -> None:
    task = Task("main.w1", len)
    task.submitted_by = 7
    found = pickle.loads(pickle.dumps(task))
    assert (found.stream, found.function, found.submitted_by) == ("main.w1", len, 7)


def test_a_task_is_its_function_where_no_probe_is_at_work() -> None:
    data = pickle.dumps(Task("main.w1", len)).hex()
    result = subprocess.run([sys.executable, "-I", "-c", LOAD, data], capture_output=True, text=True, check=False)
    assert result.stdout == "True\n", result.stderr
