"""A connection that ends, or a scheduler that asks us to go: the job is stopped first, so that its run has a record."""

from __future__ import annotations

import os
import signal
import time
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.tui.jobs import Job
from auditor.tui.opening import _runs_kept


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_the_job_is_stopped_and_waited_for_before_we_go(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[object] = []
    job = Job("twice", "Running twice")
    monkeypatch.setattr(Job, "wait", lambda self, timeout_s: happened.append(self.is_cancelled))
    monkeypatch.setattr(os, "_exit", happened.append)
    app: Any = SimpleNamespace(launcher=SimpleNamespace(job=job))
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with _runs_kept(app):
        signal.raise_signal(number)
    assert happened == [True, 128 + number]
    assert signal.getsignal(number) is before


def test_a_job_that_failed_is_not_waited_for() -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    job = Job("twice", "Running twice")
    job.run(fail, lambda message: None)
    began = time.monotonic()
    job.wait(600)
    assert time.monotonic() - began < 60
