"""What a notebook's `%run` becomes."""

from __future__ import annotations

import pytest

from auditor.static.text.runmagic import as_import


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%run prepare.py", "from .prepare import *"),
        ("%run ./lib/prepare", "from .lib.prepare import *"),
        ("  %run -i '../prepare.py'  # names", "  from ..prepare import *"),
        ("%run 01-prepare.ipynb", "from ._01_prepare_ipynb import *"),
        ("%run train.py --seed 3", "pass"),
        ("%run /home/me/prepare.py", "pass"),
        ("%run 01-prepare.py", "pass"),
        ("%run class.py", "pass"),
        ("%run $script", "pass"),
        ("%run .", "pass"),
        ("%run ", "pass"),
    ],
)
def test_run_becomes_an_import_where_it_names_a_file_alone(line: str, expected: str) -> None:
    assert as_import(line) == expected
