"""Tapes: what a program was given by the system, and what a replay made of it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.lean import dataclass
from auditor.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeEntry:
    """One answer of the system."""

    kind: str
    """`entropy`, `initial`, `seed`, `value` or `listing`."""

    stream: str
    """Thread or task that asked; `~` marks a library's own business."""

    index: int
    """Position within the stream of its process, from 0; within the kind for what has no order."""

    call: str
    """What was called: `os.urandom`."""

    site: Location | None
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessTape:
    """What one process was given."""

    name: str
    """`<rank>-<place>`, as in traces."""

    argv: tuple[str, ...]
    entries: tuple[TapeEntry, ...]
    problems: tuple[str, ...]
    complete: bool
    """The process wrote its end record."""

    moved: tuple[str, ...] = ()
    """Global generators that were drawn from or set since they started, where the process wrote its end record."""

    torn_bytes: int
    """Of a last record that is not whole; 0 where the file ends with a whole one."""

    python: str = ""
    """Version of the process's interpreter; empty where it is not known (native code, imports)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeLaunch:
    """How the recorded program was started: what `tape.json` holds."""

    argv: tuple[str, ...]
    hash_seed: str
    python: str
    volatile: tuple[str, ...]
    """What was taped beside entropy, on request: `time`, `pid`, `host`, `listing`."""

    native: bool
    """Requests of native code were taped."""

    recorded_at: str
    """ISO 8601 with UTC offset."""

    exit_code: int | None
    """None where the recording was cut off."""

    interpreter: str = ""
    """Path of the interpreter that was named (`--python`); empty where it was ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    launch: TapeLaunch
    processes: Mapping[str, ProcessTape]
    """By name, in order of name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeDivergence:
    """A request that is not the recorded one."""

    process: str
    stream: str
    index: int
    """Position in the sequence of the stream, from 0."""

    text: str
    """The whole story as a sentence."""

    tape_was_cut: bool = False
    """Nothing is known to differ: the recording was cut short before this request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeDifference:
    """Where two tapes differ."""

    text: str
    """The whole story as a sentence."""

    process: str | None
    """None where it is about the tapes as a whole."""

    stream: str | None = None
    """None where it is about the process as a whole."""

    index: int | None = None
    """Position in the sequence of the stream, from 0."""

    first: TapeEntry | None = None
    """What the first tape has there; None where it has nothing more, or the process is what is missing."""

    second: TapeEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """What came of a replay."""

    exit_code: int
    """The program's own, negative for a signal."""

    processes: int
    """Processes that were answered from the tape."""

    divergences: tuple[TapeDivergence, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]
    """What kept the tape from being played; the replay proves nothing then."""
