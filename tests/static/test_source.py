"""Bytes to text to tree: whatever is wrong with a file has a reason, nothing stops."""

from __future__ import annotations

import codecs
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ProjectError
from auditor.static.syntax import source
from auditor.static.syntax.source import SourceFile


def parse(tmp_path: Path, raw: bytes, name: str = "a.py") -> str:
    path = tmp_path / name
    path.write_bytes(raw)
    file = SourceFile(name, path)
    text = file.text()
    file.parse(text)
    return text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"x = 1\n", "x = 1\n"),
        (b"x = 1\r\ny = 2\r", "x = 1\ny = 2\n"),
        (codecs.BOM_UTF8 + "x = 'é'".encode(), "x = 'é'"),
        ("# coding: latin-1\nx = 'é'".encode("latin-1"), "# coding: latin-1\nx = 'é'"),
        ("#!/x\n# -*- coding: cp1252 -*-\nx = '€'".encode("cp1252"), "#!/x\n# -*- coding: cp1252 -*-\nx = '€'"),
        ("x = 1\n# coding: latin-1\ny = 'é'".encode(), "x = 1\n# coding: latin-1\ny = 'é'"),
        (b"", ""),
    ],
)
def test_encodings_are_read_as_python_reads_them(tmp_path: Path, raw: bytes, expected: str) -> None:
    assert parse(tmp_path, raw) == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"x = '\xff'", "not valid utf-8"),
        (b"# coding: klingon\n", "unknown encoding 'klingon'"),
        (b"# coding: hex\n61", "hex"),
        (b"# coding: rot13\nk", "rot13"),
        (b"x = 1\x00", "NUL bytes"),
        (b"def f(:\n", "syntax error in line 1"),
        (b"import os\nprint 'hello'\n", "Python 2"),
        (b"try:\n    pass\nexcept ValueError, e:\n    pass\n", "Python 2"),
        (b"  x = 1\n y = 2\n", "syntax error"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "syntax error|nested too deeply"),
        (b"x = " + b"-" * 100_000 + b"1", "nested too deeply"),
        (b"x = " + b"9" * 5000, "syntax error|cannot be parsed"),
        (b"'\\N{nothing}'", "syntax error"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(1, 256)), "."),
    ],
)
def test_what_is_no_python_has_a_reason(tmp_path: Path, raw: bytes, reason: str) -> None:
    with pytest.raises(ProjectError, match=reason):
        parse(tmp_path, raw)


def test_huge_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 10)
    with pytest.raises(ProjectError, match="too large: 11 bytes, the limit is 10"):
        parse(tmp_path, b"x = 1234567")


def test_unreadable_files_have_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="cannot be read: No such file"):
        SourceFile("a.py", tmp_path / "a.py").text()


def notebook(*cells: str | list[str], **metadata: object) -> bytes:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "metadata": metadata, "nbformat": 4}
    ).encode()


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("x = 1\ny = 2", "x = 1\ny = 2\n"),
        (["x = 1\n", "y = 2"], "x = 1\ny = 2\n"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1\n"),
        ("if a:\n    !ls\nx = 1", "if a:\n    pass\nx = 1\n"),
        ("files = !ls\nx = 1", "files = None\nx = 1\n"),
        ("x.head?", "pass\n"),
        ("?x.head", "pass\n"),
        ("x = ('%d'\n% 3)", "x = ('%d'\n% 3)\n"),
        ("%%bash\nls -l", "\n\n"),
        ("%%time\nx = 1", "pass\nx = 1\n"),
        ("await f()", "await f()\n"),
    ],
)
def test_notebook_cells_become_python_line_by_line(tmp_path: Path, cell: str | list[str], expected: str) -> None:
    assert parse(tmp_path, notebook(cell), "a.ipynb") == expected


def test_a_cell_that_is_no_python_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(notebook("x = 1", "this is no python", "y = 2"))
    file = SourceFile("a.ipynb", path)
    assert file.text() == "x = 1\ny = 2\n"
    assert file.broken_cells == (2,)
    assert file.places == ((1, 1), (3, 1))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "not a notebook"),
        (b"[]", "not a notebook"),
        (b'{"cells": 3}', "not a notebook"),
        (b"[" * 100_000, "not a notebook"),
        (notebook("x", kernelspec={"language": "julia"}), "julia"),
    ],
)
def test_what_is_no_notebook_has_a_reason(tmp_path: Path, raw: bytes, reason: str) -> None:
    with pytest.raises(ProjectError, match=reason):
        parse(tmp_path, raw, "a.ipynb")


def test_old_notebooks_are_read(tmp_path: Path) -> None:
    raw = b'{"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"]}, {"cell_type": "markdown"}, 3]}]}'
    assert parse(tmp_path, raw, "a.ipynb") == "x = 1\n"


@pytest.mark.skipif(not Path("/proc/version").is_file(), reason="no file that holds more than its size says")
def test_a_file_that_holds_more_than_its_size_says_is_read_to_its_end() -> None:
    file = Path("/proc/version")
    assert SourceFile("version", file).raw() == file.read_bytes()


def test_a_file_that_grows_past_the_limit_while_it_is_read_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_bytes(b"x" * 100)
    monkeypatch.setattr(source, "MAX_BYTES", 40)
    real = source.os.fstat
    monkeypatch.setattr(source.os, "fstat", lambda descriptor: _with_size(real(descriptor), 30))
    assert len(SourceFile("a.py", tmp_path / "a.py").raw()) == 41


def _with_size(status: os.stat_result, size: int) -> os.stat_result:
    return os.stat_result((*status[:6], size, *status[7:10]))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"x = 1\n\n  # y = 2\n \t\nz = 3", b"x = 1\nz = 3\n"),
        (b"# first\n\nx = 1  # behind\n# last", b"x = 1  # behind\n"),
        (codecs.BOM_UTF8 + b"#!/x\r\nx = 1\r\ry = 2\r\n", b"x = 1\ny = 2\n"),
        (b"# nothing\n", b""),
        (b"", b""),
    ],
)
def test_comments_with_a_line_of_their_own_are_no_code(tmp_path: Path, raw: bytes, expected: bytes) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(raw)
    assert SourceFile("a.py", path).code() == expected


def test_all_bytes_of_a_notebook_are_searched(tmp_path: Path) -> None:
    raw = json.dumps({"cells": []}, indent=1).encode() + b"\n\n"
    path = tmp_path / "a.ipynb"
    path.write_bytes(raw)
    assert SourceFile("a.ipynb", path).code() == raw


@pytest.mark.parametrize("line", [b"\n", b"# x\n", b" " * 99 + b"\n", b"x\n\n", b" " * 10_000 + b"x\n"])
def test_code_of_long_files_is_found_in_one_pass(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(line * (300_000 // len(line)))
    assert len(SourceFile("a.py", path).code()) <= 300_001


@given(st.text(alphabet='# ab\n\r\t"\ufeff', max_size=60), st.sampled_from(["a", "ab", "b", "a b"]))
def test_what_code_holds_is_told_without_putting_it_together(
    tmp_path_factory: pytest.TempPathFactory, text: str, word: str
) -> None:
    file = tmp_path_factory.mktemp("code") / "train.py"
    file.write_bytes(text.encode())
    told = SourceFile("train.py", file).holds(word.encode())
    assert told == (word.encode() in SourceFile("train.py", file).code())


@given(st.text(alphabet="# a\n\r\t\f\v\x00é", max_size=60))
def test_code_is_the_lines_that_neither_are_blank_nor_comments(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("code") / "train.py"
    file.write_bytes(text.encode())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = [line for line in lines if line.lstrip(" \t\f")[:1] not in ("", "#")]
    assert SourceFile("train.py", file).code() == "".join(f"{line}\n" for line in kept).encode()
