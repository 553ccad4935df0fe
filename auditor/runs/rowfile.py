"""A file of fixed-size rows, mapped; it may be growing in zeroed chunks while it is read."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

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
    """`rows` is a read-only array over the written part of the file; `refresh` maps what was added."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.path = path
        self.rows: np.ndarray[Any, Any] = np.empty(0, dtype)
        self._dtype = dtype
        self._mapped: np.ndarray[Any, Any] = self.rows

    def refresh(self, count: int | None) -> None:
        """Map the file again if it has grown.

        `count` is the number of rows where it is known, and the file must have them; None asks to find the first row
        that was never written, by its leading zero byte (for files of plain numbers: all that are there).
        """
        try:
            size = self.path.stat().st_size // self._dtype.itemsize
        except FileNotFoundError:
            size = 0
        if count is not None and count > size:
            where = size * self._dtype.itemsize
            raise TraceFormatError(f"{self.path}: damaged at byte {where}: the file ends after {size} of {count} rows")
        if size != len(self._mapped):
            self._mapped = np.memmap(self.path, self._dtype, "r", shape=(size,)) if size else np.empty(0, self._dtype)
        if count is None:
            count = self._written() if self._dtype.names else size
        self.rows = self._mapped[:count]

    def _written(self) -> int:
        """Rows before the first that was never written: growth is by zeroed chunks, so at most one chunk is empty."""
        marks = self._mapped[self._dtype.names[0]] if self._dtype.names else self._mapped
        low, high = len(self.rows), len(marks)
        chunk = wire.CHUNK_BYTES // self._dtype.itemsize
        while high - low > chunk and marks[high - 1 - chunk] == 0:
            high -= chunk
        low = max(low, high - chunk - 1, 0)
        empty = np.flatnonzero(marks[low:high] == 0)
        if not len(empty):
            return high
        first = low + int(empty[0])
        written_after = np.flatnonzero(marks[first:] != 0)
        if len(written_after):
            raise TraceFormatError(
                f"{self.path}: damaged at byte {first * self._dtype.itemsize}: rows are missing there"
            )
        return first
