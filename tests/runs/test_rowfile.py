"""Reading a file of rows while its writer is still at it."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from auditor.errors import TraceFormatError
from auditor.probe import wire
from auditor.runs import rowfile
from auditor.runs.rowfile import RowFile

ROW = np.dtype([("kind", "u1"), ("value", "<u8")])
CHUNK = wire.CHUNK_BYTES // ROW.itemsize


def write_rows(path: Path, written: int, room: int) -> None:
    rows = np.zeros(room, ROW)
    rows["kind"][:written] = 1
    rows["value"][:written] = np.arange(written)
    path.write_bytes(rows.tobytes())


def cut(path: Path, rows: int) -> None:
    with path.open("r+b") as file:
        file.truncate(rows * ROW.itemsize)


@pytest.mark.parametrize("written", [0, 1, 10, CHUNK - 1, CHUNK, CHUNK + 5])
def test_written_rows_are_found_in_a_zeroed_chunk(tmp_path: Path, written: int) -> None:
    path = tmp_path / "0-0.events"
    write_rows(path, written, (written // CHUNK + 1) * CHUNK)
    file = RowFile(path, ROW)
    file.refresh(None)
    assert len(file.rows) == written
    assert file.rows["value"].tolist() == list(range(written))


def test_writer_may_cut_the_file_after_its_size_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "0-0.events"
    write_rows(path, 10, CHUNK)
    file = RowFile(path, ROW)
    real = RowFile._size

    def size_and_cut(self: RowFile) -> int:
        size = real(self)
        cut(path, 10)
        return size

    monkeypatch.setattr(RowFile, "_size", size_and_cut)
    file.refresh(None)
    assert len(file.rows) == 10


def test_no_page_beyond_the_written_rows_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Touching one after the writer has cut the file would end the process with a bus error."""
    path = tmp_path / "0-0.events"
    write_rows(path, 10, CHUNK)
    shapes = []
    real = np.memmap
    monkeypatch.setattr(
        rowfile.np, "memmap", lambda *args, **options: (shapes.append(options["shape"]), real(*args, **options))[1]
    )
    file = RowFile(path, ROW)
    file.refresh(None)
    cut(path, 10)
    assert shapes == [(10,)]
    assert file.rows["value"].sum() == 45


def growing_while_read(monkeypatch: pytest.MonkeyPatch, path: Path, rows: int) -> None:
    """What is read last of a stretch is newer than what is read first: here by as many rows as are written then."""
    real = RowFile._marks
    waiting = [rows]

    def marks(self: RowFile, file: IO[bytes], start: int, stop: int) -> Any:
        found = real(self, file, start, stop).copy()
        if waiting:
            write_rows(path, waiting.pop(), CHUNK)
            found[len(found) // 2 :] = real(self, file, start, stop)[len(found) // 2 :]
        return found

    monkeypatch.setattr(RowFile, "_marks", marks)


@pytest.mark.parametrize("known", [0, 10])
def test_rows_written_while_the_end_is_looked_for_are_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    path = tmp_path / "0-0.events"
    write_rows(path, known, CHUNK)
    file = RowFile(path, ROW)
    file.refresh(None)
    write_rows(path, 10, CHUNK)
    growing_while_read(monkeypatch, path, CHUNK - 5)
    file.refresh(None)
    assert len(file.rows) == CHUNK - 5


def test_rows_that_stay_missing_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "0-0.events"
    rows = np.ones(CHUNK, ROW)
    rows[7:9] = 0
    rows.tofile(path)
    with pytest.raises(TraceFormatError, match=f"damaged at byte {7 * ROW.itemsize}: rows are missing there"):
        RowFile(path, ROW).refresh(None)


def test_plain_numbers_may_be_cut_after_their_size_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "0-0.rows"
    np.arange(CHUNK, dtype="<u8").tofile(path)
    file = RowFile(path, np.dtype("<u8"))
    sizes = iter([CHUNK, 5])
    with path.open("r+b") as cut_file:
        cut_file.truncate(5 * 8)
    monkeypatch.setattr(RowFile, "_size", lambda self: next(sizes))
    file.refresh(None)
    assert file.rows.tolist() == list(range(5))
