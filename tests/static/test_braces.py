"""Sets in braces are seen in the bytes of a file, whatever they hold; dictionaries are left alone."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest

from auditor.static.text.braces import writes_set

SETS = (
    'words = {"cat", "dog"}',
    "words = {\n    # animals\n    'cat',\n    'dog',\n}",
    'self.words: set[str] = {r"a" , "b"}',
    "def f():\n    return {a, b}",
    "names = {line.strip() for line in open('a.txt')}",
    "names = {clean(lower(strip(line))) for line in lines}",
    "f(x, {'a'})",
    "table = {'x': {'a', 'b'}}",
    "for name in {a, b}:\n    print(name)",
    "pairs = {(1, 2), (3, 4)}",
    "all = known | {new}",
    "rest = [\n    {a, b},\n]",
    "{*a, *b}.pop()",
)
OTHERS = (
    "words = {}",
    'words = {"cat": 1, "dog": 2}',
    "words = {key: value for key, value in pairs}",
    "words = {**a, **b}",
    'print(f"{name}, {value}")',
    "x = 'loss={loss}'",
    'words = {\n    "cat": {"a": 1},\n}',
    "",
)


@pytest.mark.parametrize("source", SETS)
def test_sets_are_seen(source: str) -> None:
    assert writes_set(source.encode())


@pytest.mark.parametrize("source", OTHERS)
def test_dictionaries_and_fields_of_texts_are_no_sets(source: str) -> None:
    assert not writes_set(source.encode())


def test_sets_of_the_standard_library_are_seen() -> None:
    missed, files = [], 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("[a-m]*.py")):
        raw = path.read_bytes()
        if any(isinstance(node, ast.Set | ast.SetComp) for node in ast.walk(ast.parse(raw))):
            files += 1
            if not writes_set(raw):
                missed.append(path.name)
    assert files > 10
    assert len(missed) <= files // 20, missed
