"""The layout of tapes: what was written is read, a torn end is dropped, damage before it is told."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.probe.taping import wire
from auditor.probe.taping.derived import is_made_of, is_mixed_of, shown_seed
from auditor.probe.taping.recorder import Recorder
from auditor.probe.taping.streams import Asker

SITES = (None, ("train.py", 3, "main", "x = os.urandom(4)"), ("data/é.py", 70, "<module>", ""))
requests = st.tuples(
    st.sampled_from(("main", "t1", "~import numpy", "task main.w1")),
    st.sampled_from(("os.urandom", "random.seed", "torch")),
    st.sampled_from(SITES),
    st.binary(max_size=60),
)

_MOMENT = datetime(2025, 11, 21, 14, 30, 56, 789012)


def recorded(folder: str, entries: list[tuple[str, str, object, bytes]]) -> bytes:
    """The bytes of a tape with these answers."""
    recorder = Recorder(folder, "0-0", {"place": "0"}, list)
    for stream, call, site, payload in entries:
        asker = Asker(stream, stream[0] == "~", False, site)
        assert recorder.entropy(call, asker, len(payload), lambda size, payload=payload: payload) == payload
    recorder.close()
    with open(f"{folder}/{recorder.name}.tape", "rb") as file:
        return file.read()


@settings(max_examples=50, deadline=None)
@given(st.lists(requests, max_size=8), st.data())
def test_every_beginning_of_a_tape_holds_a_beginning_of_what_was_recorded(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, str, object, bytes]], data: st.DataObject
) -> None:
    whole = recorded(str(tmp_path_factory.mktemp("tape")), entries)
    reading = wire.read(whole)
    found = [(e.stream, e.call, e.site, e.payload) for e in reading.entries]
    assert found == entries
    assert (reading.complete, reading.torn_bytes) == (True, 0)
    head = wire.read_head(whole)[1]
    cut = wire.read(whole[: data.draw(st.integers(head, len(whole) - 1))])
    assert not cut.complete
    kept = [(e.stream, e.call, e.site, e.payload) for e in cut.entries]
    assert kept == entries[: len(kept)]


def test_a_flipped_bit_is_damage_wherever_it_is(tmp_path: object) -> None:
    whole = recorded(str(tmp_path), [("main", "os.urandom", SITES[1], b"abcd"), ("main", "os.urandom", None, b"efgh")])
    for position in range(len(whole)):
        for bit in (1, 128):
            flipped = bytearray(whole)
            flipped[position] ^= bit
            try:
                reading = wire.read(bytes(flipped))
            except wire.DamagedTapeError:
                continue
            assert not reading.complete, f"byte {position}"
            assert [e.payload for e in reading.entries] in ([b"abcd", b"efgh"], [b"abcd"], [])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04" + bytes(40), "does not begin with repro-audit-tape"),
        (b"repro-audit-tape" + (9).to_bytes(4, "little") + bytes(40), "version 9; this program reads version 1"),
        (wire.head({}) + wire.record(wire.ENTROPY, b"x", stream=7), "refers to nothing"),
    ],
)
def test_what_is_no_tape_is_told_as_such(data: bytes, message: str) -> None:
    with pytest.raises(wire.DamagedTapeError, match=message):
        wire.read(data)


def test_a_process_that_was_killed_before_its_first_request_leaves_an_empty_tape() -> None:
    head = wire.head({"place": "0", "argv": ["python", "train.py"]})
    for size in range(len(head)):
        reading = wire.read(head[:size])
        assert (reading.entries, reading.complete, reading.torn_bytes) == ([], False, size)


def test_kinds_of_later_programs_are_passed_over() -> None:
    reading = wire.read(wire.head({}) + wire.record(200, b"new") + wire.record(wire.END, b"{}"))
    assert (reading.entries, reading.complete) == ([], True)


@pytest.mark.parametrize(
    ("seed", "value", "made"),
    [
        (1763723456, 1763723456.789, True),
        (1763723456789 % 2**32, 1763723456.7891, True),
        (1763723456 + 3, 1763723456.789, True),
        (1763723456.789, 1763723456.789, True),
        (3456789, 1763723456.789, True),
        (1763723456789123456 % 2**31, 1763723456789123456, True),
        (4242, 4242, True),
        (42, 1763723456.789, False),
        (0, 1763723456.789, False),
        (123456, 1763723456.789, False),
        (20240101, 1763723456.789, False),
        (4243, 4242, False),
        (-1763723456, 1763723456.789, True),
        (int(_MOMENT.strftime("%H%M%S")), _MOMENT.timestamp(), True),
        (int(_MOMENT.strftime("%M%S%f")), _MOMENT.timestamp(), True),
        (_MOMENT.microsecond, _MOMENT.timestamp(), True),
        (_MOMENT.isoformat(), _MOMENT.timestamp(), True),
        (f"run {_MOMENT}", _MOMENT.timestamp(), True),
        (_MOMENT.strftime("%Y-%m-%d"), _MOMENT.timestamp(), False),
        ("host-12", "host", True),
        ("42", 1763723456.789, False),
    ],
)
def test_seeds_that_are_made_of_a_clock_are_known(seed: float | str, value: float | str, made: bool) -> None:
    assert is_made_of(seed, value) is made


def test_seeds_that_are_made_of_a_clock_and_a_process_id_are_known() -> None:
    assert is_mixed_of(1763723456 ^ 4242, 1763723456.789, 4242)
    assert is_mixed_of(1763723456 * 4242 % 2**32, 1763723456.789, 4242)
    assert not is_mixed_of(20240101, 1763723456.789, 4242)


def test_equal_seeds_are_noted_alike_and_others_not() -> None:
    seeds = [b"ab", b"ac", bytearray(b"ab"), [1, 2], [2, 1], (1, 2), 3, "3", 3.0]
    noted = [shown_seed(seed)[0] for seed in seeds]
    assert len({repr(text) for text in noted}) == len(seeds)
    assert shown_seed(b"ab") == shown_seed(bytes([97, 98]))
