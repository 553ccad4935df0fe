"""Layout of a tape: the one definition, for the probe that writes and plays tapes and for the auditor that reads them.

A tape is a folder: `tape.json` (how the program was started) and one file a process, `<rank>-<place>.tape`. A file is a
head and records, appended one write a record, so that a killed process leaves all that it was given. Nothing in a tape
is executed: payloads are bytes and JSON text.
"""

import json
import os
import struct
import zlib

FORMAT = "repro-audit-tape"
VERSION = 1
# Version 1: first version.

LAUNCH = "tape.json"
SUFFIX = ".tape"
NATIVE_SUFFIX = ".native"  # what the interposer for native code wrote, in the same layout

MAGIC = FORMAT.encode("ascii")
HEAD = struct.Struct("<16sII")  # magic, version, bytes of the JSON object that follows (its crc32 behind it)
CHECK = struct.Struct("<I")
PREFIX = struct.Struct("<II")  # bytes of the payload, crc32 of all that follows
BODY = struct.Struct("<BBHIII")  # kind, flags, reserved, stream, call, site: then the payload

# Kinds of records. Readers pass over kinds that they do not know.
NAME = 1  # a name: `stream` is its id, the payload is UTF-8 text
SITE = 2  # a line of source: `site` is its id, the payload is JSON [path, line, function, text of the line]
ENTROPY = 3  # bytes that a caller was given, in the order of its stream
INITIAL = 4  # bytes that a generator started from when its library was imported or its process forked, by `call`
SEED = 5  # a seed that the program passed: JSON; told apart by `call` and `site`
VALUE = 6  # a clock, pid or host name that was read: JSON; told apart by `call` and `site`
LISTING = 7  # a folder's names as listed: JSON [path, [names]]
PROBLEM = 8  # something that could not be taped: text
END = 9  # the process came to its end: JSON {"records": n, "moved": [global generators that were drawn from or set]}
DONE = 10  # the task that `stream` stands for came to its end, after it had asked for something
STATE = 11  # a global generator (`call`) when the task that `stream` stands for began, which then moved it on
TURN = 12  # a global generator (`call`) when an asyncio task (`stream`) drew after another one had: see turns.py

KIND_NAMES = {
    NAME: "name",
    SITE: "site",
    ENTROPY: "entropy",
    INITIAL: "initial",
    SEED: "seed",
    VALUE: "value",
    LISTING: "listing",
    PROBLEM: "problem",
    END: "end",
    DONE: "done",
    STATE: "state",
    TURN: "turn",
}

SOFT = 1  # flag: asked for by a library's own business (names of temporary files, keys of connections)
CUT_OFF = 2  # flag: asked for by a thread that may be cut off at any moment: how often is left to chance
# With DONE, CUT_OFF says that the task was cancelled, or not done when the process ended.
LIMIT_BYTES = 1 << 28  # a payload that claims to be larger is damage

# Stream names begin with what they are: the main thread, a thread, a task of a pool; `~` marks soft streams.
MAIN = "main"
TASK = "task "


class DamagedTapeError(Exception):
    """Says where a tape is not what it should be."""


def head(fields):
    """Return the head of a file."""
    text = json.dumps(fields, sort_keys=True).encode("utf-8")
    return HEAD.pack(MAGIC, VERSION, len(text)) + text + CHECK.pack(zlib.crc32(text))


def record(kind, payload=b"", stream=0, call=0, site=0, flags=0):
    """Return one record."""
    body = BODY.pack(kind, flags, 0, stream, call, site) + payload
    return PREFIX.pack(len(payload), zlib.crc32(body)) + body


def is_torn_head(data):
    """True for the beginning of a head that was never written to its end."""
    if len(data) < HEAD.size:
        return head({})[: len(data)] == data or (data[:16] == MAGIC and data[16:20] == head({})[16:20])
    magic, version, size = HEAD.unpack_from(data, 0)
    return magic == MAGIC and version == VERSION and len(data) < HEAD.size + size + CHECK.size


def read_head(data):
    """Return (fields, offset of the first record); `DamagedTapeError` for what is no tape of this version."""
    if len(data) < HEAD.size:
        raise DamagedTapeError("it ends inside its head, at byte %d" % len(data))
    magic, version, size = HEAD.unpack_from(data, 0)
    if magic != MAGIC:
        raise DamagedTapeError("it does not begin with %s" % FORMAT)
    if version != VERSION:
        raise DamagedTapeError("it is of version %d; this program reads version %d" % (version, VERSION))
    end = HEAD.size + size
    if len(data) < end + CHECK.size:
        raise DamagedTapeError("it ends inside its head, at byte %d" % len(data))
    text = data[HEAD.size : end]
    if CHECK.unpack_from(data, end)[0] != zlib.crc32(text):
        raise DamagedTapeError("its head is damaged")
    fields = json.loads(text.decode("utf-8"))
    if not isinstance(fields, dict):
        raise DamagedTapeError("its head is no JSON object")
    return fields, end + CHECK.size


def records(data, offset):
    """Yield (offset, kind, flags, stream, call, site, payload) for every whole record from `offset` on.

    A torn record at the end is passed over: what remains is `len(data)` minus the end of the last record. Damage
    before it is `DamagedTapeError` with its offset.
    """
    size = len(data)
    start = PREFIX.size + BODY.size
    while size - offset >= start:
        length, check = PREFIX.unpack_from(data, offset)
        end = offset + start + length
        if length > LIMIT_BYTES or end > size:
            if length > LIMIT_BYTES:
                raise DamagedTapeError("the record at byte %d claims %d bytes" % (offset, length))
            return
        if zlib.crc32(data[offset + PREFIX.size : end]) != check:
            if end == size:
                return
            raise DamagedTapeError("the record at byte %d is damaged" % offset)
        kind, flags, _, stream, call, site = BODY.unpack_from(data, offset + PREFIX.size)
        yield offset, kind, flags, stream, call, site, data[offset + start : end]
        offset = end


def record_size(payload):
    """Return the bytes that a record with this payload takes."""
    return PREFIX.size + BODY.size + len(payload)


class Entry:
    """One answer on a tape, its names filled in."""

    __slots__ = ("call", "flags", "kind", "payload", "site", "stream")

    def __init__(self, kind, flags, stream, call, site, payload):
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.call = call
        self.site = site  # (path, line, function, text), or None
        self.payload = payload


class Reading:
    """One file of a tape, read as far as it goes."""

    def __init__(self, fields):
        self.header = fields
        self.entries = []
        self.problems = []
        self.complete = False  # the process wrote its end record
        self.moved = ()  # global generators that were drawn from or set since they started; older tapes say nothing
        self.torn_bytes = 0  # of a last record that is not whole


def read(data):
    """Read one file; `DamagedTapeError` where it is damaged before its end.

    A file that ends inside its head is one of a process that was killed before it was given anything.
    """
    if is_torn_head(data):
        reading = Reading({})
        reading.torn_bytes = len(data)
        return reading
    fields, offset = read_head(data)
    reading = Reading(fields)
    names, sites = {0: ""}, {0: None}
    for at, kind, flags, stream, call, site, payload in records(data, offset):
        offset = at + record_size(payload)
        try:
            if kind == NAME:
                names[stream] = payload.decode("utf-8")
            elif kind == SITE:
                sites[site] = _site(json.loads(payload.decode("utf-8")))
            elif kind == PROBLEM:
                reading.problems.append(payload.decode("utf-8", "replace"))
            elif kind == END:
                reading.complete = True
                reading.moved = tuple(str(name) for name in json.loads(payload.decode("utf-8")).get("moved", ()))
            elif kind in KIND_NAMES:
                reading.entries.append(Entry(kind, flags, names[stream], names[call], sites[site], payload))
        except (AttributeError, KeyError, ValueError, TypeError):
            raise DamagedTapeError("the record at byte %d refers to nothing" % at) from None
    reading.torn_bytes = len(data) - offset
    return reading


def _site(value):
    path, line, function, text = value
    return str(path), int(line), str(function), str(text)


def read_file(path):
    with open(path, "rb") as file:
        return read(file.read())


def place_of(path):
    """Return (rank, place) from a file's name, `0-0.1.tape`."""
    name = os.path.basename(path)
    name = name[: -len(SUFFIX)] if name.endswith(SUFFIX) else name
    rank, _, place = name.partition("-")
    return rank, place.partition("~")[0]
