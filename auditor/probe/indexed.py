"""Two files of one process that belong together: records as JSON lines, and the bytes that they point into."""

import json
import os


class IndexedFiles:
    """`<path>.jsonl` and `<path>.bin`, opened by the first record, so that processes without one leave none."""

    def __init__(self, folder, name_of, header):
        self._folder = folder
        self._name_of = name_of
        self._header = header
        self._index = self._data = None
        self._offset = 0

    @property
    def are_open(self):
        return self._index is not None

    def record(self, record):
        """Write one JSON line; returns its length."""
        line = json.dumps(record) + "\n"
        self._opened()[0].write(line)
        return len(line)

    def place(self, data):
        """Write bytes; returns where they begin in the .bin file."""
        begin = self._offset
        self._opened()[1].write(data)
        self._offset += len(data)
        return begin

    @property
    def offset(self):
        """Where the next bytes will begin."""
        return self._offset

    def flush(self):
        """Nothing stays in a buffer that a forked child, or a killed process, would make its own."""
        self._data.flush()
        self._index.flush()

    def close(self):
        self._index.close()
        self._data.close()
        self._index = self._data = None

    def _opened(self):
        if self._index is None:
            os.makedirs(self._folder, exist_ok=True)
            path = os.path.join(self._folder, self._name_of())
            self._data = open(path + ".bin", "wb")  # noqa: SIM115, both stay open until the process ends
            self._index = open(path + ".jsonl", "w", encoding="utf-8")  # noqa: SIM115
            self._index.write(json.dumps(self._header) + "\n")
        return self._index, self._data
