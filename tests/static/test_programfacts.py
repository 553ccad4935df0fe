"""What is known of all programs is believed only while no size has come to the other side of a limit."""

from __future__ import annotations

import pytest

from auditor.static.reuse.programfacts import ProgramFacts, room

NEAR = frozenset({"lib.py", "train.py"})


def facts(*, room_bytes: int = 100, close: frozenset[str] = frozenset()) -> ProgramFacts:
    return ProgramFacts(
        programs=(("train.py", True, ()),),
        reaching={"train.py": ("train.py",), "lib.py": ("train.py",)},
        partly={"train.py": NEAR},
        near=frozenset({"train.py"}),
        followed=("lib.py", "train.py"),
        drawing_files=frozenset(),
        drawing=frozenset(),
        groups=(),
        sizes={"lib.py": 1000, "train.py": 500},
        close=close,
        room_bytes=room_bytes,
    )


@pytest.mark.parametrize(("size_bytes", "expected"), [(900, 100), (1000, 0), (1001, 0), (1051, 50)])
def test_room_is_what_may_come_or_go_on_the_same_side(size_bytes: int, expected: int) -> None:
    assert room(size_bytes, 1000) == expected


@pytest.mark.parametrize(
    ("now_bytes", "left_bytes"), [(1000, 100), (1040, 60), (960, 60), (1100, 0), (1101, None), (899, None)]
)
def test_sizes_use_up_the_room(now_bytes: int, left_bytes: int | None) -> None:
    after = facts().with_sizes(["lib.py", "elsewhere.py"], lambda path: now_bytes, lambda path: NEAR)
    assert (after and after.room_bytes) == left_bytes
    assert after is None or after.sizes["lib.py"] == now_bytes


def test_what_is_followed_is_found_out_again_where_each_byte_counts() -> None:
    close = facts(close=frozenset({"lib.py"}))
    now: list[str] = []

    def followed(program: str) -> frozenset[str]:
        now.append(program)
        return NEAR if len(now) == 1 else frozenset({"train.py"})

    assert close.with_sizes(["train.py"], lambda path: 501, followed) is not None
    assert not now
    assert close.with_sizes(["lib.py"], lambda path: 1001, followed) is not None
    assert close.with_sizes(["lib.py"], lambda path: 1001, followed) is None
