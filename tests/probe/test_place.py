"""Where a process stands in the process tree: the same in every run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from auditor.probe.place import VARIABLE, Place, is_for_compiler, is_helper, rank, why_not_followed

TREE = """
import multiprocessing
import os
import random
import subprocess
import sys

random.seed(1)


def child(depth):
    random.seed(depth)
    if depth:
        process = multiprocessing.get_context("fork").Process(target=child, args=(depth - 1,))
        process.start()
        process.join()


def run(command, **more):
    subprocess.run(command, check=True, **more)


if __name__ == "__main__":
    one = [sys.executable, "-c", "import random; random.seed(1)"]
    for method in ("fork", "spawn", "forkserver"):
        process = multiprocessing.get_context(method).Process(target=child, args=(1,))
        process.start()
        process.join()
    pid = os.fork()
    if pid == 0:
        random.seed(3)
        sys.exit(0)
    os.waitpid(pid, 0)
    run(one)
    run(one, env=os.environ.copy())
    copied = dict(os.environ)
    run(["git", "--version"], stdout=subprocess.DEVNULL, env=copied)
    run(one, env=copied)
    run(["true"], preexec_fn=lambda: random.random())
    run(["sh", "-c", " ".join([sys.executable, "-c", "'import random; random.seed(1)'"]) + "; true"])
    if len(sys.argv) == 1:
        sys.stdout.flush()
        os.execvp(sys.executable, [sys.executable, "program.py", "again"])
"""

EXPECTED = {
    *("0-0", "0-0.1", "0-0.1.1"),
    *("0-0.s2", "0-0.s2.1"),
    *("0-0.f.1", "0-0.f.1.1"),
    "0-0.2",
    *("0-0.x1", "0-0.x2", "0-0.x3", "0-0.x5"),
}


def test_the_same_process_has_the_same_name_in_every_run(audited: Any) -> None:
    runs = [audited.script(TREE) for _ in range(2)]
    names = [[process.name for process in run.processes] for run in runs]
    assert names[0] == names[1]
    below_root = {name for name in names[0] if not name.startswith("0-0.x6")}
    assert below_root == EXPECTED
    again = {name.replace("0-0.x6", "0-0") for name in names[0] if name.startswith("0-0.x6")}
    assert again == EXPECTED  # the program that replaced the first one has the same children
    for run in runs:
        assert all(process.complete for process in run.processes)
        assert not any(process.problems for process in run.processes)


def test_programs_started_one_after_the_other_by_a_shell_are_numbered_in_order(audited: Any) -> None:
    audited.write("one.py", "import random; random.seed(1)")
    run = audited.run("bash", "-c", "python3 -V; {0} one.py; {0} one.py".format(__import__("sys").executable))
    assert [process.name for process in run.processes] == ["0-0", "0-0~2"]
    assert not any(process.problems for process in run.processes)


def test_ranks_keep_processes_apart() -> None:
    assert rank({"RANK": "3"}) == 3
    assert rank({"SLURM_PROCID": "2", "SLURM_NTASKS": "4"}) == 2
    assert rank({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}) is None
    assert rank({"RANK": "1", "SLURM_PROCID": "2", "SLURM_NTASKS": "4"}) == 1
    assert rank({"LOCAL_RANK": "1", "NODE_RANK": "0"}) == 1  # Lightning's children
    assert rank({"LOCAL_RANK": "1", "NODE_RANK": "2"}) is None
    assert rank({"RANK": "5", "LOCAL_RANK": "1"}) == 5
    assert rank({}) is None
    assert rank({"RANK": "x"}) is None


@pytest.mark.parametrize(
    ("value", "argv", "place"),
    [
        ("", ["python", "train.py"], "0"),
        ("0 3", ["python", "train.py"], "0.x3"),
        ("0.2 0", ["python", "train.py"], "0.2.x0"),
        ("0.1 2", ["python", "-c", "from multiprocessing.forkserver import main; main(1)"], "0.1.f"),
        ("0 0", ["python", "-m", "loky.backend.popen_loky_posix", "--process-name", "LokyProcess-3"], "0.s3"),
        (
            "0.s2 1",
            ["python", "-m", "joblib.externals.loky.backend.popen_loky_posix", "--process-name", "LokyProcess-2:4"],
            "0.s2.s4",
        ),
    ],
)
def test_a_process_finds_its_place_in_what_its_parent_says(value: str, argv: list[str], place: str) -> None:
    environ = {VARIABLE: value}
    assert Place(environ, argv).text == place
    assert environ[VARIABLE] == f"{place} 0"


def test_a_place_is_passed_on_in_a_copy_of_the_environment_too() -> None:
    environ: dict[str, str] = {}
    place = Place(environ, ["python"])
    copy = {**environ, "OWN": "1"}
    foreign = {"OWN": "1"}
    place.starts_program("python", ["python", "a.py"], copy)
    place.starts_program("python", ["python", "b.py"], foreign)
    assert copy == {VARIABLE: "0 1", "OWN": "1"}
    assert foreign == {"OWN": "1"}
    assert environ == {VARIABLE: "0 2"}


def test_helpers_of_the_compiler_are_neither_counted_nor_traced() -> None:
    environ: dict[str, str] = {}
    place = Place(environ, ["python"])
    place.starts_program("/usr/bin/g++", ["g++", "-O3", "kernel.cpp"], None)
    assert environ[VARIABLE] == "0 0"
    place.starts_program("python", ["python", "torch/_inductor/compile_worker/__main__.py"], None)
    assert Place(dict(environ), ["python", "__main__.py"]).inert
    place.starts_program("python", ["python", "train.py"], None)
    assert environ[VARIABLE] == "0 1"


@pytest.mark.parametrize(
    ("path", "helper"),
    [
        ("/usr/bin/x86_64-linux-gnu-g++-12", True),
        ("gcc", True),
        ("nvidia-smi", True),
        ("bash", False),
        ("/opt/python3.11", False),
        ("make", False),
        ("accelerate", False),
    ],
)
def test_helpers_are_known_by_name(path: str, helper: bool) -> None:
    assert is_helper(path, [path]) is helper


FOLLOWED = {"REPRO_AUDIT_PROBE": "{}", "PYTHONPATH": "/boot:/own"}


@pytest.mark.parametrize(
    ("argv", "environ", "reason"),
    [
        (["python", "train.py", "-I"], FOLLOWED, ""),
        (["/usr/bin/python3.11", "-u", "-m", "train"], FOLLOWED, ""),
        (["python", "-W", "ignore", "x.py"], FOLLOWED, ""),
        (["bash", "-I"], {}, ""),
        (["python", "-I", "x.py"], FOLLOWED, "started with -I, which ignores the environment"),
        (["python3", "-uE", "x.py"], FOLLOWED, "started with -uE, which ignores the environment"),
        (["python", "x.py"], {}, "started with an environment of its own"),
        (["/bin/sh", "-c", "cd data && python3 make.py"], {}, "started with an environment of its own"),
        (["./start.sh", "train.py"], {}, "started with an environment of its own"),
        (["/bin/sh", "-c", "python3 make.py"], FOLLOWED, ""),
        (["/bin/sh", "-c", "ls pythonic"], {}, ""),
        (["python", "x.py"], {**FOLLOWED, "PYTHONPATH": "/own"}, "started with another PYTHONPATH"),
        (["python", "-I", "torch/_inductor/compile_worker"], {}, ""),
    ],
)
def test_a_program_that_will_run_unseen_is_known_before_it_starts(
    argv: list[str], environ: dict[str, str], reason: str
) -> None:
    assert why_not_followed(None, argv, environ, "/boot") == reason


@pytest.mark.parametrize(
    ("path", "compiler"),
    [
        ("/env/torch/_inductor/cpu_vec_isa.py", True),
        ("/env/triton/runtime/build.py", True),
        ("/env/torch/distributed/run.py", False),
        ("/p/train.py", False),
    ],
)
def test_what_a_compiler_tries_out_is_no_program_of_the_users(path: str, compiler: bool) -> None:
    def frame(filename: str, back: Any = None) -> Any:
        return SimpleNamespace(f_code=SimpleNamespace(co_filename=filename), f_back=back)

    inner = frame("/python/subprocess.py", frame("/python/subprocess.py", frame(path, frame("/p/train.py"))))
    assert is_for_compiler(inner) is compiler


def test_a_program_that_runs_unseen_is_a_problem_of_its_parent(audited: Any) -> None:
    run = audited.script("""
        import subprocess, sys
        subprocess.run([sys.executable, "-c", "print('seen')"], check=True)
        subprocess.run([sys.executable, "-c", "print('unseen')"], env={}, check=True)
        """)
    assert audited.printed(run) == ["seen", "unseen"]
    (process,) = run.processes
    assert process.problems == ("children: a Python program runs unseen: started with an environment of its own",)
