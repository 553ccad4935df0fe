"""Which interpreter a tape was recorded with, and which one replays it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.runs.tapefile import open_tape
from auditor.services.tape import outcome


def test_a_tape_is_replayed_with_the_interpreter_that_it_was_recorded_with(taped: Any) -> None:
    other = taped.project / "python-of-theirs"
    other.symlink_to(sys.executable)
    taped.write("import os, sys\nprint(sys.executable, os.urandom(4))\n")
    printed = taped.record(python=other)
    assert str(other) in printed
    again, outcome = taped.replay()
    assert again == printed
    assert not outcome.notes
    other.unlink()
    with pytest.raises(UsageError, match="python-of-theirs: recorded with this interpreter, which is gone"):
        taped.replay()


def test_another_version_than_the_recorded_one_is_told(taped: Any, tmp_path: Path) -> None:
    taped.write("import os\nos.urandom(4)\n")
    taped.record()
    tape = open_tape(taped.project / "tape")
    (process,) = tape.processes.values()
    assert process.python == tape.launch.python
    older = replace(tape, processes={process.name: replace(process, python="3.8.1")})
    lines = [{"header": {"python": process.python}}, {"end": {"left": {}}}]
    (tmp_path / f"{process.name}.replay").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert outcome(tape, tmp_path, 0, tape.launch.argv).notes == ()
    told = outcome(older, tmp_path, 0, tape.launch.argv).notes
    assert told == (f"recorded under Python 3.8.1, replayed under {process.python}",)
