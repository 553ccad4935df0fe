"""Syntax errors of files in which no rule can hold."""

from pathlib import Path

import pytest

from auditor.errors import ProjectError
from auditor.static.syntax.source import SourceFile

TEXTS = {
    "a statement": "x = 1\n",
    "a broken statement": "x = = 1\n",
    "Python 2": 'print "x"\n',
    "a return outside of a function": "return 1\n",
    "await at the top level": "await f()\n",
    "a global after its use": "def f():\n    x = 1\n    global x\n",
    "an argument twice": "def f(a, a): pass\n",
    "a nonlocal that is nowhere": "def f():\n    nonlocal x\n",
    "NUL": "x = 1\0\n",
    "nested too deeply": "(" * 2000 + ")" * 2000 + "\n",
    "a warning": "x = 1 is 1\ny = '\\d'\n",
    "an unknown feature": "from __future__ import nothing\n",
}


def complaint(source: SourceFile, text: str, *, checked: bool) -> str | None:
    try:
        if checked:
            source.check(text)
        else:
            source.parse(text)
    except ProjectError as error:
        return str(error)
    return None


@pytest.mark.parametrize("what", TEXTS)
def test_a_check_complains_of_what_parsing_complains_of(what: str, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(TEXTS[what])
    source = SourceFile("module.py", file)
    assert complaint(source, TEXTS[what], checked=True) == complaint(source, TEXTS[what], checked=False)
