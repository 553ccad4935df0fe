"""Jobs without a screen: what they post, and how fast."""

from __future__ import annotations

from typing import Any

import pytest
from textual.message import Message

from auditor.errors import ProjectError
from auditor.model.report import AuditReport
from auditor.services.progress import Progress
from auditor.tui.jobs import Job
from auditor.tui.messages import JobFailed, JobFinished, JobProgressed

REPORT = AuditReport(tool="repro-audit 0.1.0", project="p")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(posted: list[Message]) -> list[str]:
    return [message.text for message in posted if isinstance(message, JobProgressed)]


def test_progress_is_told_twice_a_second_at_most() -> None:
    clock, posted = Clock(), list[Message]()

    def work(progress: Progress) -> AuditReport:
        progress.stage("candidate", 1_000)
        for step in range(1, 101):
            clock.now = step * 0.1
            progress.update(step)
        return REPORT

    Job("twice", "Running twice", clock=clock).run(work, posted.append)
    assert len(lines(posted)) <= 1 + 20
    assert lines(posted)[-1].startswith("Running twice: candidate  ")
    assert isinstance(posted[-1], JobFinished)


def test_long_stages_say_how_long_they_will_take() -> None:
    clock, posted = Clock(), list[Message]()

    def work(progress: Progress) -> AuditReport:
        progress.stage("candidate", 1_000)
        clock.now = 100.0
        progress.update(250, "candidate r2  step 250")
        return REPORT

    Job("twice", "Running twice", clock=clock).run(work, posted.append)
    assert lines(posted)[-1] == (
        "Running twice: candidate r2  step 250  250 of 1,000  1 min 40 s  about 5 min 0 s left"
    )


@pytest.mark.parametrize("error", [ProjectError("train.py: cannot be read"), ZeroDivisionError()])
def test_whatever_a_service_raises_is_posted(error: Exception) -> None:
    posted: list[Message] = []

    def work(progress: Progress) -> AuditReport:
        raise error

    Job("scan", "Scanning").run(work, posted.append)
    assert isinstance(posted[-1], JobFailed)
    assert posted[-1].error is error


def test_cancelling_reaches_the_service() -> None:
    posted: list[Any] = []
    job = Job("scan", "Scanning")
    job.cancel()
    seen: list[bool] = []

    def work(progress: Progress) -> AuditReport:
        seen.append(progress.cancelled())
        return REPORT

    job.run(work, posted.append)
    assert seen == [True]
    assert posted[-1].cancelled
