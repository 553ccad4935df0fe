"""What runs in a copy say, told as of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.location import Location
from auditor.model.patch import Edit
from auditor.services.telling import Original, original_lines


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (b"a\nb\nc\n", b"a\nb\nc\n", [1, 2, 3]),
        (b"a\nb\nc\n", b"a\nnew\nb\nc\n", [1, 1, 2, 3]),
        (b"a\nb\nc\n", b"new\na\nb\nc\n", [1, 1, 2, 3]),
        (b"a\nb\nc\n", b"a\nB\nc\n", [1, 2, 3]),
        (b"a\nb\nc\n", b"a\nB\nB2\nB3\nc\n", [1, 2, 2, 2, 3]),
        (b"a\nb\nc\n", b"a\nc\n", [1, 3]),
        (b"", b"new\n", [1]),
    ],
)
def test_lines_are_those_before_the_patch(before: bytes, after: bytes, lines: list[int]) -> None:
    assert original_lines(before, after) == lines


def test_paths_and_places_are_rewritten_wherever_they_stand() -> None:
    tell = Original(Path("/store/verify-1/p"), Path("/home/p"), {"a.py": b"new\nx\n"}, lambda path: b"x\n").tell
    place = Location(path="a.py", line=2, column=3, end_line=2, end_column=9)
    told = tell({"edits": (Edit(span=place, replacement="/store/verify-1/p/a.py"), None, 3)})
    edit = told["edits"][0]
    assert isinstance(edit, Edit)
    assert edit.replacement == "/home/p/a.py"
    assert (edit.span.line, edit.span.end_line, edit.span.column) == (1, 1, 3)
    assert told["edits"][1:] == (None, 3)
    other = Location(path="/store/verify-1/p/b.py", line=2)
    assert tell(other) == Location(path="/home/p/b.py", line=2)
