"""Tapes as files: choose from one, hold two against each other, import and export the published two-file format."""

from __future__ import annotations

import dataclasses
import platform
import struct
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import zip_longest
from pathlib import Path

from auditor.errors import TraceFormatError, UsageError
from auditor.model.tape import ProcessTape, Tape, TapeDifference, TapeEntry, TapeLaunch
from auditor.probe.taping import wire
from auditor.runs.tapefile import open_tape, write_launch, write_process

_HEAD = struct.Struct("<64sI")
_SIZE = struct.Struct("<I")
_DEVICE, _SYSCALL = "random_device", "getrandom"
"""Names of the two files: what was read from the system's random devices, and through the system call."""

open_any = open_tape


def chosen(tape: Tape, process: str | None, everything: bool) -> list[ProcessTape]:
    """Return the processes asked for; without `everything`, without what libraries ask for their own business."""
    if process is not None and process not in tape.processes:
        raise UsageError(f"--process {process}: not on this tape; there are: {', '.join(tape.processes)}")
    found = [tape.processes[name] for name in tape.processes if process in (None, name)]
    if everything:
        return found
    return [dataclasses.replace(one, entries=tuple(e for e in one.entries if e.stream[:1] != "~")) for one in found]


def differences(one: Tape, other: Tape, *, values: bool) -> list[TapeDifference]:
    """Return where two tapes differ, in order of process.

    With `values` what was answered counts too: bytes, clocks, listings, the hash secret, and seeds that were passed.
    """
    secrets = one.launch.hash_seed, other.launch.hash_seed
    found = []
    if values and secrets[0] != secrets[1]:
        found.append(TapeDifference(text=f"hash secret: {secrets[0]} / {secrets[1]}", process=None))
    for which, tape, against in (("first", one, other), ("second", other, one)):
        lone = [name for name in tape.processes if name not in against.processes]
        found += [TapeDifference(text=f"only the {which} tape has process {name}", process=name) for name in lone]
    for name, process in one.processes.items():
        if name in other.processes:
            found += _process_differences(process, other.processes[name], values)
    return found


def _process_differences(one: ProcessTape, other: ProcessTape, values: bool) -> list[TapeDifference]:
    found = []
    first, second = _by_stream(one, values), _by_stream(other, values)
    for stream in sorted({*first, *second}):
        if stream.startswith("~"):
            continue
        left, right = first.get(stream, []), second.get(stream, [])
        pairs = enumerate(zip_longest(left, right))
        at = next((i for i, pair in pairs if None in pair or _differs(*pair, values)), None)
        if at is not None:
            mine, theirs = left[at] if at < len(left) else None, right[at] if at < len(right) else None
            found.append(
                TapeDifference(
                    text=f"process {one.name}, {stream}, request {at}: {_pair_words(mine, theirs, values)}",
                    process=one.name,
                    stream=stream,
                    index=at,
                    first=mine,
                    second=theirs,
                )
            )
    return found


def _pair_words(one: TapeEntry | None, other: TapeEntry | None, values: bool) -> str:
    if one is not None and other is not None:
        return f"{_words(one, values)} / {_words(other, values)}"
    if one is not None:
        return f"only the first tape has {_words(one, values)}"
    return f"only the second tape has {_words(other, values)}" if other is not None else ""


def _by_stream(process: ProcessTape, values: bool) -> dict[str, list[TapeEntry]]:
    kinds = ("entropy", "initial", "seed", "value", "listing") if values else ("entropy", "initial")
    streams: dict[str, list[TapeEntry]] = {}
    for entry in process.entries:
        if entry.kind in kinds:
            streams.setdefault(entry.stream, []).append(entry)
    return streams


def _differs(one: TapeEntry, other: TapeEntry, values: bool) -> bool:
    if (one.call, len(one.payload)) != (other.call, len(other.payload)):
        return True
    return values and one.payload != other.payload


def _words(entry: TapeEntry, values: bool) -> str:
    site = f" at {entry.site.path}:{entry.site.line}" if entry.site is not None else ""
    shown = f" {entry.payload[:8].hex()}" if values else ""
    return f"{entry.call} ({len(entry.payload)} bytes{shown}){site}"


def import_files(files: Sequence[Path], folder: Path, argv: Sequence[str]) -> int:
    """Make a tape of files in the published format; return the number of buffers.

    The requests have neither process nor line: they are given to the root process, each to the next request of its
    size. Raises `TraceFormatError` for files that are not whole.
    """
    entries = [entry for path in files for entry in read_buffers(path)]
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"-o {folder}: exists already; name a folder that is not there yet")
    folder.mkdir(parents=True, exist_ok=True)
    launch = TapeLaunch(
        argv=tuple(argv),
        hash_seed="0",
        python=platform.python_version(),
        volatile=(),
        native=True,
        recorded_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        exit_code=0,
    )
    write_launch(folder, launch)
    header = {"argv": list(argv), "place": "0", "rank": None, "imported": True}
    write_process(folder / f"0-0{wire.SUFFIX}", header, entries)
    marked = [(f"*{_DEVICE if _is_device(name) else _SYSCALL}", buffer) for name, buffer in entries]
    write_process(folder / f"0-0{wire.NATIVE_SUFFIX}", header, marked)
    return len(entries)


def read_buffers(path: Path) -> list[tuple[str, bytes]]:
    """Read (name, buffer) pairs: a head of a 64-byte name and a u32 count, then a u32 size and its bytes, each."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    found: list[tuple[str, bytes]] = []
    at = 0
    while at < len(data) or (not found and at == 0):
        if len(data) - at < _HEAD.size:
            raise TraceFormatError(f"{path}: {len(data) - at} bytes at {at}; a head has {_HEAD.size}")
        raw, count = _HEAD.unpack_from(data, at)
        name = raw.split(b"\0", 1)[0].decode("utf-8", "replace")
        at += _HEAD.size
        for number in range(count):
            size = _SIZE.unpack_from(data, at)[0] if len(data) - at >= _SIZE.size else None
            if size is None or len(data) - at - _SIZE.size < size:
                raise TraceFormatError(f"{path}: ends inside buffer {number} of {count}, at byte {at}")
            found.append((name, data[at + _SIZE.size : at + _SIZE.size + size]))
            at += _SIZE.size + size
    return found


def export_files(tape: Path, process: str, folder: Path) -> list[tuple[Path, int]]:
    """Write what one process was given as two files; return each with its number of buffers."""
    opened = open_tape(tape)
    groups: dict[str, list[bytes]] = {_DEVICE: [], _SYSCALL: []}
    for one in _parts(opened, process):
        for entry in one.entries:
            if entry.kind in ("entropy", "initial"):
                groups[_DEVICE if _is_device(entry.call) else _SYSCALL].append(entry.payload)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, buffers in groups.items():
        path = folder / f"{name}.bin"
        head = _HEAD.pack(name.encode("ascii"), len(buffers))
        path.write_bytes(head + b"".join(_SIZE.pack(len(buffer)) + buffer for buffer in buffers))
        written.append((path, len(buffers)))
    return written


def _parts(tape: Tape, process: str) -> list[ProcessTape]:
    """What Python code of a process was given and, where its native code was given something, that."""
    native = tape.processes.get(process + wire.NATIVE_SUFFIX)
    if native is not None and process not in tape.processes:
        return [native]
    return [*chosen(tape, process, True), *([native] if native is not None and not _imported(native) else [])]


def _imported(native: ProcessTape) -> bool:
    return any(entry.call.startswith("*") for entry in native.entries)


def _is_device(call: str) -> bool:
    """Of a device are what native code read and what an imported file of that name holds; the rest are system calls.

    That includes seeds of torch: requests of Python code stay in one file, so that their order is kept.
    """
    return call in (_DEVICE, "read", "fread", "__read_chk", "__fread_chk")
