"""Starting a program, following it, and saying how it ended. No torch: that is the probe's tests' business."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ProgramError, UsageError
from auditor.model.run import Ending
from auditor.runs import launch as launching
from auditor.runs.launch import check, log_tail
from auditor.runs.record import read
from auditor.runs.store import Store


def test_a_finished_program_is_recorded_with_what_it_printed_and_wrote(audited: Any) -> None:
    audited.write("old.txt", "old")
    run = audited.script("""
        import sys
        print("out")
        print("err", file=sys.stderr)
        open("new.txt", "w").write("new")
        """)
    assert (run.status.ending, run.status.code) == (Ending.FINISHED, 0)
    assert sorted(log_tail(run)) == ["err", "out"]
    assert run.files_written == ("new.txt",)
    assert run.argv == ("python", "program.py")
    assert run.peak_memory_bytes is not None
    assert run.peak_memory_bytes > 1_000_000
    assert read(Path(run.folder)) == run


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("raise SystemExit(5)", 5, "failed with exit code 5"),
        ("import os; os.kill(os.getpid(), 11)", -11, "was killed by SIGSEGV"),
        ("x = {}['key']", 1, "failed with exit code 1"),
        ("input('key')  # 'key'", 1, "-- sh -c 'python train.py < answers.txt'"),
        ("import no_such_package  # 'key'", 1, "Where no_such_package is in another environment, --python PATH"),
    ],
)
def test_a_failing_program_is_an_ending_and_its_last_words_are_kept(
    audited: Any, text: str, code: int, message: str
) -> None:
    run = audited.script(text, bare=True)
    assert (run.status.ending, run.status.code) == (Ending.FAILED, code)
    with pytest.raises(ProgramError, match=message) as error:
        check(run)
    if code == 1:
        assert "'key'" in str(error.value)


def test_a_program_that_finished_passes_the_check(audited: Any) -> None:
    check(audited.script("", bare=True))


class ClockOfEvents:
    """Time that stands still until something happens in the program, and is late then."""

    def __init__(self, *happens: Callable[[], bool]) -> None:
        self._happens = happens

    def monotonic(self) -> float:
        return 1000.0 * sum(happened() for happened in self._happens)

    sleep = staticmethod(time.sleep)


def printed(store: Store, word: str) -> Callable[[], bool]:
    """Whether a program has printed a line that ends so; unbuffered ones print the line's end by itself."""
    return lambda: any(f"{word}\n" in path.read_text() for path in store.root.rglob("program.log"))


def test_a_hanging_program_is_interrupted_then_killed(audited: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ClockOfEvents(*(printed(audited.store, word) for word in ("ready", "interrupted", "terminated")))
    monkeypatch.setattr(launching, "time", clock)
    run = audited.script(
        """
        import os, signal, time
        signal.signal(signal.SIGINT, lambda *_: os.write(1, b"interrupted\\n"))  # `print` may be interrupted by itself
        signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"terminated\\n"))
        os.write(1, b"ready\\n")
        while True:
            time.sleep(0.05)
        """,
        bare=True,
        timeout_s=50,
    )
    assert (run.status.ending, run.status.code) == (Ending.TIMED_OUT, -signal.SIGKILL)
    assert log_tail(run) == ("ready", "interrupted", "terminated")
    with pytest.raises(ProgramError, match="did not end in time"):
        check(run)


def test_no_process_of_a_stopped_program_stays_behind(audited: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "time", ClockOfEvents(printed(audited.store, "started")))
    run = audited.script(
        """
        import subprocess, sys
        deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(1, flush=True); "
        code = deaf + "time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        child.stdout.readline()
        print(child.pid, "started", flush=True)
        child.wait()
        """,
        bare=True,
        timeout_s=50,
    )
    child = int(log_tail(run, 100)[0].split()[0])
    deadline = time.monotonic() + 600
    while is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether it runs; one that is dead may still wait for its reaper."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def test_polling_sees_the_time_pass_and_can_interrupt(audited: Any) -> None:
    times: list[float] = []
    is_ready = printed(audited.store, "ready")

    def on_poll(elapsed_s: float) -> bool:
        times.append(elapsed_s)
        return len(times) >= 4 and is_ready()

    run = audited.script("import time; print('ready', flush=True); time.sleep(600)", bare=True, on_poll=on_poll)
    assert run.status.ending is Ending.INTERRUPTED
    assert times == sorted(times)
    assert times[3] >= 3 * launching.POLL_S
    assert log_tail(run)[-1] == "KeyboardInterrupt"


def test_ctrl_c_after_a_poll_that_interrupted_kills_the_program(audited: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    is_ready, has_caught = printed(audited.store, "ready"), printed(audited.store, "caught")
    asked = []

    def on_poll(elapsed_s: float) -> bool:
        if has_caught() and not asked:
            asked.append(elapsed_s)
            os.kill(os.getpid(), signal.SIGINT)
        return is_ready()

    run = audited.script(
        """
        import time
        while True:
            try:
                print("ready", flush=True)
                time.sleep(600)
            except KeyboardInterrupt:
                print("caught", flush=True)
        """,
        bare=True,
        on_poll=on_poll,
    )
    assert asked
    assert (run.status.ending, run.status.code) == (Ending.INTERRUPTED, -signal.SIGKILL)


def test_an_interrupt_at_any_moment_reaches_the_program_and_not_us(
    audited: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here before we have begun to wait: a `KeyboardInterrupt` would leave the program running, and no record."""
    real = launching.output.Output.start

    def start_and_interrupt(self: Any) -> None:
        real(self)
        while not is_ready():
            time.sleep(0.01)
        signal.raise_signal(signal.SIGINT)

    is_ready = printed(audited.store, "ready")
    monkeypatch.setattr(launching.output.Output, "start", start_and_interrupt)
    run = audited.script(
        """
        import time
        try:
            print("ready", flush=True)
            time.sleep(600)
        except KeyboardInterrupt:
            print("caught")
        """,
        bare=True,
    )
    assert (run.status.ending, run.status.code) == (Ending.INTERRUPTED, 0)
    assert log_tail(run) == ("ready", "caught")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_handler_of_ctrl_c_stays_while_a_program_runs(audited: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        run = audited.script("", bare=True, on_poll=lambda elapsed_s: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert set(heard) == {signal.SIGINT}
    assert run.status.ending is Ending.FINISHED


def test_an_error_in_our_own_polling_leaves_no_program_running(audited: Any) -> None:
    audited.write("program.py", "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)")

    def on_poll(elapsed_s: float) -> None:
        if (audited.project / "pid").exists() and (audited.project / "pid").read_text():
            raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        audited.run("python", "program.py", bare=True, on_poll=on_poll)
    pid = int((audited.project / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


CTRL_C = """
import sys
from pathlib import Path
from auditor.runs.launch import launch
from auditor.runs.plan import LaunchPlan

folder = Path(sys.argv[1])
(folder / "run").mkdir()
run = launch(LaunchPlan(argv=["python", "-u", "program.py"], cwd=folder, project=folder, run_dir=folder / "run",
                        run_id="r1", probe=None))
print(run.status.ending.value, run.status.code)
"""


@pytest.mark.parametrize(
    ("interrupts", "expected"), [(1, f"interrupted {130}"), (2, f"interrupted {-signal.SIGKILL.value}")]
)
def test_the_first_ctrl_c_interrupts_the_program_and_the_second_kills_it(
    tmp_path: Path, interrupts: int, expected: str
) -> None:
    (tmp_path / "program.py").write_text(
        textwrap.dedent(f"""
        import sys, time
        ready = False
        while True:
            try:
                if not ready:
                    ready = True
                    print("ready")
                time.sleep(600)
            except KeyboardInterrupt:
                print("caught")
                if {interrupts} == 1:
                    sys.exit(130)
        """)
    )
    auditor = subprocess.Popen(
        [sys.executable, "-c", CTRL_C, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert auditor.stderr is not None
    assert auditor.stderr.readline() == "ready\n"
    for _ in range(interrupts):
        auditor.send_signal(signal.SIGINT)
        if interrupts == 2 and auditor.stderr.readline() != "caught\n":
            break
    out, _ = auditor.communicate(timeout=600)
    assert out.strip() == expected


@pytest.mark.parametrize(
    ("argv", "message"),
    [(("no-such-command",), "no-such-command: cannot be started in .*No such file"), ((), "nothing to run")],
)
def test_a_command_that_cannot_be_started_is_the_users_mistake(
    audited: Any, argv: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        audited.run(*argv)


def test_output_passes_through_untouched_and_is_kept(capfdbinary: Any, audited: Any) -> None:
    audited.write("program.py", r"import os; os.write(1, b'a\r b\x1b[1m\xff\n' * 3000)")
    folder = audited.store.new()
    run = launching.launch(
        launching.LaunchPlan(
            argv=("python", "program.py"),
            cwd=audited.project,
            project=audited.project,
            run_dir=folder.path,
            run_id=folder.id,
            probe=None,
        )
    )
    expected = b"a\r b\x1b[1m\xff\n" * 3000
    shown = capfdbinary.readouterr()
    assert shown.out == b""
    assert shown.err == expected
    assert (folder.path / "program.log").read_bytes() == expected
    assert run.status.code == 0


def test_a_program_left_behind_does_not_hold_us_up(audited: Any) -> None:
    run = audited.script(
        "import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)",
        bare=True,
    )
    assert run.status.ending is Ending.FINISHED
    (pid,) = map(int, log_tail(run))
    os.kill(pid, signal.SIGKILL)  # an error if it had ended


def test_processes_of_the_record_are_those_of_the_traces(audited: Any) -> None:
    run = audited.script("""
        import os, random
        random.seed(1)
        if os.fork() == 0:
            random.seed(2)
            os._exit(0)
        os.wait()
        """)
    assert [(process.name, process.complete) for process in run.processes] == [("0-0", True), ("0-0.1", False)]
    assert run.processes[1].parent_pid == run.processes[0].pid
    assert run.processes[0].environment.python == sys.version.split()[0]


def test_a_trace_that_cannot_be_read_is_told_in_the_notes(audited: Any) -> None:
    run = audited.script("import random; random.seed(1)")
    names = Path(run.folder) / "trace" / "0-0.names.jsonl"
    names.write_text(names.read_text().replace('"version":1', '"version":99'))
    again = launching.with_processes(replace(run, processes=(), notes=()))
    assert again.processes == ()
    assert "version 99" in again.notes[0]
