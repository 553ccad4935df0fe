"""The hot path in C is built once for an interpreter, and its absence is no failure."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from auditor.runs import hotpath
from auditor.runs.compiling import Library, build

FACTS = ["suffix.so", "/no/include", "/no/include", "cpython", 3, 11, False]


def interpreter(folder: Path, *answer: object) -> Path:
    """A stand-in for a Python that answers this."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    python.chmod(0o755)
    return python


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, "no Python.h in /no/include; install the Python's development files (python3-dev, python3-devel)"),
        ({3: "pypy"}, "it is not for pypy"),
        ({6: True}, "it is not for a free-threaded Python"),
        ({5: 9}, "it was not tried with Python 3.9"),
        ({0: ""}, "it is not for cpython"),
    ],
)
def test_an_interpreter_that_it_is_not_for_is_told(tmp_path: Path, changed: dict[int, object], reason: str) -> None:
    python = interpreter(tmp_path, *(changed.get(index, fact) for index, fact in enumerate(FACTS)))
    assert hotpath.library(python, {"HOME": str(tmp_path)}) == (None, reason)
    assert hotpath.path(python, {"HOME": str(tmp_path)}) == ""


def test_an_interpreter_that_does_not_answer_is_no_failure(tmp_path: Path) -> None:
    python = tmp_path / "nothing"
    assert hotpath.library(python, {}) == (None, f"{python} does not tell where its headers are")


def test_it_can_be_switched_off() -> None:
    assert hotpath.library(Path(sys.executable), {hotpath.SWITCH: "0"}) == (None, f"{hotpath.SWITCH}=0 says so")
    assert hotpath.path(Path(sys.executable), {hotpath.SWITCH: "0"}) == ""


def compiler(folder: Path, script: str) -> dict[str, str]:
    """An environment in which the C compiler is a shell script."""
    (folder / "cc").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "cc").chmod(0o755)
    return {"PATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "part.c").write_text("int part;\n")
    return Library(called="the part", sources=(tmp_path / "part.c",), name="part", flags=("-DX",))


def test_what_was_built_is_taken_from_the_cache_until_its_source_changes(tmp_path: Path, library: Library) -> None:
    environ = compiler(tmp_path, f'echo "$@" >> {tmp_path}/calls; while [ "$1" != -o ]; do shift; done; echo > "$2"')
    first, second = build(library, environ), build(library, environ)
    assert first == second
    assert first[0] is not None
    assert first[0].is_file()
    (tmp_path / "part.c").write_text("int other;\n")
    assert build(library, environ)[0] not in (None, first[0])
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 2
    assert calls[0].startswith("-O2 -shared -fPIC -DX -o ")
    assert [path.name for path in (tmp_path / "cache" / "repro-audit" / "native").glob(".*")] == []


def test_what_a_compiler_could_not_build_is_not_tried_again_at_once(tmp_path: Path, library: Library) -> None:
    environ = compiler(tmp_path, f"echo called >> {tmp_path}/calls; echo 'no such header' >&2; exit 1")
    expected = (None, f"{tmp_path}/cc cannot build the part: no such header")
    assert [build(library, environ), build(library, environ)] == [expected, expected]
    assert (tmp_path / "calls").read_text() == "called\n"
    (failure,) = (tmp_path / "cache" / "repro-audit" / "native").glob("*.failed")
    os.utime(failure, (0, 0))
    build(library, environ)
    assert (tmp_path / "calls").read_text() == "called\ncalled\n"


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, library: Library) -> None:
    environ = compiler(tmp_path, "exit 0")
    (tmp_path / "cache").write_text("a file where the folder should be")
    built, reason = build(library, environ)
    assert built is None
    assert reason.startswith(f"the part cannot be built in {tmp_path}/cache/repro-audit/native: ")


MAKES_IT = 'while [ "$1" != -o ]; do shift; done; echo ours > "$2"'


def test_what_others_can_write_is_not_loaded(tmp_path: Path, library: Library) -> None:
    """It runs inside the program: a library that anybody could have put there is built anew, in our own folder only."""
    environ = compiler(tmp_path, MAKES_IT)
    built, _ = build(library, environ)
    assert built is not None
    built.write_text("theirs")
    built.chmod(0o777)
    assert build(library, environ) == (built, "")
    assert (built.read_text(), built.stat().st_mode & 0o777) == ("ours\n", 0o755)
    built.parent.chmod(0o777)
    refused, reason = build(library, environ)
    assert refused is None
    assert reason.endswith("everybody can write there: nothing is loaded from it")


def test_what_belongs_to_another_user_is_not_loaded(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = compiler(tmp_path, MAKES_IT)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(Path, "stat", lambda path: os.stat_result((0o40755, 1, 1, 1, 54321, 0, 0, 0, 0, 0)))
    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    refused, reason = build(library, environ)
    assert refused is None
    assert "belongs to another user" in reason


def test_a_message_of_the_compiler_in_another_encoding_is_told(tmp_path: Path, library: Library) -> None:
    reason = build(library, compiler(tmp_path, r"printf 'Datei \374ber\n' >&2; exit 1"))[1]
    assert reason == f"{tmp_path}/cc cannot build the part: Datei \N{REPLACEMENT CHARACTER}ber"


def test_without_a_home_there_is_a_reason(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.model.home.home_folder", lambda environ: None)
    assert build(library, {}) == (None, "no home folder to build the part in; set HOME or XDG_CACHE_HOME")


def test_a_relative_cache_folder_is_ignored(tmp_path: Path, library: Library) -> None:
    environ = {**compiler(tmp_path, MAKES_IT), "XDG_CACHE_HOME": "cache", "HOME": str(tmp_path)}
    assert str(build(library, environ)[0]).startswith(f"{tmp_path}/.cache/")


def test_a_library_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "handler.so"
    broken.write_text("no library")
    reason = hotpath.loading_failure(Path(sys.executable), broken)
    assert reason.startswith(f"{broken} cannot be loaded: ImportError: ")
    built, _ = hotpath.library(Path(sys.executable))
    assert built is None or hotpath.loading_failure(Path(sys.executable), built) == ""
