"""Edits that only move lines are told from all others."""

from __future__ import annotations

import ast

import pytest

from auditor.static.text.layout import gist, moved_lines

TEXT = (
    'import os\n\n# a comment\ndef f(x):\n    """Say\n\n    # this\n    """\n'
    "    return g(\n        x,  # the first\n    )\n"
)


def moved(before: str, now: str) -> dict[int, int] | None:
    return moved_lines(*(gist(text, ast.parse(text)) for text in (before, now)))


def test_comments_and_blank_lines_move_what_stands_below_them() -> None:
    now = "# new\n\n" + TEXT.replace("# a comment\n", "").replace("        x,", "\n    # why\n        x,")
    assert moved(TEXT, now) == {1: 3, 4: 5, 5: 6, 6: 7, 7: 8, 8: 9, 9: 10, 10: 13, 11: 14}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (TEXT, TEXT.replace("x,", "y,")),
        (TEXT, TEXT.replace("# the first", "# another")),
        (TEXT, TEXT.replace("Say\n\n", "Say\n")),
        (TEXT, TEXT.replace("    # this\n", "")),
        ("x = f'''{y}\n\n'''\n", "x = f'''{y}\n'''\n"),
        ("@f('''a\n\nb''')\ndef g():\n    pass\n", "@f('''a\nb''')\ndef g():\n    pass\n"),
        ("x = a \\\n\n-b\n", "x = a \\\n-b\n"),
        ("if x:\n    a()\nb()\n", "if x:\n    a()\n    b()\n"),
    ],
)
def test_any_other_edit_is_another_file(before: str, now: str) -> None:
    assert moved(before, now) is None


@pytest.mark.parametrize("lines", range(9, 18))
def test_every_line_is_found_again(lines: int) -> None:
    text = "\n".join(["", *(f"x{number} = 1" for number in range(lines - 1))])
    assert moved(text, "#\n" + text) == {number: number + 1 for number in range(2, lines + 1)}


def test_what_could_not_be_parsed_is_another_file() -> None:
    assert moved_lines(b"", gist("x = 1\n", ast.parse("x = 1\n"))) is None
