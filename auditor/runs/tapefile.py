"""Reads tapes: folders of one file a process, see `auditor/probe/taping/wire.py`. Nothing in them is executed."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

from auditor.errors import TraceFormatError, UsageError
from auditor.model.annotations import Any
from auditor.model.location import Location
from auditor.model.tape import ProcessTape, Tape, TapeEntry, TapeLaunch
from auditor.probe.taping import wire

_ORDERED = (wire.ENTROPY,)


def open_tape(folder: Path) -> Tape:
    """Read a whole tape. `UsageError` where there is none, `TraceFormatError` where it is damaged before its end."""
    launch = read_launch(folder)
    _check_sizes(folder)
    processes = {process_name(path): read_process(path) for path in _files(folder)}
    return Tape(launch=launch, processes=processes)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (wire.SUFFIX, wire.NATIVE_SUFFIX))


def process_name(path: Path) -> str:
    """`0-0`, and `0-0.native` for what native code of the same process was given."""
    return path.name.removesuffix(wire.SUFFIX)


def read_process(path: Path) -> ProcessTape:
    """Read what one process was given; a torn last record is dropped and told."""
    try:
        reading = wire.read(path.read_bytes())  # type: ignore[no-untyped-call]  # plain syntax on purpose
    except wire.DamagedTapeError as error:
        raise TraceFormatError(f"{path}: not a whole tape: {error}") from error
    counts: dict[object, int] = {}
    entries = []
    for entry in reading.entries:
        if entry.kind == wire.DONE:
            continue
        key = entry.stream if entry.kind in _ORDERED else entry.kind
        index = counts.get(key, 0)
        counts[key] = index + 1
        entries.append(
            TapeEntry(
                kind=wire.KIND_NAMES[entry.kind],
                stream=entry.stream,
                index=index,
                call=entry.call,
                site=_location(entry.site),
                payload=entry.payload,
            )
        )
    return ProcessTape(
        name=process_name(path),
        argv=tuple(map(str, reading.header.get("argv", ()))),
        entries=tuple(entries),
        problems=tuple(reading.problems),
        complete=reading.complete,
        moved=reading.moved,
        torn_bytes=reading.torn_bytes,
        python=str(reading.header.get("python", "")),
    )


def read_launch(folder: Path) -> TapeLaunch:
    """Read how the recorded program was started."""
    path = folder / wire.LAUNCH
    data = _launch_fields(folder, path)
    try:
        return TapeLaunch(
            argv=tuple(map(str, data["argv"])),
            hash_seed=str(data["hash_seed"]),
            python=str(data["python"]),
            volatile=tuple(map(str, data["volatile"])),
            native=bool(data["native"]),
            recorded_at=str(data["recorded_at"]),
            exit_code=data.get("exit_code"),
            interpreter=str(data.get("interpreter", "")),
        )
    except (KeyError, TypeError) as error:
        raise TraceFormatError(f"{path}: damaged: {type(error).__name__}: {error}") from error


def _launch_fields(folder: Path, path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{folder}: no tape; `repro-audit record -o {folder} -- python train.py` makes one") from None
    except (OSError, ValueError) as error:
        raise TraceFormatError(f"{path}: cannot be read: {error}") from error
    if not isinstance(data, dict) or data.get("format") != wire.FORMAT:
        raise TraceFormatError(f"{path}: not a tape: its format is not {wire.FORMAT}")
    if data.get("version") != wire.VERSION:
        raise TraceFormatError(f"{path}: tape version {data.get('version')}; this program reads version {wire.VERSION}")
    if "check" in data and data.pop("check") != _check(data):
        raise TraceFormatError(f"{path}: damaged, or edited by hand: it is not what its check says; record again")
    return data


def _check(data: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(data, sort_keys=True).encode("utf-8"))


def _check_sizes(folder: Path) -> None:
    """A file that has lost bytes since its program ended would be taken for that of a process that was killed."""
    for name, size in _launch_fields(folder, folder / wire.LAUNCH).get("files", {}).items():
        path = folder / name
        left = path.stat().st_size if path.exists() else None
        if left is None:
            raise TraceFormatError(f"{path}: missing: it held {size} bytes when the recording ended")
        if left < size:
            raise TraceFormatError(f"{path}: not a whole tape: {left} of the {size} bytes that were recorded")


def write_launch(folder: Path, launch: TapeLaunch) -> None:
    """Write `tape.json` in one piece; of a recording that has ended, with the sizes of its files."""
    data: dict[str, Any] = {
        "format": wire.FORMAT,
        "version": wire.VERSION,
        "argv": list(launch.argv),
        "hash_seed": launch.hash_seed,
        "python": launch.python,
        "volatile": list(launch.volatile),
        "native": launch.native,
        "recorded_at": launch.recorded_at,
        "exit_code": launch.exit_code,
        "interpreter": launch.interpreter,
    }
    if launch.exit_code is not None:
        data["files"] = {path.name: path.stat().st_size for path in _files(folder)}
    data["check"] = _check(data)
    temporary = folder / f".{wire.LAUNCH}.{os.getpid()}"
    temporary.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(temporary, folder / wire.LAUNCH)


def write_process(path: Path, header: dict[str, Any], entries: list[tuple[str, bytes]]) -> None:
    """Write a tape of one process from (call, bytes) pairs of its main thread, as an import has them."""
    names: dict[str, int] = {wire.MAIN: 1}
    parts = [wire.head(header), wire.record(wire.NAME, wire.MAIN.encode(), stream=1)]  # type: ignore[no-untyped-call]
    for call, payload in entries:
        if call not in names:
            names[call] = len(names) + 1
            parts.append(wire.record(wire.NAME, call.encode(), stream=names[call]))  # type: ignore[no-untyped-call]
        parts.append(wire.record(wire.ENTROPY, payload, stream=1, call=names[call]))  # type: ignore[no-untyped-call]
    parts.append(wire.record(wire.END, b'{"records": %d}' % len(entries)))  # type: ignore[no-untyped-call]
    path.write_bytes(b"".join(parts))


def _location(site: tuple[str, int, str, str] | None) -> Location | None:
    if site is None:
        return None
    path, line, function, _ = site
    return Location(path=path, line=line, function=function)
