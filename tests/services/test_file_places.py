"""Places in notebook cells, and those of the same characters in the text of the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import scan
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.services.file_places import file_places

DRAW = "np.random.rand()"
CODE = ["import numpy as np\n", "s = '\U0001f600\\t\"'; y = " + DRAW + "\n"]


def notebook(source: object, **layout: Any) -> str:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Größe \U0001f600\n", "text"]},
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [{"source": ["x\n"]}], "source": source},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, **layout)


def at(text: str, place: Location) -> str:
    """What stands there, lines as git and GitHub count them."""
    lines = text.split("\n")
    assert place.end_line == place.line
    assert place.end_column is not None
    return lines[place.line - 1][place.column - 1 : place.end_column - 1]


def place_of(project: Path, prefix: str = "") -> tuple[Location, Location]:
    report = scan(project)
    (finding,) = report.findings
    ((told, inside),) = file_places(report, project, prefix).items()
    assert told == replace(finding.location, path=prefix + finding.location.path)
    return told, inside


@pytest.mark.parametrize(
    "text",
    [
        notebook(CODE, indent=1),
        notebook(CODE, indent=1, ensure_ascii=False),
        notebook(CODE),
        notebook("".join(CODE), indent=2),
        notebook(["import num", "py as np\ns = '\U0001f600\\t\"'; y ", f"= {DRAW}\n"], indent=1),
        notebook("".join(CODE).replace("\n", "\r\n"), indent=1),
        notebook("".join(CODE).replace("\n", "\r"), indent=1),
        notebook(CODE, indent=1).replace(" = ", " \\u003D "),
    ],
    ids=["escapes", "letters", "one line", "one string", "broken anywhere", "crlf inside", "cr inside", "escaped"],
)
@pytest.mark.parametrize(("mark", "end"), [("", "\n"), ("\ufeff", "\r\n")])
def test_the_place_in_the_file_shows_what_the_cell_holds(tmp_path: Path, text: str, mark: str, end: str) -> None:
    (tmp_path / "a.ipynb").write_bytes((mark + text.replace("\n", end)).encode())
    told, inside = place_of(tmp_path)
    assert (told.cell, told.line) == (2, 2)
    assert at(text, inside) == DRAW
    assert (inside.path, inside.cell) == ("a.ipynb", None)


def test_a_place_over_lines_goes_over_those_of_the_file(tmp_path: Path) -> None:
    text = notebook(["import numpy as np\n", "y = np.random.rand(\n", "    3,\n", ")"], indent=1)
    (tmp_path / "a.ipynb").write_text(text, encoding="utf-8")
    _, inside = place_of(tmp_path)
    lines = text.split("\n")
    assert lines[inside.line - 1][inside.column - 1 :].startswith("np.random.rand(")
    assert inside.end_line == inside.line + 2
    assert inside.end_column is not None
    assert lines[inside.end_line - 1][: inside.end_column - 1].endswith('")')


def test_paths_have_what_reports_put_before_them(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(notebook(CODE), encoding="utf-8")
    assert place_of(tmp_path, "packages/train/")[1].path == "packages/train/a.ipynb"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"cells": [', '{"cells": [{"cell_type": "code", "source": ["import os\\n", "z = 1\\n"]}], "cells": ['),
        ('{"cells": [', '{"worksheets": [{"cells": [{"cell_type": "code", "input": "z"}]}], "cells": ['),
        ('"nbformat": 4', '"worksheets": [{"cells": [{"input": "z"}, {"input": "z"}, {"input": "z"}]}], "nbformat": 4'),
        ('"cell_type": "code"', '"cell_type": "code", "input": "z"'),
        (f'{DRAW}\\n"]', f'{DRAW}\\n"], "input": ["z\\n", "z", "z"]'),
        ('"cell_type": "code"', '"cell_type": "code", "source": ["z"]'),
    ],
    ids=["cells twice", "sheets first", "sheets last", "input first", "input last", "source twice"],
)
def test_the_cells_are_those_that_are_read(tmp_path: Path, before: str, after: str) -> None:
    text = notebook(CODE).replace(before, after, 1)
    assert after in text
    (tmp_path / "a.ipynb").write_text(text, encoding="utf-8")
    told, inside = place_of(tmp_path)
    assert (told.cell, told.line) == (2, 2)
    assert at(text, inside) == DRAW


@pytest.mark.parametrize(
    "later", [None, "", "{", "[]", notebook([])], ids=["gone", "empty", "torn", "other", "cleared"]
)
def test_what_the_file_no_longer_holds_has_no_place(tmp_path: Path, later: str | None) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(notebook(CODE), encoding="utf-8")
    report = scan(tmp_path)
    path.unlink()
    if later is not None:
        path.write_text(later, encoding="utf-8")
    assert file_places(report, tmp_path) == {}


def test_files_that_are_no_notebooks_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"import numpy as np\nprint({DRAW})\n", encoding="utf-8")
    report = scan(tmp_path)
    assert report.findings
    assert file_places(report, tmp_path / "nowhere") == {}
