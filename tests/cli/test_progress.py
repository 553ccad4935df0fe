"""Progress on a terminal and in a log, and what Ctrl-C does; clocks are played."""

from __future__ import annotations

import io
import signal

import pytest

from auditor.cli.console import Console
from auditor.cli.interrupt import Interrupts
from auditor.cli.progress import LogLines, Shown, TerminalLine, choose_progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_log_gets_a_line_a_minute(clock: Clock) -> None:
    stream = io.StringIO()
    progress = LogLines(stream, lambda: False, clock)
    progress.stage("reference", 1000)
    for step in range(300):
        clock.now += 1
        progress.update(step, f"step {step}")
    assert stream.getvalue().count("\n") == 5
    assert stream.getvalue().startswith("reference  59/1,000  step 59  1 min 0 s  ETA ")


def test_terminal_line_is_written_over_at_most_twice_a_second_and_wiped(clock: Clock) -> None:
    stream = Terminal()
    progress = TerminalLine(stream, lambda: False, clock)
    progress.stage("scan", 100)
    for number in range(100):
        clock.now += 0.01
        progress.update(number, f"file{number}.py")
    assert stream.getvalue().count("\r") <= 2
    assert "\n" not in stream.getvalue()
    progress.close()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_fast_work_shows_nothing(clock: Clock) -> None:
    stream = Terminal()
    progress = TerminalLine(stream, lambda: False, clock)
    progress.stage("scan", 3)
    progress.update(3)
    progress.close()
    assert stream.getvalue() == ""


def test_stream_decides_on_the_form() -> None:
    assert isinstance(choose_progress(True, lambda: False, io.StringIO()), LogLines)
    assert type(choose_progress(False, lambda: False, Terminal())) is Shown


def test_progress_that_cannot_be_written_stops_nothing(clock: Clock) -> None:
    class Full(io.StringIO):
        tried = 0

        def write(self, text: str) -> int:
            self.tried += 1
            raise OSError(28, "No space left on device")

    full, closed = Full(), io.StringIO()
    closed.close()
    for stream in (full, closed):
        progress = LogLines(stream, lambda: False, clock)
        clock.now += 100
        progress.update(1, "still at work")
        assert not progress.cancelled()
    assert full.tried == 1


def test_first_ctrl_c_asks_the_service_second_one_ends(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts(Console()) as interrupts:
        progress = choose_progress(False, interrupts.requested)
        assert not progress.cancelled()
        signal.raise_signal(signal.SIGINT)
        assert progress.cancelled()
        assert "traces are kept" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_scheduler_and_a_lost_terminal_stop_as_ctrl_c_does(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with Interrupts(Console()) as interrupts:
        signal.raise_signal(number)
        assert interrupts.requested()
    assert signal.getsignal(number) is before


def test_nohup_is_meant_for_us_too() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts(Console()) as interrupts:
            signal.raise_signal(signal.SIGHUP)
            assert not interrupts.requested()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_stage_is_not_named_twice(clock: Clock) -> None:
    stream = io.StringIO()
    progress = LogLines(stream, lambda: False, clock)
    progress.stage("reference")
    clock.now += 100
    progress.update(1, "reference r1  step 3")
    assert stream.getvalue().count("reference") == 1
