"""A file of fixed-size rows that grows in zeroed chunks and is written through a map.

Files grow by writing real zeros, so that a full disk is an `OSError` here and never a SIGBUS at a store into the map.
"""

import mmap
import os

from . import wire

_ZEROS = bytes(wire.CHUNK_BYTES)


class MappedFile:
    """A file of fixed-size rows of which the last chunk is mapped for writing."""

    __slots__ = ("busy", "count", "end", "fd", "map", "path", "row_size", "rows_per_chunk", "start")

    def __init__(self, row_size):
        self.row_size = row_size
        self.busy = False  # a row is being packed: for the writer, who locks
        self.rows_per_chunk = wire.CHUNK_BYTES // row_size
        self.reset()

    def reset(self):
        self.path = ""
        self.fd = -1
        self.map = None
        self.count = 0  # rows written
        self.start = 0  # index of the first row of the mapped chunk
        self.end = 0  # index of the first row after the mapped chunk

    def open(self, path):
        self.reset()
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o644)

    def grow(self):
        """Map the chunk that row `count` belongs to; raises OSError where there is no space."""
        offset = self.count // self.rows_per_chunk * wire.CHUNK_BYTES
        written = 0
        while written < wire.CHUNK_BYTES:
            written += os.pwrite(self.fd, _ZEROS[written:], offset + written)
        fresh = mmap.mmap(self.fd, wire.CHUNK_BYTES, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset)
        if self.map is not None:
            self.map.close()
        self.map = fresh
        self.start = self.count // self.rows_per_chunk * self.rows_per_chunk
        self.end = self.start + self.rows_per_chunk

    def patch(self, row, offset, data):
        """Overwrite bytes of a row that was written before, wherever it is."""
        os.pwrite(self.fd, data, row * self.row_size + offset)

    def close(self, truncate=True):
        self.end = 0  # no room: the hot path takes the long way, and is told there
        if self.map is not None:
            self.map.close()
            self.map = None
        if self.fd >= 0:
            if truncate:
                os.ftruncate(self.fd, self.count * self.row_size)
            os.close(self.fd)
            self.fd = -1
