"""A file of fixed-size rows, mapped; it may be growing in zeroed chunks while it is read."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import IO, Any

import numpy as np

from auditor.errors import TraceFormatError
from auditor.probe import wire


def release(rows: np.ndarray[Any, Any], start: int, stop: int) -> None:
    """Tell the system that mapped rows are done with, so that a long trace does not fill the memory.

    They come back when they are looked at again, at a price.
    """
    mapped = getattr(rows, "_mmap", None)
    if mapped is None or not hasattr(mapped, "madvise"):
        return
    size, page = rows.dtype.itemsize, mmap.PAGESIZE
    first = -(-start * size // page) * page
    length = min(stop * size, len(mapped)) // page * page - first
    if length > 0:
        mapped.madvise(mmap.MADV_DONTNEED, first, length)


class RowFile:
    """`rows` is a read-only array over the written part of the file; `refresh` maps what was added.

    Only written rows are mapped: the writer cuts the empty rest of its last chunk off when it ends, at any moment, and
    touching a mapped page that is no longer in the file kills the process.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.path = path
        self.rows: np.ndarray[Any, Any] = np.empty(0, dtype)
        self._dtype = dtype

    def refresh(self, count: int | None) -> None:
        """Map the file again if it has grown.

        `count` is the number of rows where it is known, and the file must have them; None asks to find the first row
        that was never written, by its leading zero byte (for files of plain numbers: all that are there).
        """
        size = self._size()
        if count is not None and count > size:
            where = size * self._dtype.itemsize
            raise TraceFormatError(f"{self.path}: damaged at byte {where}: the file ends after {size} of {count} rows")
        if count is not None or self._dtype.names:
            self._map(self._written(size) if count is None else count)
            return
        try:
            self._map(size)
        except ValueError:  # cut since its size was taken
            self._map(self._size())

    def _size(self) -> int:
        """Rows that the file has room for."""
        try:
            return self.path.stat().st_size // self._dtype.itemsize
        except FileNotFoundError:
            return 0

    def _map(self, count: int) -> None:
        if count != len(self.rows):
            self.rows = np.memmap(self.path, self._dtype, "r", shape=(count,)) if count else np.empty(0, self._dtype)

    def _written(self, size: int) -> int:
        """Rows before the first that was never written: growth is by zeroed chunks, so at most one chunk is empty."""
        if not size:
            return 0
        low, high = min(len(self.rows), size), size
        chunk = wire.CHUNK_BYTES // self._dtype.itemsize
        hole = -1
        with self.path.open("rb", buffering=0) as file:  # what is read a second time is to be new
            while high - low > chunk and not self._marks(file, high - 1 - chunk, high - chunk).any():
                high -= chunk
            low = max(low, high - chunk - 1, 0)
            while True:
                marks = self._marks(file, low, size)
                empty = np.flatnonzero(marks == 0)
                if not len(empty):
                    return low + len(marks)
                first = low + int(empty[0])
                if not marks[int(empty[0]) :].any():
                    return first
                # Reading takes time: rows of this stretch may have been written since its beginning was read. They are
                # written in their order, so the first is there by now, unless it is missing.
                if first == hole:
                    raise TraceFormatError(
                        f"{self.path}: damaged at byte {first * self._dtype.itemsize}: rows are missing there"
                    )
                low = hole = first

    def _marks(self, file: IO[bytes], start: int, stop: int) -> np.ndarray[Any, Any]:
        """First fields of rows, read and not mapped; fewer where the file has been cut."""
        size = self._dtype.itemsize
        file.seek(start * size)
        data = file.read((stop - start) * size)
        rows = np.frombuffer(data[: len(data) // size * size], self._dtype)
        marks: np.ndarray[Any, Any] = rows[self._dtype.names[0]] if self._dtype.names else rows
        return marks
