"""Starting a program, following it, and saying how it ended. No torch: that is the probe's tests' business."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ProgramError, UsageError
from auditor.model.run import Ending
from auditor.runs import launch as launching
from auditor.runs.launch import check, log_tail
from auditor.runs.record import read


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
        assert "KeyError: 'key'" in str(error.value)


def test_a_program_that_finished_passes_the_check(audited: Any) -> None:
    check(audited.script("", bare=True))


def test_a_hanging_program_is_interrupted_then_killed(audited: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "INTERRUPT_GRACE_S", 0.5)
    monkeypatch.setattr(launching, "TERMINATE_GRACE_S", 0.3)
    run = audited.script(
        """
        import signal, time
        signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
        signal.signal(signal.SIGTERM, lambda *_: print("terminated", flush=True))
        print("ready", flush=True)
        while True:
            time.sleep(0.05)
        """,
        bare=True,
        timeout_s=1.5,
    )
    assert (run.status.ending, run.status.code) == (Ending.TIMED_OUT, -signal.SIGKILL)
    assert log_tail(run) == ("ready", "interrupted", "terminated")
    with pytest.raises(ProgramError, match="did not end in time"):
        check(run)


def test_no_process_of_a_stopped_program_stays_behind(audited: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "INTERRUPT_GRACE_S", 0.2)
    monkeypatch.setattr(launching, "TERMINATE_GRACE_S", 0.2)
    run = audited.script(
        """
        import subprocess, sys
        code = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", code])
        print(child.pid, flush=True)
        child.wait()
        """,
        bare=True,
        timeout_s=1,
    )
    child = int(log_tail(run)[0])
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{child}/cmdline").exists():
        if not Path(f"/proc/{child}/cmdline").read_bytes():
            break  # dead, waiting for its reaper
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{child}").exists()


def test_polling_sees_the_time_pass_and_can_interrupt(audited: Any) -> None:
    times: list[float] = []

    def on_poll(elapsed_s: float) -> bool:
        times.append(elapsed_s)
        return len(times) >= 4

    run = audited.script("import time; time.sleep(600)", bare=True, on_poll=on_poll)
    assert run.status.ending is Ending.INTERRUPTED
    assert times == sorted(times)
    assert times[3] >= 3 * launching.POLL_S
    assert log_tail(run)[-1] == "KeyboardInterrupt"


def test_ctrl_c_after_a_poll_that_interrupted_kills_the_program(audited: Any) -> None:
    asked = []

    def on_poll(elapsed_s: float) -> bool:
        if "caught" in "".join(path.read_text() for path in audited.store.root.rglob("program.log")):
            if not asked:
                asked.append(elapsed_s)
                os.kill(os.getpid(), signal.SIGINT)
            return True
        return elapsed_s > 1

    run = audited.script(
        """
        import time
        while True:
            try:
                time.sleep(600)
            except KeyboardInterrupt:
                print("caught", flush=True)
        """,
        bare=True,
        on_poll=on_poll,
        timeout_s=60,
    )
    assert asked
    assert (run.status.ending, run.status.code) == (Ending.INTERRUPTED, -signal.SIGKILL)
    assert run.duration_s < launching.INTERRUPT_GRACE_S


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
        assert auditor.poll() is None
        if interrupts == 2 and auditor.stderr.readline() != "caught\n":
            break
    out, _ = auditor.communicate(timeout=30)
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
    start = time.monotonic()
    run = audited.script(
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)']); print('on')",
        bare=True,
    )
    assert run.status.ending is Ending.FINISHED
    assert time.monotonic() - start < 15
    assert log_tail(run) == ("on",)


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
