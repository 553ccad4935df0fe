"""What is left of a program after a part of it was stopped, on a made-up clock."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.runs import leftover
from auditor.runs.leftover import REACHED, WAITS_S, Leftover, has_work


@pytest.fixture
def ends_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[float], bool]], float | None]:
    """When a program whose threads have work as `busy` says is found to wait only; None within 200 s."""

    def find(busy: Callable[[float], bool]) -> float | None:
        (tmp_path / REACHED).touch()
        now = 0.0
        monkeypatch.setattr(leftover, "has_work", lambda root: busy(now))
        watch = Leftover(tmp_path, 1)
        while now < 200:
            if watch.only_waits(now):
                return now
            now += 0.5
        return None

    return find


def test_what_only_waits_is_left_over_after_a_while(ends_at: Callable[[Callable[[float], bool]], float | None]) -> None:
    assert ends_at(lambda now: False) == WAITS_S
    assert ends_at(lambda now: now < 50) == pytest.approx(50 + 0.9 * WAITS_S, abs=1)
    assert ends_at(lambda now: now % 10 == 0) == WAITS_S  # a launcher that looks after its ranks


def test_what_works_is_waited_for(ends_at: Callable[[Callable[[float], bool]], float | None]) -> None:
    assert ends_at(lambda now: True) is None
    assert ends_at(lambda now: now % 2 == 0) is None


def test_a_program_that_was_not_stopped_may_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftover, "has_work", lambda root: False)
    watch = Leftover(tmp_path, 1)
    assert not any(watch.only_waits(now) for now in range(0, 500, 5))


def test_a_thread_that_runs_has_work() -> None:
    assert has_work(os.getpid())


@pytest.mark.parametrize(
    ("threads", "expected"),
    [
        ([("python", "S"), ("TP_SHM_reactor", "R")], False),
        ([("python", "R"), ("TP_SHM_reactor", "R")], True),
        ([("python", "S"), ("pt_autograd_0", "D")], True),
        ([("", "")], True),  # nobody tells: it may have work
    ],
)
def test_what_polls_all_the_time_is_no_work(
    monkeypatch: pytest.MonkeyPatch, threads: list[tuple[str, str]], expected: bool
) -> None:
    told = {str(number): thread for number, thread in enumerate(threads)}
    monkeypatch.setattr(leftover, "tree", lambda root: {root})
    monkeypatch.setattr(leftover.os, "listdir", lambda path: list(told))
    monkeypatch.setattr(leftover, "_thread", lambda pid, thread: told[thread])
    assert has_work(1) is expected
