"""The interposer: what native code asks for is taped and given back, and its absence is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor.runs import native
from auditor.services.tape_files import export_files, import_files

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


MANY = r"""
#include <cstdio>
#include <sys/random.h>
#include <thread>

int main() {
  for (int number = 0; number < 80; number++)
    std::thread([] { unsigned mine; getrandom(&mine, 4, 0); std::printf("%u ", mine); }).join();
}
"""


def test_each_of_many_native_threads_gets_its_own_back(taped: Any, tmp_path: Path) -> None:
    (tmp_path / "many.cpp").write_text(MANY)
    subprocess.run(["g++", "-o", tmp_path / "many", tmp_path / "many.cpp", "-lpthread"], check=True)
    recorded = taped.record(str(tmp_path / "many"), native=True)
    assert len(recorded.split()) == 80
    assert taped.replay()[0] == recorded


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


def test_what_is_taken_from_the_c_library_by_name_and_system_calls_are_given_back(taped: Any) -> None:
    taped.write(
        f"""
        import ctypes, os
        library, buffer = ctypes.CDLL("libc.so.6"), ctypes.create_string_buffer(8)
        for ask in (library.getrandom, library["getentropy"]):
            ask(buffer, 8, 0)
            print(buffer.raw.hex())
        ctypes.CDLL(None).syscall({318 if os.uname().machine == "x86_64" else 278}, buffer, 8, 0)
        print(buffer.raw.hex(), library.getpid() == os.getpid())
        """
    )
    recorded = taped.record(native=True)
    assert recorded != taped.record(native=True, tape="other")
    assert taped.replay()[0] == recorded
    assert len(recorded.split()) == 4


def test_what_a_taped_request_asks_natively_is_on_one_tape_only(taped: Any) -> None:
    """A replay answers `uuid1` without asking the library: the reads after it would get the numbers before them."""
    taped.write(
        """
        import uuid
        uuid.uuid1()
        with open("/dev/urandom", "rb", buffering=0) as device:
            print(device.read(2).hex(), device.read(8).hex())
        import ctypes
        buffer = ctypes.create_string_buffer(2)
        ctypes.CDLL(None).getrandom(buffer, 2, 0)
        print(buffer.raw)
        """
    )
    recorded = taped.record(native=True)
    printed, outcome = taped.replay()
    assert printed == recorded
    assert not outcome.divergences


def test_a_device_read_that_python_code_adds_is_a_divergence(taped: Any) -> None:
    one = 'import os\nfile = open("/dev/urandom", "rb", buffering=0)\nprint(file.read(4))\n'
    taped.write(one)
    taped.record(native=True)
    taped.write(one + "print(file.read(4))\n")
    (found,) = taped.replay()[1].divergences
    assert "read (4 bytes)" in found.text
    assert "the tape has only 1" in found.text


def test_an_imported_tape_serves_devices_as_well(taped: Any) -> None:
    text = (
        'import os\nfile = open("/dev/urandom", "rb", buffering=0)\nprint(file.read(4), os.urandom(4), file.read(3))\n'
    )
    taped.write(text)
    recorded = taped.record(native=True)
    files = export_files(taped.project / "tape", "0-0", taped.project / "files")
    assert [count for _, count in files] == [2, 1]
    import_files([path for path, _ in files], taped.project / "again", ["python", "program.py"])
    printed, outcome = taped.replay(tape="again")
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


DEVICES = """
    import os, numpy
    with open("/dev/urandom", "rb", buffering=0) as device:
        print(sum(device.read(300_000)), sum(os.pread(device.fileno(), 9, 0)))
        parts = [bytearray(70_000), bytearray(5)]
        print(os.readv(device.fileno(), parts), sum(map(sum, parts)))
    print(open("/proc/sys/kernel/random/uuid").read(), open("/proc/sys/kernel/random/entropy_avail").read(0))
    print(numpy.fromfile("/dev/urandom", dtype=numpy.uint8, count=1000).sum())
    """

SHELL = """
echo $RANDOM $RANDOM $RANDOM; bash -eu -c 'echo $RANDOM $RANDOM $RANDOM'
head -c 100000 /dev/urandom | cksum
if command -v openssl >/dev/null; then openssl rand -hex 8; fi
cat /proc/sys/kernel/random/uuid
"""


def test_large_reads_of_devices_and_identifiers_of_the_kernel_are_given_back(taped: Any) -> None:
    pytest.importorskip("numpy")
    taped.write(DEVICES)
    recorded = taped.record(native=True)
    printed, outcome = taped.replay()
    assert printed == recorded
    assert not outcome.divergences


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_random_numbers_of_a_shell_and_of_openssl_are_given_back(taped: Any) -> None:
    taped.write(SHELL, "start.sh")
    recorded = taped.record("bash", "start.sh", native=True)
    assert taped.replay()[0] == recorded
    other = taped.record("bash", "start.sh", native=True, tape="other")
    assert not set(recorded.splitlines()) & set(other.splitlines())


def test_bash_still_reads_what_its_user_wants_it_to_read_first(
    taped: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.sh").write_text("greeting=hello; RANDOM=42")
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "mine.sh"))
    taped.write("echo $greeting $RANDOM; RANDOM=7; echo $RANDOM", "start.sh")
    plain = subprocess.run(["bash", "start.sh"], cwd=taped.project, capture_output=True, text=True, check=True)
    assert plain.stdout.startswith("hello ")
    assert taped.record("bash", "start.sh", native=True) == plain.stdout
