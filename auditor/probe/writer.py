"""Append-only trace of one process: rows packed straight into mapped files, names as JSON lines.

Rows live in the page cache from the moment they are packed: a killed process loses nothing, nothing needs flushing.
The `kind` of an event is stored last, so that a reader of a growing file never sees half a row.
"""

import json
import os
import struct
import threading

from . import wire
from .mapped import MappedFile

# `kind` is packed apart from the rest of the row, after it.
_EVENT_REST = struct.Struct("<" + wire.EVENT_STRUCT[2:])
_TENSOR = struct.Struct(wire.TENSOR_STRUCT)
# Both rows of an op with one covered tensor: fields that are always zero are padding.
_OP_REST = struct.Struct("<BHIIIIHHIH2xQQQ8x")
_OP_TENSOR = struct.Struct("<QIB19x")
_FIRST_OFFSET = struct.calcsize("<BBHIIIIHH")
_OUTPUTS_OFFSET = struct.calcsize("<" + "".join(code for name, code in wire.EVENT[:-2]))
_TENSOR_FLAGS_OFFSET = struct.calcsize("<QIB")
_ROWS_PER_EVENT = 0xFFFF  # the width of the `tensors` field


class Writer:
    """Writes the four files of one process. Safe to call from any thread.

    No method raises: where the disk is full or the files are gone, the trace stops, with a problem record if that can
    still be written, and the program goes on. `stopped` says why; None while all is well.
    """

    def __init__(self, run_dir, name, header):
        self.run_dir = run_dir
        self.stopped = None
        self._ids = {"": 0}
        self._lines = []  # every name, site and spec so far: a forked child starts from them
        self._next_id = 1
        self._problems = {}
        # The same objects for ever, because the tracer's hot path holds on to them.
        self.events = MappedFile(wire.EVENT_SIZE)
        self.tensors = MappedFile(wire.TENSOR_SIZE)
        self._row_digests = MappedFile(8)
        self._lock = threading.RLock()
        self._open(name, header)

    def _open(self, name, header):
        self.events.busy = False
        self._names = -1
        self.closed = False
        folder = os.path.join(self.run_dir, "trace")
        try:
            os.makedirs(folder, exist_ok=True)
            self.trace_name = self._claim(folder, name)
            path = os.path.join(folder, self.trace_name)
            self.events.open(path + ".events")
            self.tensors.open(path + ".tensors")
            self._row_digests.open(path + ".rows")
        except OSError as error:
            self.trace_name = name
            self._stop(error)
        self.header = dict(header, record="header", format=wire.FORMAT, version=wire.VERSION)
        self._write(self.header)
        if self._lines:
            self._write_text("".join(self._lines))

    def _claim(self, folder, name):
        """Create the names file under the first free name; the file decides between processes that want the same."""
        attempt = name
        number = 1
        while True:
            path = os.path.join(folder, attempt + ".names.jsonl")
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
            try:
                self._names = os.open(path, flags, 0o644)
                return attempt
            except FileExistsError:
                number += 1
                attempt = "%s~%d" % (name, number)

    def reopen(self, name, header):
        """Start this process's own files after a fork. Ids given out before the fork stay valid in the child."""
        if hasattr(self._lock, "_at_fork_reinit"):  # Python 3.9: another thread of the parent may have held it
            self._lock._at_fork_reinit()
        for file in (self.events, self.tensors, self._row_digests):
            try:
                file.close(truncate=False)
            except (OSError, ValueError):
                pass
            file.reset()
        if self._names >= 0:
            try:
                os.close(self._names)
            except OSError:
                pass
        self.stopped = None
        self._problems = {}
        self._open(name, header)

    @property
    def events_written(self):
        return self.events.count

    @property
    def tensors_written(self):
        return self.tensors.count

    # names

    def name(self, text):
        """Return the id of a name; 0 for the empty one."""
        found = self._ids.get(text)
        return found if found is not None else self._intern(text, {"record": "name", "text": text})

    def site(self, path, line, function):
        """Return the id of a source line."""
        key = (path, line, function)
        found = self._ids.get(key)
        if found is not None:
            return found
        return self._intern(key, {"record": "site", "path": path, "line": line, "function": function})

    def spec(self, dtype, shape, device):
        """Return the id of a tensor's dtype (text), shape (ints) and device (text)."""
        shape = tuple(shape)
        key = ("spec", dtype, shape, device)
        found = self._ids.get(key)
        if found is not None:
            return found
        return self._intern(key, {"record": "spec", "dtype": dtype, "shape": list(shape), "device": device})

    def _intern(self, key, record):
        with self._lock:
            found = self._ids.get(key)
            if found is not None:
                return found
            number = self._next_id
            self._next_id = number + 1
            record["id"] = number
            line = _line(record)
            self._lines.append(line)
            self._write_text(line)
            self._ids[key] = number
            return number

    # records

    def record(self, kind, **fields):
        """Append one JSON line; `event` is filled in with the number of events written so far."""
        fields["record"] = kind
        fields.setdefault("event", self.events_written)
        self._write(fields)

    def problem(self, where, what):
        """Record that something did not work: the first time at once, the final count at `close`."""
        try:
            key = (str(where), str(what))
            with self._lock:
                count = self._problems.get(key, 0) + 1
                self._problems[key] = count
                if count == 1:
                    self._write({"record": "problem", "where": key[0], "what": key[1], "count": 1})
        except Exception as error:  # the last resort: a problem about a problem
            self._stop(error)

    def _write(self, record):
        try:
            line = _line(record)
        except (TypeError, ValueError) as error:
            line = _line({"record": "problem", "where": "record", "what": str(error), "count": 1})
        self._write_text(line)

    def _write_text(self, text):
        if self._names < 0 or self.closed:
            return
        data = text.encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(self._names, data) :]
        except OSError as error:
            self._stop(error)

    # rows

    def event(
        self,
        kind,
        phase,
        flags,
        step,
        op,
        module,
        site,
        thread,
        input_count=0,
        inputs=0,
        arguments=0,
        outputs=0,
        state=0,
        tensors=(),
    ):
        """Append an event and return its index; `tensors`: (digest, spec, role, flags, position, rows, first_row).

        -1 where nothing was written.
        """
        if self.stopped is not None or self.closed:
            return -1
        lock = self._lock
        lock.acquire()
        if self.events.busy:  # a signal handler or finaliser of the program ran an op while a row was being packed
            lock.release()
            self.problem("writer", "an event was dropped: it came up while another was being written")
            return -1
        events = self.events
        events.busy = True
        try:
            rows = self.tensors
            first = rows.count
            count = len(tensors)
            if count > _ROWS_PER_EVENT:
                self.problem("writer", "tensors of one event left out: more than %d" % _ROWS_PER_EVENT)
                tensors = tensors[:_ROWS_PER_EVENT]
                count = _ROWS_PER_EVENT
            for row in tensors:
                index = rows.count
                if index >= rows.end:
                    rows.grow()
                _TENSOR.pack_into(rows.map, (index - rows.start) * 32, *row)
                rows.count = index + 1
            index = events.count
            if index >= events.end:
                events.grow()
            offset = (index - events.start) * 64
            _EVENT_REST.pack_into(
                events.map,
                offset + 1,
                phase,
                flags,
                step,
                op,
                module,
                site,
                thread,
                count,
                first,
                input_count,
                0,
                inputs,
                arguments,
                outputs,
                state,
            )
            events.map[offset] = kind
            events.count = index + 1
            return index
        except (OSError, ValueError, struct.error) as error:
            self._stop(error)
            return -1
        finally:
            events.busy = False
            lock.release()

    def make_op(self):
        """Return `op(phase, flags, …)`, which appends an op's event with one covered tensor.

        The same as `event`, for the tracer's hot path: without loops, defaults and attributes of its own.
        """
        acquire, release = self._lock.acquire, self._lock.release
        rows, events = self.tensors, self.events
        pack_row, pack_event = _OP_TENSOR.pack_into, _OP_REST.pack_into
        kind = wire.OP

        def op(phase, flags, step, op, module, site, thread, inputs_count, inputs, arguments, digest, spec, role):
            acquire()
            first = rows.count
            index = events.count
            if events.busy or first >= rows.end or index >= events.end:
                release()
                row = (digest, spec, role, 0, 0, 0, 0)
                place = (phase, flags, step, op, module, site, thread)
                self.event(kind, *place, inputs_count, inputs, arguments, digest, 0, (row,))
                return
            events.busy = True
            try:
                pack_row(rows.map, (first - rows.start) * 32, digest, spec, role)
                rows.count = first + 1
                offset = (index - events.start) * 64
                target = events.map
                pack_event(
                    target,
                    offset + 1,
                    phase,
                    flags,
                    step,
                    op,
                    module,
                    site,
                    thread,
                    1,
                    first,
                    inputs_count,
                    inputs,
                    arguments,
                    digest,
                )
                target[offset] = kind
                events.count = index + 1
            except (OSError, ValueError, struct.error) as error:
                self._stop(error)
            finally:
                events.busy = False
                release()

        return op

    def rows(self, digests):
        """Append row digests; return the index of the first."""
        if self.stopped is not None or self.closed:
            return 0
        with self._lock:
            file = self._row_digests
            first = file.count
            done = 0
            total = len(digests)
            try:
                while done < total:
                    if file.count >= file.end:
                        file.grow()
                    part = digests[done : done + file.end - file.count]
                    struct.pack_into("<%dQ" % len(part), file.map, (file.count - file.start) * 8, *part)
                    file.count += len(part)
                    done += len(part)
            except (OSError, ValueError, struct.error) as error:
                self._stop(error)
            return first

    def first_tensor(self, event):
        """Return the index of an event's first row in .tensors."""
        try:
            return struct.unpack("<I", os.pread(self.events.fd, 4, event * wire.EVENT_SIZE + _FIRST_OFFSET))[0]
        except (OSError, struct.error) as error:
            self._stop(error)
            return 0

    def patch_tensor(self, row, digest, flags):
        """Fill in the digest of a tensor row that was written without one."""
        try:
            self.tensors.patch(row, 0, struct.pack("<Q", digest))
            self.tensors.patch(row, _TENSOR_FLAGS_OFFSET, struct.pack("<B", flags))
        except (OSError, struct.error) as error:
            self._stop(error)

    def patch_outputs(self, event, outputs):
        """Fill in the `outputs` of an event whose digests arrived late."""
        try:
            self.events.patch(event, _OUTPUTS_OFFSET, struct.pack("<Q", outputs))
        except (OSError, struct.error) as error:
            self._stop(error)

    # the end

    def _stop(self, error):
        if self.stopped is None:
            self.stopped = "%s: %s" % (type(error).__name__, error)
            self.events.end = 0
            self.problem("writer", "the trace ends here: " + self.stopped)

    def close(self, steps=0):
        """Truncate the files to what was written and write the end record. Later calls do nothing."""
        with self._lock:
            if self.closed:
                return
            for (where, what), count in self._problems.items():
                if count > 1:
                    self._write({"record": "problem", "where": where, "what": what, "count": count})
            written = {"events": self.events_written, "tensors": self.tensors_written, "steps": steps}
            written["rows"] = self._row_digests.count
            for file in (self.events, self.tensors, self._row_digests):
                try:
                    file.close()
                except (OSError, ValueError) as error:
                    self._stop(error)
            if self.stopped is None:
                self._write(dict(written, record="end"))
            self.closed = True
            if self._names >= 0:
                os.close(self._names)
                self._names = -1


def _line(record):
    return json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n"
