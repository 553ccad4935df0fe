"""Formatted strings of Python 3.12 and later, read by whichever Python runs us."""

import ast
from pathlib import Path

import pytest

from auditor.errors import ProjectError
from auditor.static.syntax.nestedquotes import with_exchanged_quotes
from auditor.static.syntax.source import SourceFile

READ_BY_ALL = [
    'x = f\'{a["b"]} {{c}} {d:>{w}}\' + "it\'s"',
    'z = f"""{d["a"]} {f"{x}"}"""',
    "# it's f\"\ny = 1",
    'b = rb"\\x00" + f"{1}\\n".encode()',
    'print(f"{x:%H:%M}", "{a", "b}")',
]


@pytest.mark.parametrize("text", READ_BY_ALL)
def test_what_every_python_reads_stays_as_it_is(text: str) -> None:
    """Nothing in them has the quotes of the string around it."""
    assert with_exchanged_quotes(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('x = f"{row["name"]}"', "x = f\"{row['name']}\""),
        ("x = f'{'\\n'.join(names)}'", "x = f'{\"_n\".join(names)}'"),
        ('x = f"{f"{d["k"]}"}"', "x = f\"{f'{d[_k_]}'}\""),
        ('f"{d["it\'s"]}"', "f\"{d['it_s']}\""),
        ('f"{x["""a"""]}"', 'f"{x[_______]}"'),
        ('f"{a if a != "b" else c:>{w["n"]}}"', "f\"{a if a != 'b' else c:>{w['n']}}\""),
    ],
)
def test_inner_strings_get_quotes_that_are_free(text: str, expected: str) -> None:
    """Of the same length, so that every place stays where it is."""
    rewritten = with_exchanged_quotes(text)
    assert rewritten == expected
    assert len(rewritten) == len(text)
    ast.parse(rewritten)


@pytest.mark.parametrize("text", ['f"{a', 'f"{x:\n}"', "f'", 'f"{"', 'x = f"{[(}"', "f'{\"a'}"])
def test_strings_that_do_not_end_are_gone_over(text: str) -> None:
    """Whatever they hold: lines and length stay."""
    rewritten = with_exchanged_quotes(text)
    assert len(rewritten) == len(text)
    assert rewritten.count("\n") == text.count("\n")


def test_a_file_with_such_strings_has_a_tree() -> None:
    """On each Python that we support."""
    tree = SourceFile("train.py", Path("train.py")).parse('x = f"{row["name"]}"\ny = x + 1\n')
    assert [type(node).__name__ for node in tree.body] == ["Assign", "Assign"]


def test_strings_in_more_strings_than_can_be_gone_over_are_a_complaint() -> None:
    """And not the end of the scan; Pythons of 3.12 and later complain by themselves."""
    with pytest.raises(ProjectError):
        SourceFile("train.py", Path("train.py")).parse("x = " + 'f"{' * 400 + "1" + '}"' * 400)
