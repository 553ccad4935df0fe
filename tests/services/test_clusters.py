"""An experiment on a real cluster survives a worker's end, gives what this machine gives, and goes on here.

Ray runs on this machine with several worker processes, Slurm on a single node that `tests/slurm/single_node.sh` starts;
where one is not installed its tests are skipped (`make cluster-test` installs what pip can).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.services.executors import choose_executor
from auditor.services.replica_results import Sources
from auditor.services.settings import Settings
from auditor.services.variance import VarianceOptions, measure_variance, parse_metrics, parse_variants

NODE = Path(__file__).parents[1] / "slurm" / "single_node.sh"
SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
PROGRAM = """
import os, pathlib, sys, time

meeting = pathlib.Path(sys.argv[1])
print("score", int.from_bytes(os.urandom(4), "big"))
print("threads", os.environ.get("OMP_NUM_THREADS"), "step", os.environ.get("SLURM_PROCID"))
try:
    (meeting / "first").mkdir()
except FileExistsError:
    pass
else:
    (meeting / "pids").write_text(f"{os.getpid()} {os.getppid()}")
    (meeting / "pids").rename(meeting / "first" / "pids")
    time.sleep(600)
"""


@pytest.fixture(params=["ray", "slurm"])
def cluster(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "ray":
        if importlib.util.find_spec("ray") is None:
            pytest.skip("Ray is not installed: pip install 'repro-audit[ray]'")
        yield "ray"
        return
    if importlib.util.find_spec("submitit") is None:
        pytest.skip("submitit is not installed: pip install 'repro-audit[slurm]'")
    if not all(shutil.which(name, path=SBIN) for name in ("slurmctld", "slurmd", "munged", "sbatch")):
        pytest.skip("Slurm is not installed: apt-get install slurm-wlm munge")
    # Not pytest's folder: munged is another user. Daemons that are told to stop may still write for a moment.
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / "node"
        subprocess.run([NODE, "start", folder], check=True, timeout=600)
        monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        yield "slurm"
        subprocess.run([NODE, "stop", folder], check=True, timeout=600)


def measure(folder: Path, runs: int, resume: bool = False, executor: str = "local") -> AuditReport:
    options = VarianceOptions(
        runs=runs,
        variants=parse_variants(["algo", "control"]),
        sources=Sources(metrics=parse_metrics(["score=score ([0-9]+)"])),
        threads=1,
        executor=executor,
        retries=0,
        resume=resume,
        isolate=True,
    )
    command = ("python", "train.py", str(folder / "meeting"))
    return measure_variance(command, cwd=folder / "project", settings=Settings(store=folder / "store"), options=options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("project", "meeting"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text("")
    (tmp_path / "project" / "train.py").write_text(PROGRAM)
    return tmp_path


def parent_of(pid: int) -> int:
    said = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    return int(said)


def kill_first_worker(meeting: Path, killed: list[int]) -> None:
    """Kill what the scheduler started, with SIGKILL, once the first program runs; add the program's pid to `killed`."""
    until = time.monotonic() + 600
    while not (meeting / "first" / "pids").exists() and time.monotonic() < until:
        time.sleep(0.05)
    program, worker = (meeting / "first" / "pids").read_text().split()
    os.kill(parent_of(parent_of(int(worker))), signal.SIGKILL)  # between them is the worker's stand-in
    killed.append(int(program))


def wait_for_end_of(program: int) -> None:
    """No orphan is left behind: it ends long before it would by itself. A dead one may still wait for its reaper."""
    until = time.monotonic() + 300
    while is_alive(program):
        assert time.monotonic() < until, "the program of a killed worker goes on"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def deviations(report: AuditReport) -> dict[str, tuple[int, bool]]:
    assert report.variance is not None
    return {each.name: (each.replicas, each.metrics[0].deviation > 0) for each in report.variance.groups}


def test_a_killed_worker_costs_nothing_and_the_experiment_goes_on_here(
    cluster: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    killed: list[int] = []
    killer = threading.Thread(target=kill_first_worker, args=(folder / "meeting", killed))
    killer.start()
    report = measure(folder, 2, executor=cluster)
    killer.join()
    assert capfd.readouterr().out == ""
    assert deviations(report) == {"algo": (2, True), "control": (2, False)}
    assert report.variance is not None
    assert any("1 of its replicas was lost" in each for each in report.variance.warnings)
    wait_for_end_of(killed[0])
    (log,) = (folder / "store").rglob("algo/2/program.log")
    assert "threads 1 step None" in log.read_text()
    again = measure(folder, 3, resume=True)
    assert deviations(again) == {"algo": (3, True), "control": (3, False)}  # what the tape gave there, it gives here


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for module in ("ray", "submitit"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(UsageError, match=r"pip install 'repro-audit\[ray\]'"):
        measure(folder, 2, executor="ray")
    with pytest.raises(UsageError, match=r"pip install 'repro-audit\[slurm\]'"):
        measure(folder, 2, executor="slurm")


@pytest.mark.parametrize("text", ["dask", "local:2", "slurm:gpu,colour=red", "slurm:gpu,time=soon"])
def test_what_is_no_executor_is_refused(text: str) -> None:
    from auditor.runs.executor import Needs

    with pytest.raises(UsageError, match="--executor"):
        choose_executor(text, jobs=None, needs=Needs(), threads=1)
