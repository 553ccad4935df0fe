"""Any number of processes gives what one gives, whatever happens to them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.model.rule import Confidence
from auditor.ruleset import Ruleset
from auditor.static import engine as engine_module
from auditor.static.engine import Analysis, Engine
from auditor.static.files.discovery import Discovery
from auditor.static.scanning.workers import available, spread

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is nothing but one process here")
HERE = os.getpid()


def collected(work: Callable[[int], object], count: int, processes: int) -> list[object]:
    return [answer for _, answer in sorted(spread(work, range(count), processes))]


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_every_unit_is_answered_once(processes: int, count: int) -> None:
    assert collected(lambda number: number * number, count, processes) == [number * number for number in range(count)]


@needs_fork
def test_the_work_is_done_elsewhere() -> None:
    assert os.getpid() not in collected(lambda number: os.getpid(), 6, 2)


def test_an_answer_may_be_larger_than_a_pipe() -> None:
    assert collected(lambda number: "x" * 3_000_000, 3, 2) == ["x" * 3_000_000] * 3


@needs_fork
def test_what_a_killed_worker_left_is_done_here() -> None:
    def work(number: int) -> int:
        if number == 1 and os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert collected(work, 5, 2) == [0, 1, 2, 3, 4]


def test_an_error_of_the_work_is_raised() -> None:
    with pytest.raises(ValueError, match="number 3"):
        collected(_refuse_three, 6, 2)


def _refuse_three(number: int) -> int:
    if number == 3:
        raise ValueError("number 3")
    return number


@needs_fork
def test_stopping_early_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    fork = os.fork

    def counting() -> int:
        started.append(fork())
        return started[-1]

    monkeypatch.setattr(os, "fork", counting)
    for number, _ in spread(lambda number: number, range(50), 2):
        if number >= 0:
            break
    assert len(started) == 2
    for process in started:  # what other tests have started is theirs
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


def test_beside_other_threads_there_is_one_process() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert available() == 1
    finally:
        done.set()
        thread.join()


FILES = {
    **{
        f"pkg{number}/train.py": "import random\nfrom shared import load\n\n\n"
        f"def main():\n    print(random.random(), load({number}))\n\n\nif __name__ == '__main__':\n    main()\n"
        for number in range(7)
    },
    "shared.py": "import numpy as np\n\n\ndef load(number):\n    return np.random.rand(number)\n",
    "broken.py": "def f(:\n",
    "listing.py": "import os\nfor name in os.listdir('.'):  # repro-audit: allow RA301 because it is for people\n"
    "    print(name)\n",
    "unneeded.py": "x = 1  # repro-audit: allow RA101 because it was needed once\nprint(max(x, 2))\n",
}


def analysed(
    discover: Callable[..., Discovery], ruleset: Ruleset, processes: int, files: dict[str, str] | None = None
) -> Analysis:
    return Engine(ruleset, ruleset.rules).analyse(discover(files or FILES), processes=processes)


@pytest.mark.parametrize("size", [1, 300, 10_000])
def test_neither_processes_nor_units_change_what_is_found(
    discover: Callable[..., Discovery], ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    one = analysed(discover, ruleset, 1)
    assert all((one.findings, one.skipped, one.notes))
    monkeypatch.setattr("auditor.static.scanning.passes.MAX_UNIT_BYTES", size)
    monkeypatch.setattr("auditor.static.programwide.programgroups.MAX_GROUP_BYTES", size)
    monkeypatch.setattr("auditor.static.syntax.trees.MAX_KEPT_BYTES", size)
    for processes in (1, 2, 3):
        assert repr(analysed(discover, ruleset, processes)) == repr(one)


def test_small_projects_stay_in_one_process(
    discover: Callable[..., Discovery], ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    passes = engine_module.Passes

    def spy(project: object, processes: int, *rest: object) -> object:
        seen.append(processes)
        return passes(project, processes, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(engine_module, "Passes", spy)
    monkeypatch.setattr(engine_module, "available", lambda: 8)
    Engine(ruleset, ruleset.rules).analyse(discover(FILES))
    monkeypatch.setattr(engine_module, "MIN_SHARED_BYTES", 100)
    Engine(ruleset, ruleset.rules).analyse(discover(FILES))
    assert seen == [1, 8]


def test_a_program_that_reaches_too_much_is_judged_with_less_confidence(
    discover: Callable[..., Discovery], ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {
        "train.py": "import random\nimport far\n\nif __name__ == '__main__':\n    print(random.random())\n",
        "far.py": "import random\n" + "random.seed(1)\n" * 50,
    }
    whole = analysed(discover, ruleset, 1, files)
    assert not [finding for finding in whole.findings if finding.rule_id == "RA101"]
    monkeypatch.setattr("auditor.static.programwide.programs.MAX_FOLLOWED_BYTES", 100)
    monkeypatch.setattr("auditor.static.programwide.programs.MAX_NEAR_BYTES", 100)
    cut = analysed(discover, ruleset, 1, files)
    (told,) = [finding for finding in cut.findings if finding.rule_id == "RA101"]
    assert told.confidence is Confidence.MEDIUM
