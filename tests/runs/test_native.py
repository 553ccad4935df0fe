"""The interposer: what native code asks for is taped and given back, and its absence is told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor.runs import native

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sys/random.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

int main(int count, char **) {
  std::random_device chip, file("/dev/urandom");
  unsigned raw, stream, unlocked;
  getrandom(&raw, sizeof raw, 0);
  FILE *opened = fopen("/dev/urandom", "r");
  if (!opened || fread(&stream, 4, 1, opened) != 1) return 1;
  opened = freopen("/dev/random", "r", opened);
  if (!opened || fread_unlocked(&unlocked, 4, 1, opened) != 1) return 1;
  std::cout << chip() << " " << file() << " " << raw << " " << stream << std::endl;
  std::cout << unlocked << " " << fgetc(opened) << " " << getc(opened) << std::endl;
  fclose(opened);
  std::thread([] { unsigned mine; getrandom(&mine, 4, 0); std::cout << mine << std::endl; }).join();
  if (!fork()) {
    getentropy(&raw, sizeof raw);
    std::cout << raw << std::endl;
    _exit(0);
  }
  wait(nullptr);
  if (count > 1) getrandom(&raw, 3, 0);
  return 0;
}
"""

pytestmark = pytest.mark.skipif(
    native.library()[0] is None or shutil.which("g++") is None, reason="no compiler for the interposer and its program"
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in C++ that asks for entropy in each way that native code has."""
    folder = tmp_path_factory.mktemp("native")
    (folder / "draw.cpp").write_text(SOURCE)
    built = folder / "draw"
    subprocess.run(["g++", "-O1", "-o", built, folder / "draw.cpp", "-lpthread"], check=True)
    return built


def test_random_device_getrandom_and_the_devices_are_given_back(taped: Any, program: Path) -> None:
    recorded = taped.record(str(program), native=True)
    assert recorded != taped.record(str(program), native=True, tape="other")
    printed, outcome = taped.replay()
    assert printed == recorded
    assert not outcome.divergences
    assert len(recorded.split()) == 9


def test_another_native_request_ends_a_strict_replay(taped: Any, program: Path) -> None:
    taped.record(str(program), native=True)
    _, outcome = taped.replay(str(program), "more")
    (found,) = outcome.divergences
    assert (found.process, found.index) == ("0-0", 7)
    assert "getrandom (3 bytes)" in found.text


def test_native_programs_and_devices_in_a_python_program_are_given_back(taped: Any, program: Path) -> None:
    taped.write(
        f"""
        import os, random, subprocess, sys
        print(open("/dev/urandom", "rb", buffering=0).read(4), os.urandom(3), random.random(), flush=True)
        subprocess.run([{str(program)!r}])
        subprocess.run([sys.executable, "-I", "-c", "import random; print(random.random(), hash('x'))"])
        """
    )
    recorded = taped.record(native=True)
    printed, outcome = taped.replay()
    assert printed == recorded
    assert not outcome.divergences


def test_without_a_compiler_the_reason_is_told(tmp_path: Path) -> None:
    built, reason = native.library({"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
    assert built is None
    assert reason == "native code is not taped: no C compiler (cc, gcc or clang) to build the interposer with"


def test_a_compiler_that_fails_is_quoted(tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'no such header' >&2\nexit 1\n")
    compiler.chmod(0o755)
    built, reason = native.library({"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
    assert built is None
    assert reason.endswith("cannot build the interposer: no such header")
