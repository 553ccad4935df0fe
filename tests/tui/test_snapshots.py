"""The screens as text, compared with kept files.

`REWRITE_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py` writes them anew; look at the difference before committing it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.tui.app import AuditApp
from auditor.tui.signs import ASCII, UNICODE

SNAPSHOTS = Path(__file__).parent / "snapshots"
CASES = [
    ("findings", (80, 24), ["1"], False),
    ("findings", (120, 40), ["1"], False),
    ("findings", (160, 48), ["1"], False),
    ("findings", (40, 12), ["1"], False),
    ("findings", (80, 24), ["1"], True),
    ("divergence", (80, 24), ["2"], False),
    ("divergence", (160, 48), ["2"], False),
    ("divergence", (40, 12), ["2"], False),
    ("divergence", (80, 24), ["2"], True),
    ("cost", (80, 24), ["3"], False),
    ("runs", (80, 24), ["4", "space"], False),
    ("help", (80, 24), ["1", "question_mark"], False),
    ("palette", (80, 24), ["1", "colon"], False),
]


def name_of(case: tuple[str, tuple[int, int], list[str], bool]) -> str:
    screen, (width, height), _, ascii_only = case
    return f"{screen}-{width}x{height}{'-ascii' if ascii_only else ''}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
async def test_screen_is_as_kept(
    case: tuple[str, tuple[int, int], list[str], bool],
    make_app: Any,
    settle: Any,
    screen_text: Callable[[AuditApp], str],
    shared_project: Any,
    overhead: Any,
) -> None:
    _, size, keys, ascii_only = case
    app = make_app(shared_project.report(), signs=ASCII if ascii_only else UNICODE)
    app.session.costed = app.session.scanned.__class__(tool="repro-audit 0.1.0", project="p", overhead=overhead)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        shown = screen_text(app)
    kept = SNAPSHOTS / f"{name_of(case)}.txt"
    if os.environ.get("REWRITE_SNAPSHOTS"):
        kept.write_text(shown, encoding="utf-8")
    assert shown == kept.read_text(encoding="utf-8")


def test_no_kept_screen_is_left_over() -> None:
    assert {path.stem for path in SNAPSHOTS.glob("*.txt")} == {name_of(case) for case in CASES}
